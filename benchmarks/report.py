"""What a run says: the table for people, the whole of it for programs."""

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import msgspec

from benchmarks.goals import over_floor, verdict
from benchmarks.measure import Result, quartiles
from benchmarks.probe import Ceiling

_PACKAGES = ("aiohttp", "msgspec", "openai", "httpx", "httpx-aiohttp", "litellm", "uvloop")
_TITLES = ("work", "client", "CPU/unit", "wall/unit", "x F", "middle half", "reads/packet", "goal", "reached")

_EXTRAS = {
    "memory": "memory each",
    "open": "open at once",
    "lag": "loop lag, p99",
    "first token": "time to first token",
}


class Run(msgspec.Struct):
    """Everything a run found out, the samples included."""

    environment: dict[str, str]
    rounds: int
    quick: bool
    server: list[Ceiling]
    results: list[Result]


def environment(loop: str) -> dict[str, str]:
    """What the numbers depend on, and nothing that tells whose machine it was."""
    found = {
        "python": platform.python_version(),
        "cpus": str(os.cpu_count()),
        "system": platform.system(),
        "loop": loop,
    }
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def table(results: Sequence[Result]) -> str:
    """One line per row, times and ratios as medians; a row that could not run says so in their place."""
    return _aligned([_TITLES, *(_cells(result, results) for result in results)])


def extras(results: Sequence[Result]) -> str:
    """What is told of some works only: memory per held stream or line, lag of the loop, time to the first token."""
    lines = [
        (each.work, each.client, title, _told(name, each.extra(name)), _over(name, over_floor(each, results, name)))
        for each in results
        for name, title in _EXTRAS.items()
        if name in each.extras
    ]
    return _aligned([("work", "client", "", "measured", "over F"), *lines]) if lines else ""


def _told(name: str, value: float) -> str:
    match name:
        case "memory":
            return f"{value:.1f} KiB"
        case "open":
            return f"{value:,.0f}"
        case _:
            return _time(value)


def _over(name: str, value: float | None) -> str:
    return "" if value is None or name == "open" else _told(name, value)


def _aligned(lines: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = []
    for number, line in enumerate(lines):
        if number and line[0] != lines[number - 1][0]:
            text.append("")
        text.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return "\n".join(text)


def server_lines(run: Run) -> list[str]:
    """The server alone, beside what F took in this run."""
    floors = {result.work: result for result in run.results if result.client == "F" and result.status == "ok"}
    lines = []
    for each in run.server:
        line = f"{each.work:<14}  {_time(each.wall)} of wall per {each.unit}, {_time(each.cpu)} of CPU"
        if not each.waits and each.work in floors:
            line += f"; F's CPU is {floors[each.work].cost / each.wall:.1f} x that wall time"
        lines.append(line)
    return lines


def troubles(results: Sequence[Result]) -> list[str]:
    """Every row that has no numbers, and why."""
    return [f"{each.work} / {each.client}: {each.status}: {each.detail}" for each in results if each.status != "ok"]


def _cells(result: Result, results: Sequence[Result]) -> tuple[str, ...]:
    goal, reached = verdict(result, results)
    if result.status != "ok":
        return (result.work, result.client, result.status.upper(), "", "", "", "", goal, reached)
    low, high = quartiles(result.ratios or [1.0])
    reads = result.reads_per_packet
    return (
        result.work,
        result.client,
        _time(result.cost) if result.cpu else "",
        _time(statistics.median(result.wall)),
        f"{result.ratio:.2f}",
        f"{low:.2f}-{high:.2f}" if result.ratios else "",
        "" if reads is None else f"{reads:.2g}",
        goal,
        reached,
    )


def _time(microseconds: float) -> str:
    if abs(microseconds) >= 10_000:
        return f"{microseconds / 1e3:,.0f} ms"
    return f"{microseconds:,.0f} us" if abs(microseconds) >= 100 else f"{microseconds:.3g} us"
