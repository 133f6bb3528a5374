"""What it costs to start, in fresh interpreters: a bare `import`, and the way from there to a first answer.

The clock runs from the start of the process to the byte it writes when it is done, so tearing down is not
counted. The median time of an interpreter that only writes that byte is taken off. Byte code is compiled
before the first sample.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec

from benchmarks.measure import PEER_EVERY, Result, say
from benchmarks.processes import ROOT, environment
from benchmarks.rows import FLOOR, ROWS
from benchmarks.works import WORKS

TITLES = {"import": "import, in a fresh interpreter", "answer": "from there to the first answer"}

_DONE = "import sys; sys.stdout.write(chr(0)); sys.stdout.flush()"
_IMPORTS = {
    FLOOR: "import aiohttp, msgspec",
    **{name: f"import {name}" for name in ("chatsdk", "openai", "litellm")},
}
_CALL = next(work for work in WORKS if work.name == "call-1")


def bare_import(clients: Sequence[str], rounds: int) -> list[Result]:
    """The wall time of the import alone."""
    commands = {name: ["-c", f"{statement}; {_DONE}"] for name, statement in _IMPORTS.items()}
    return _measure("import", commands, clients, rounds, expected="")


def first_answer(port: int, clients: Sequence[str], rounds: int) -> list[Result]:
    """The wall time of import, opening the client and one call."""
    base_url = f"http://127.0.0.1:{port}{_CALL.path}"
    commands = {row.name: ["-m", "benchmarks.first_answer", row.name, base_url] for row in ROWS if row.kind == "call"}
    return _measure("answer", commands, clients, rounds, expected=_CALL.expected)


def _measure(
    work: str, commands: dict[str, list[str]], clients: Sequence[str], rounds: int, *, expected: str
) -> list[Result]:
    chosen = {name: args for name, args in commands.items() if name == FLOOR or name.startswith(tuple(clients))}
    results = {name: _checked(work, name, args, expected) for name, args in chosen.items()}
    bare = statistics.median(_seconds(["-c", _DONE], "") for _ in range(rounds + 2))
    for number in range(rounds):
        for name, result in results.items():
            light = name == FLOOR or name == "chatsdk"
            if result.status == "ok" and (light or number % PEER_EVERY == 0):
                say(f"{work}: {name}")
                result.wall.append((_seconds(chosen[name], expected) - bare) * 1e6)
    floor = results[FLOOR]
    for result in results.values():
        if result.wall and result is not floor and floor.wall:
            result.ratios = [sample / floor.cost for sample in result.wall]
    return list(results.values())


def _checked(work: str, name: str, args: list[str], expected: str) -> Result:
    """An empty result, after a run that compiled the byte code and showed that the thing works."""
    say(f"{work}: checking {name}")
    package = name.split()[0]
    if name != FLOOR and find_spec(package) is None:
        return Result(work, name, "import", "not installed", f"No module named '{package}'")
    try:
        _seconds(args, expected)
    except AssertionError as error:
        return Result(work, name, "import", "failed", str(error))
    return Result(work, name, "import")


def _seconds(args: list[str], expected: str) -> float:
    """From the start of the process to the NUL after the expected text."""
    command = [sys.executable, *args]
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, cwd=ROOT, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        written = b""
        while not written.endswith(b"\0") and (data := process.stdout.read(65536)):
            written += data
        seconds = time.perf_counter() - start
        complaint = process.stderr.read().decode(errors="replace").strip()
    if written.decode() != expected + "\0":
        raise AssertionError(complaint.splitlines()[-1] if complaint else "not the text the server sent")
    return seconds
