"""A text in pieces, joined when somebody asks, so that the work stays linear in what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Text:
    """A text that grows by `append` and `extend`. `None` until a piece came: an empty piece is text,
    no piece is not."""

    __slots__ = ("_joined", "_pieces", "append", "extend")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._joined = 0  # how many of them are long ones already
        self.append: Callable[[str], None] = self._pieces.append
        self.extend: Callable[[Iterable[str]], None] = self._pieces.extend

    def settle(self) -> None:
        """Join what came since the last time: a piece costs ten times what it has letters."""
        if len(self._pieces) > self._joined + 1:
            self._pieces[self._joined :] = ["".join(self._pieces[self._joined :])]
        self._joined = len(self._pieces)

    def value(self) -> str | None:
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
            self._joined = 1
        return self._pieces[0] if self._pieces else None

    def __str__(self) -> str:
        return self.value() or ""

    def __bool__(self) -> bool:
        return bool(self._pieces)
