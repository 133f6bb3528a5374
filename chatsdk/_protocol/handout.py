"""Chunks that have come and are handed out one by one, to whichever view asks, and added up as they are.

Of a run the accumulator is told when somebody looks, or when the run is over: one by one it would cost more than all
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from operator import length_hint
from typing import Any

from ..types.chunk import ChatCompletionChunk
from .accumulate import Accumulator
from .chunks import Part
from .repeats import Run

CHUNKS = "chunks"
"""The view whose items are the chunks themselves."""

NO_CHUNKS: Sequence[ChatCompletionChunk] = ()
NOTHING: Iterator[Any] = iter(())


class Handout:
    """`extend` it by what has come; while it `has_next`, take one chunk, or what a view makes of one.

    `run` is the part that is being handed out, if that is a run. `items` is what is left of what the view `view` has
    made of it: who is that view takes them from there.
    """

    __slots__ = ("_added", "_chunks", "_end", "_made", "_next", "_parts", "_whole", "extend", "items", "run", "view")

    def __init__(self, whole: Accumulator) -> None:
        self._whole = whole
        self._parts: list[Part] = []  # few: those of a read, or what came before the first token
        self.extend: Callable[[Iterable[Part]], None] = self._parts.extend
        self._chunks = NO_CHUNKS  # those of the part that is being handed out ...
        self.run: Run | None = None  # ... unless it is a run, whose chunks are made if they are wanted
        self._next = self._end = 0  # where in the part the next chunk stands if there is no view, and where it ends
        self._made: dict[Hashable, list[Any] | None] = {}  # what each view has made of the run
        self._added = 0  # how much of the run the accumulator has
        self.view: object = None
        self.items: Iterator[Any] = NOTHING

    def has_next(self) -> bool:
        """Whether there is a chunk to take."""
        if length_hint(self.items) if self.view is not None else self._next < self._end:
            return True
        if self.run is not None:
            if self._added < self._end:
                self._whole.add_run(self.run, self._added, self._end)
            self.run, self._made = None, {}
        self._chunks = NO_CHUNKS
        while self._parts:
            part = self._parts.pop(0)
            self.view = None
            self._next = self._added = 0
            if isinstance(part, Run):
                self.run, self._end = part, len(part.texts)
            else:
                self._chunks, self._end = part, len(part)
            if self._end:
                return True
        return False

    def take_chunk(self) -> ChatCompletionChunk:
        """The next chunk, which the accumulator has taken in. Raises `ResponseDecodeError` for one that cannot be."""
        if self.run is None:
            chunk = self._chunks[self._next]
            self._next += 1
        else:
            self.settle()
            self.show(CHUNKS, Run.chunks)
            chunk = next(self.items)
            self._added += 1
        self._whole.add(chunk)
        return chunk

    def show(self, view: Hashable, of_run: Callable[[Run], list[Any] | None]) -> bool:
        """Let `items` be what the view makes of what is left; false where it needs the chunks themselves."""
        if self.view is view:
            return True
        if self.run is None:
            return False
        if view not in self._made:
            self._made[view] = of_run(self.run)
        made = self._made[view]
        if made is None:
            return False
        position = self._position()
        self.items = iter(made[position:] if position else made)
        self.view = view
        return True

    def pass_over(self) -> None:
        """Take all that is left of the run."""
        self._next, self.view = self._end, None

    def settle(self) -> None:
        """Let the accumulator have what has been handed out."""
        if self.run is not None and self._added < (position := self._position()):
            self._whole.add_run(self.run, self._added, position)
            self._added = position

    def clear(self) -> None:
        """Forget what has not been handed out."""
        self.settle()
        self._parts.clear()
        self.run = self.view = None
        self._next = self._end = 0

    def _position(self) -> int:
        return self._next if self.view is None else self._end - length_hint(self.items)
