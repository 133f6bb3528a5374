"""What a process has of the things that leak, and how the programs beside this file are run and asked.

A program is a module whose `main(base_url, ...)` gives numbers; it runs in a process of its own, so that all that is
counted is its own, and with all warnings as errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import inspect
import json
import os
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

Numbers = dict[str, Any]


def resident() -> int:
    """Bytes of memory that the process has, after a collection."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """The most that it ever had."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def raise_descriptor_limit() -> int:
    """To all that the system allows; how many that is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard


def descriptors() -> int:
    """How many files and sockets are open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path for each of 10,000 is memory that is measured


def objects() -> dict[str, int]:
    """How many there are of each class of this package's and of aiohttp's, and how many of all."""
    gc.collect()
    found = gc.get_objects()
    ours = Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in map(type, found) if is_watched(kind.__module__))
    return {**ours, "all": len(found)}


def is_watched(module: object) -> bool:
    return str(module).partition(".")[0] in ("chatsdk", "aiohttp")


def tasks() -> int:
    """How many tasks there are beside the one that asks."""
    return len(asyncio.all_tasks()) - 1


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The base URL of a running server; the kind of answer goes between it and `/v1`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.load.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def measured(program: str, *arguments: str | int, timeout: float, **environment: str) -> Numbers:
    """What the program says. Fails where it complains of anything."""
    command = [sys.executable, "-W", "error", "-m", "tests.load.process", program, *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    run = subprocess.run(
        command, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    numbers: Numbers = json.loads(run.stdout)
    return numbers


def main(program: str, *arguments: str) -> None:
    raise_descriptor_limit()
    run = importlib.import_module(f"tests.load.{program}").main
    assert inspect.iscoroutinefunction(run)
    print(json.dumps(asyncio.run(run(*arguments))))


if __name__ == "__main__":
    main(*sys.argv[1:])
