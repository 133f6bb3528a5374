"""What a row of the table of parameters is, and the cases that rows make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MODEL = "gpt-5.4-mini"
HELLO = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True)
class Same:
    """A value and the JSON it is written as."""

    value: Any
    json: Any


@dataclass(frozen=True)
class Row:
    """The values a parameter takes and those it refuses; a plain value is its own JSON, a `Same` counts as both."""

    takes: Sequence[Any]
    refuses: Sequence[Any]
    null: bool = True

    def values(self) -> list[Same]:
        return [Same(None, None)] * self.null + list(both(self.takes))

    def wrong_values(self) -> list[Same]:
        return [Same(None, None)] * (not self.null) + list(both(self.refuses))


def both(values: Iterable[Any]) -> Iterator[Same]:
    """Each Struct and the plain JSON of the same shape."""
    for value in values:
        if isinstance(value, Same):
            yield value
        plain = value.json if isinstance(value, Same) else value
        yield Same(plain, plain)


def each_and_all(items: Sequence[Same]) -> list[Same]:
    """Lists of one item each, and the tuple of all."""
    whole = Same(tuple(item.value for item in items), [item.json for item in items])
    return [*(Same([item.value], [item.json]) for item in items), whole]


def with_(name: str, value: Any) -> dict[str, Any]:
    """The parameters or the body of a small request that has this one too."""
    return {"model": MODEL, "messages": HELLO, name: value}
