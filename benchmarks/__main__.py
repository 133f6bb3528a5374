"""`python -m benchmarks`: chatsdk beside a hand-written floor, openai and litellm, on loopback."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import msgspec

from benchmarks import chart, imports, processes, report
from benchmarks.measure import Bench, Result, say
from benchmarks.probe import ceiling
from benchmarks.rows import ROWS
from benchmarks.works import WORKS, shorter

_USUAL = (*(work.name for work in WORKS if not work.is_full), "import", "answer")
_NAMES = (*(work.name for work in WORKS), "import", "answer")
_ONLY_HELP = f"one or more of {', '.join(_NAMES)}"

# Ourselves and the quickest peer: the goals can be judged, and litellm alone would take most of the time.
_QUICK_ROWS = ("chatsdk", "openai aiohttp")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=_NAMES, metavar="WORK", help=_ONLY_HELP)
    parser.add_argument("--rows", nargs="+", metavar="CLIENT", help="beginnings of client names; F is always there")
    parser.add_argument("--rounds", type=int, help="pairs of samples per row (default 9; 3 with --quick)")
    parser.add_argument("--quick", action="store_true", help="a look, not a number: less work, fewer rounds and rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, samples included")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw a chart")
    parser.add_argument("--full", action="store_true", help="also what takes minutes: a million chunks, 10,000 streams")
    parser.add_argument("--uvloop", action="store_true", help="all clients on uvloop, F too (the server never)")
    options = parser.parse_args(argv)
    if options.uvloop and find_spec("uvloop") is None:
        parser.error("uvloop is not installed")
    options.only = options.only or (_NAMES if options.full else _USUAL)
    options.loop = "uvloop" if options.uvloop else "asyncio"
    for beginning in options.rows or ():
        if not any(row.name.startswith(beginning) for row in ROWS):
            parser.error(f"no client's name begins with {beginning!r}: {', '.join({row.name: 0 for row in ROWS})}")
    options.rounds = options.rounds or (3 if options.quick else 9)
    options.rows = options.rows or (_QUICK_ROWS if options.quick else [""])
    return options


def _run(options: argparse.Namespace) -> report.Run:
    rounds: int = options.rounds
    works = [shorter(work) if options.quick else work for work in WORKS if work.name in options.only]
    results: list[Result] = []
    with ExitStack() as stack:
        port = stack.enter_context(processes.server())
        bench = Bench(port, stack, options.loop)
        ceilings = [ceiling(port, work) for work in works]
        for work in works:
            results += bench.measure(work, options.rows, rounds)
        if "import" in options.only:
            results += imports.bare_import(options.rows, rounds)
        if "answer" in options.only:
            results += imports.first_answer(port, options.rows, rounds)
    return report.Run(report.environment(options.loop), rounds, options.quick, ceilings, results)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs, prints, and gives 1 if a row failed. A goal missed or a client not installed is no failure."""
    options = _arguments(argv)
    run = _run(options)
    say("")
    print(", ".join(f"{name} {value}" for name, value in run.environment.items()))
    print(f"{run.rounds} rounds; medians; x F is the median of ratios to an F run side by side\n")
    for work in WORKS:
        if work.name in options.only:
            print(f"  {work.name:<14}  {work.title}, per {work.unit}")
    print(f"\n{report.table(run.results)}")
    if more := report.extras(run.results):
        print(f"\n{more}")
    if run.server:
        print("\nthe server alone, drained by a bare socket:", *report.server_lines(run), sep="\n  ")
    troubles = report.troubles(run.results)
    if troubles:
        print("\nNOT MEASURED:", *troubles, sep="\n  ")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
    if options.svg:
        options.svg.write_text(chart.svg(run.results, {**{work.name: work.title for work in WORKS}, **imports.TITLES}))
    return int(any(result.status == "failed" for result in run.results))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
