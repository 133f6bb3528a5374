"""Values that differ from right ones at one place, and so find what the table's own wrong values leave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from .table import Row

STRAYS = (None, True, -1, 7.5, "stray", [], ["stray"], {}, {"stray": 0})
"""Values of every JSON type, wrong at most places."""

ITEMS = 2
"""Only so many items of a list are changed: rows hold lists of each item alone."""


def row_mutants(row: Row) -> list[Any]:
    """Each value of the row with each of its places, one at a time, missing or holding something else."""
    found = {msgspec.json.encode(mutant): mutant for case in row.values() for mutant in mutants(case.json)}
    return list(found.values())


def mutants(value: Any) -> Iterator[Any]:
    """Every mutant of one JSON value."""
    yield from STRAYS
    if isinstance(value, dict):
        for name, member in value.items():
            yield {other: value[other] for other in value if other != name}
            yield from (value | {name: mutant} for mutant in mutants(member))
    elif isinstance(value, list):
        for at, item in enumerate(value[:ITEMS]):
            yield from ([*value[:at], mutant, *value[at + 1 :]] for mutant in mutants(item))
