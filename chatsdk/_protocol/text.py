"""A text in pieces, joined when somebody asks, so that the work stays linear in what came."""

from __future__ import annotations


class Text(list[str]):
    """A text that grows by `append` and `extend`. Its value is `None` until a piece came: an empty piece is text,
    no piece is not."""

    __slots__ = ("_joined",)

    def __init__(self) -> None:
        self._joined = 0  # how many of its pieces are long ones already

    def settle(self) -> None:
        """Join what came since the last time: a piece costs ten times what it has letters."""
        if len(self) > self._joined + 1:
            self[self._joined :] = ["".join(self[self._joined :])]
        self._joined = len(self)

    def value(self) -> str | None:
        """The text so far."""
        if len(self) > 1:
            self[:] = ["".join(self)]
            self._joined = 1
        return self[0] if self else None

    def __str__(self) -> str:
        return self.value() or ""
