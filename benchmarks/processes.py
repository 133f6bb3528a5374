"""The other processes, the server and one worker per group of clients: starts, asks and ends them.

Each child ends when its stdin closes, so nothing outlives the benchmark, however that ends.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Self

import msgspec

from benchmarks.works import Work

ROOT = Path(__file__).parent.parent


class Command(msgspec.Struct):
    """Ask `asks` times for `work` at `base_url` with the named row."""

    row: str
    work: Work
    base_url: str
    asks: int
    count_reads: bool = False


class Reply(msgspec.Struct):
    """What that cost the client process. Unless `ok` the numbers mean nothing and `detail` says why."""

    status: Literal["ok", "not installed", "failed"] = "ok"
    detail: str = ""
    cpu: float = 0.0
    wall: float = 0.0
    reads: int = 0
    extras: dict[str, float] = {}


def environment() -> dict[str, str]:
    """Ours, without what would send a client off loopback or change its settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("OPENAI_", "LITELLM_", "CHATSDK_"))
    }
    # litellm fetches its price table from the web on import unless told not to.
    return kept | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}


@contextlib.contextmanager
def _child(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment()
    ) as process:
        assert process.stdin is not None
        try:
            yield process
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def server() -> Iterator[int]:
    """A running server's port."""
    with _child("benchmarks.server") as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


class Worker:
    """One client process, asked one thing at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    @contextlib.contextmanager
    def started(cls, loop: str = "asyncio") -> Iterator[Self]:
        with _child("benchmarks.worker", *([loop] if loop != "asyncio" else [])) as process:
            yield cls(process)

    def ask(self, command: Command) -> Reply:
        return ask_together([self], command)

    def send(self, command: Command) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")
            self._process.stdin.flush()

    def receive(self) -> Reply:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            return Reply(status="failed", detail="the client process died")
        return msgspec.json.decode(line, type=Reply)


def ask_together(workers: Sequence[Worker], command: Command) -> Reply:
    """What it cost all of them, each doing the whole command: CPU and reads in sum, the wall time of the slowest.

    The first reply that is not `ok`, if there is one. Extras are those of the first process.
    """
    for worker in workers:
        worker.send(command)
    replies = [worker.receive() for worker in workers]
    cpu, reads = sum(reply.cpu for reply in replies), sum(reply.reads for reply in replies)
    first = next((reply for reply in replies if reply.status != "ok"), replies[0])
    return msgspec.structs.replace(first, cpu=cpu, wall=max(reply.wall for reply in replies), reads=reads)
