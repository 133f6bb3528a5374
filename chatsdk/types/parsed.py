"""An answer that was asked for as a type, and read as it."""

from __future__ import annotations

from typing import Generic, TypeVar

from ._output_mode import OutputMode
from .response import ChatCompletion

T = TypeVar("T")


class ParsedCompletion(ChatCompletion, Generic[T], frozen=True):
    """A completion with a value in it: `parsed` is that of choice 0, `choices[i].message.parsed` that of each.

    If it had to be asked for more than once, `usage` is the sum, and everything else is of the last answer.
    """

    @property
    def parsed(self) -> T:
        """The value. `None` where the model calls tools of the caller's instead: see `tool_calls`."""
        value: T = self.message.parsed
        return value

    @property
    def output_mode(self) -> OutputMode:
        """How the model was told of the type."""
        mode: OutputMode = self.__dict__["output_mode"]
        return mode

    @property
    def reasks(self) -> int:
        """How many answers before this one did not fit the type."""
        count: int = self.__dict__["reasks"]
        return count
