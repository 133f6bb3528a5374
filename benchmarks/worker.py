"""A client process: does what its stdin tells it, one JSON line at a time, and answers what it cost.

    python -m benchmarks.worker [uvloop]

Clients and their connections live as long as the process. Only `asks` stand between the two readings of the
clocks; the garbage collector runs as it likes inside, and has cleared up before. Every answer is compared
with the expected text, once the clocks have stopped. CPU time is the whole process's, threads and system
calls included.
"""

import asyncio
import gc
import os
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, cast
from unittest.mock import patch

import msgspec

from benchmarks.processes import Command, Reply
from benchmarks.rows import Ask, AskAll, Row, Stamped, find
from benchmarks.watch import raise_descriptor_limit, watched
from benchmarks.works import Work

# A client that hangs is a failed row, not a hung benchmark; the slowest peer's longest work takes about 15 s.
_TOO_LONG = 120.0


class Clients:
    """The clients opened so far, by row and base URL."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._asks: dict[tuple[Row, str], Ask] = {}

    async def get(self, row: Row, base_url: str) -> Ask:
        if (row, base_url) not in self._asks:
            self._asks[row, base_url] = await self._stack.enter_async_context(row.opener()(base_url))
        return self._asks[row, base_url]

    async def aclose(self) -> None:
        await self._stack.aclose()


@contextmanager
def _counted_reads() -> Iterator[list[int]]:
    """The sizes of all reads from the network, whoever makes them: asyncio reads by these two alone."""
    sizes: list[int] = []
    recv, recv_into = socket.socket.recv, socket.socket.recv_into

    def count(read_from: socket.socket, size: int) -> None:
        if size and read_from.family == socket.AF_INET:  # not the pipe that wakes the loop for another thread
            sizes.append(size)

    def counted_recv(self: socket.socket, *args: Any) -> bytes:
        data = recv(self, *args)
        count(self, len(data))
        return data

    def counted_recv_into(self: socket.socket, *args: Any) -> int:
        size = recv_into(self, *args)
        count(self, size)
        return size

    with (
        patch.object(socket.socket, "recv", counted_recv),
        patch.object(socket.socket, "recv_into", counted_recv_into),
    ):
        yield sizes


async def _asked(ask: Ask, work: Work, asks: int, waits: list[float]) -> list[str]:
    """The answers to `asks` questions, as many at a time as the work says; `waits` gets the seconds to first texts."""
    answers: list[str] = []
    messages, in_flight = work.messages, work.in_flight
    left = asks

    async def run() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            start = time.perf_counter()
            answers.append(answer := await ask(messages))
            if isinstance(answer, Stamped):
                waits.append(answer.at - start)

    if in_flight == 1:
        await run()
    else:
        await asyncio.gather(*(run() for _ in range(in_flight)))
    return answers


async def _answers(ask: Ask, work: Work, asks: int, waits: list[float]) -> list[str] | Counter[str]:
    if work.kind == "batch":
        return await cast(AskAll, ask)(work.messages for _ in range(asks))
    return await _asked(ask, work, asks, waits)


async def _timed(ask: Ask, command: Command) -> Reply:
    work = command.work
    if work.in_flight > 1 and work.unit == "call":
        await _answers(ask, work, work.in_flight, [])  # fills the pool again, whatever it lost since the last round
    waits: list[float] = []
    gc.collect()
    async with watched(work.units(command.asks) if work.is_watched else 0) as extras:
        wall, cpu = time.perf_counter(), time.process_time()
        answers = await _answers(ask, work, command.asks, waits)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    check(Counter(answers), command)
    if waits:
        extras["first token"] = statistics.median(waits) * 1e6
    return Reply(cpu=cpu, wall=wall, extras=extras)


def check(answers: Counter[str], command: Command) -> None:
    count = answers.total()
    if count != command.asks:
        raise AssertionError(f"{count} answers to {command.asks} asks")
    if wrong := count - answers[command.work.expected]:
        raise AssertionError(f"{wrong} of {count} answers are not what the server sent")


async def _run(command: Command, clients: Clients) -> Reply:
    ask = await clients.get(find(command.work.kind, command.row), command.base_url)
    if not command.count_reads:
        return await _timed(ask, command)
    with _counted_reads() as sizes:
        reply = await _timed(ask, command)
    reply.reads = len(sizes)
    return reply


async def _reply(command: Command, clients: Clients) -> Reply:
    package = find(command.work.kind, command.row).package
    try:
        async with asyncio.timeout(_TOO_LONG):
            return await _run(command, clients)
    except ModuleNotFoundError as error:
        missing = error.name == package
        return Reply(status="not installed" if missing else "failed", detail=str(error))
    except Exception as error:
        return Reply(status="failed", detail=f"{type(error).__name__}: {error}"[:500])


def _loop_factory(arguments: list[str]) -> Callable[[], asyncio.AbstractEventLoop] | None:
    if arguments != ["uvloop"]:
        return None
    import uvloop

    return uvloop.new_event_loop


def main() -> None:
    with os.fdopen(os.dup(1), "wb", buffering=0) as out:
        os.dup2(2, 1)  # a client that prints must not be taken for a reply
        raise_descriptor_limit()
        with asyncio.Runner(loop_factory=_loop_factory(sys.argv[1:])) as runner:
            clients = Clients()
            for line in sys.stdin.buffer:
                reply = runner.run(_reply(msgspec.json.decode(line, type=Command), clients))
                out.write(msgspec.json.encode(reply) + b"\n")
            runner.run(clients.aclose())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
