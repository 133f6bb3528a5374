"""A server's words on their way out, each flushed as it comes.

A pipe gets them as they are. A terminal gets no control characters but tab and newline: what a server sends must
not move the cursor, rename the window or reach the clipboard.
"""

from __future__ import annotations

from typing import TextIO

CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")})


def tamed(text: str) -> str:
    """The text without control characters."""
    return text.translate(CONTROLS)


def one_line(text: str) -> str:
    """The text as a line of a message."""
    return " ".join(tamed(text).split())


class Output:
    """Pieces of text that make up lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._is_within_line = False

    def write(self, text: str) -> None:
        """Print a piece. A character that the stream's encoding lacks was made a `?` by then."""
        shown = tamed(text) if self._is_terminal else text
        if shown:
            self._stream.write(shown)
            self._stream.flush()
            self._is_within_line = not shown.endswith("\n")

    def end_line(self) -> None:
        """A newline, unless the last piece had one or there was none."""
        if self._is_within_line:
            self.write("\n")
