"""Rounds, ratios, spreads: who is asked when, and what the numbers say.

A row is never compared with an F of another minute. Each of its samples is taken beside one of F, in turns
before it and after it, and its ratio is the median of these pairs' ratios. So a neighbour on the machine who
comes and goes hits both. Before any of that, every row warms up and does the work once to have its answer
checked and its reads counted.
"""

import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import msgspec

from benchmarks import works
from benchmarks.processes import Command, Reply, Worker, ask_together
from benchmarks.rows import FLOOR, ROWS, Row
from benchmarks.works import Work

# The peers' ratios are in the tens: a third of the rounds tells them well enough, and they take most time.
PEER_EVERY = 3


class Result(msgspec.Struct):
    """One line of the report: a row on a work. Times in microseconds per unit, samples in the order taken."""

    work: str
    client: str
    unit: str
    status: str = "ok"
    detail: str = ""
    cpu: list[float] = []
    wall: list[float] = []
    ratios: list[float] = []
    wall_ratios: list[float] = []
    reads_per_packet: float | None = None
    extras: dict[str, list[float]] = {}

    @property
    def cost(self) -> float:
        """The median CPU time, or wall time where that is what is asked for (imports)."""
        return statistics.median(self.cpu or self.wall)

    def extra(self, name: str) -> float:
        return statistics.median(self.extras[name])

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios) if self.ratios else 1.0


def quartiles(samples: Sequence[float]) -> tuple[float, float]:
    """The span of the middle half."""
    if len(samples) < 2:
        return samples[0], samples[0]
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, high


class Bench:
    """A running server's port and the client processes, started when first asked.

    Streams that are held open and batches get a process for each run: memory freed before hides what they take.
    """

    def __init__(self, port: int, stack: ExitStack, loop: str = "asyncio") -> None:
        self.port = port
        self._base = f"http://127.0.0.1:{port}"
        self._stack = stack
        self._loop = loop
        self._workers: defaultdict[str, list[Worker]] = defaultdict(list)

    def run(self, row: Row, work: Work, *, count_reads: bool = False) -> Reply:
        if work.is_watched:
            with Worker.started(self._loop) as worker:
                worker.ask(self._command(row, works.tiny(work), count_reads=False))
                return worker.ask(self._command(row, work, count_reads=False))
        workers = self._workers[row.process]
        while len(workers) < work.processes:
            workers.append(self._stack.enter_context(Worker.started(self._loop)))
        return ask_together(workers[: work.processes], self._command(row, work, count_reads=count_reads))

    def _command(self, row: Row, work: Work, *, count_reads: bool) -> Command:
        return Command(row.name, work, self._base + work.path, work.asks_of(row), count_reads)

    def measure(self, work: Work, clients: Sequence[str], rounds: int) -> list[Result]:
        """A result for F and for each row of the work whose name starts with one of `clients`."""
        rows = [row for row in ROWS if work.is_done_by(row)]
        floor, *others = (row for row in rows if row.name == FLOOR or row.name.startswith(tuple(clients)))
        # The slowest first: httpx drops connections idle for 5 s, and is slow for a while after opening many.
        checked = {row: self._checked(row, work) for row in reversed((floor, *others))}
        results = {row: checked[row] for row in (floor, *others)}
        able = [row for row in others if results[row].status == "ok"]
        for pair in _turns(floor, able, rounds):
            say(f"{work.name}: {' and '.join(row.name for row in pair)}")
            sampled = [self._sample(row, work, results[row]) for row in pair]
            if all(sampled):
                for row in set(pair) - {floor}:
                    results[row].ratios.append(results[row].cpu[-1] / results[floor].cpu[-1])
                    results[row].wall_ratios.append(results[row].wall[-1] / results[floor].wall[-1])
        return list(results.values())

    def _checked(self, row: Row, work: Work) -> Result:
        say(f"{work.name}: checking {row.name}")
        self.run(row, works.tiny(work))
        reply = self.run(row, work, count_reads=True)
        result = Result(work.name, row.name, work.unit, reply.status, reply.detail)
        if work.packets and reply.reads and reply.status == "ok":
            asks = work.asks_of(row)
            reads = reply.reads - asks  # a stream's head is a read of its own
            result.reads_per_packet = reads / (work.packets * asks)
        return result

    def _sample(self, row: Row, work: Work, result: Result) -> bool:
        """Adds what one run cost to `result`, or why it could not be told."""
        reply = self.run(row, work)
        if reply.status != "ok":
            result.status, result.detail = reply.status, reply.detail
            return False
        units = work.units(work.asks_of(row)) * work.processes
        result.cpu.append(reply.cpu / units * 1e6)
        result.wall.append(reply.wall / units * 1e6)
        for name, value in reply.extras.items():
            result.extras.setdefault(name, []).append(value)
        return True


def _turns(floor: Row, others: Sequence[Row], rounds: int) -> Iterator[tuple[Row, ...]]:
    """The pairs in the order they are run; F alone if there is nobody to run beside it."""
    for number in range(rounds):
        if not others:
            yield (floor,)
        for row in others:
            if not row.is_peer or number % PEER_EVERY == 0:
                yield (floor, row) if number % 2 == 0 else (row, floor)


def say(text: str) -> None:
    """What is going on, on one line of a terminal; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
