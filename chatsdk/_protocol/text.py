"""A text in pieces, joined when somebody asks, so that the work stays linear in what came."""

from __future__ import annotations


class Text:
    """A text that grows. `None` until a piece came: an empty piece is text, no piece is not."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str | None) -> None:
        if piece is not None:
            self._pieces.append(piece)

    def value(self) -> str | None:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else None

    def __str__(self) -> str:
        return self.value() or ""

    def __bool__(self) -> bool:
        return bool(self._pieces)
