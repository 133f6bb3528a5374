"""What the demo looks like. In a pipe it is the same text, without colours and without what moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ._output import tamed

INDENT = 2
WIDTH = 96
OVERHANG = 8
"""Columns kept free for the rest of a word that comes in more than one piece."""

WORDS = re.compile(r"\n|[^\S\n]*\S+|[^\S\n]+")


class Screen:
    """Draws the parts of the demo one below the other."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._console.width = min(self._console.width, WIDTH)

    def heading(self, title: str, code: str = "") -> None:
        """A part begins; `code` is the line a program would have there."""
        self._console.print()
        self._console.print(Rule(Text(f"{title} ", "bold cyan"), align="left", style="cyan"))
        if code:
            self._indented(Text(code, "dim"))

    def prompt(self, text: str) -> None:
        """What is asked."""
        self._console.print()
        self._indented(Text(f"> {text}", "bold"))

    @contextmanager
    def answer(self) -> Iterator[Callable[[str], None]]:
        """Takes the pieces of an answer as they come."""
        paragraph = Paragraph(self._console)
        try:
            yield paragraph.write
        finally:
            paragraph.end_line()

    def remark(self, *facts: str | None) -> None:
        """Facts about the answer above, in one line; `None` is left out."""
        self._indented(Text(" · ".join(tamed(fact) for fact in facts if fact), "green"))

    def table(self, rows: Mapping[str, str]) -> None:
        """Names, and what is to be said of each."""
        table = Table.grid(padding=(0, 3))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows.items():
            table.add_row(Text(name), Text(tamed(value)))
        self._indented(table)

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[], None]]:
        """A bar that goes on by one at each call; on a terminal only."""
        columns = (TextColumn(" "), BarColumn(50), MofNCompleteColumn(), TimeElapsedColumn())
        is_shown = self._console.is_terminal
        if is_shown:
            self._console.print()
        with Progress(*columns, console=self._console, disable=not is_shown) as progress:
            task = progress.add_task("", total=total)
            yield lambda: progress.advance(task)
        self._console.print()

    def _indented(self, what: RenderableType) -> None:
        self._console.print(Padding(what, (0, 0, 0, INDENT), expand=False))


class Paragraph:
    """Indented text that breaks between words, printed piece by piece; a piece may be part of a word."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._column = 0

    def write(self, piece: str) -> None:
        """Print a piece."""
        for word in WORDS.findall(tamed(piece).expandtabs(4)):
            is_too_long = self._column + len(word) > self._console.width - OVERHANG
            if word == "\n" or (word[0].isspace() and is_too_long):
                self.end_line()
            if word != "\n":
                shown = word if self._column else " " * INDENT + word.lstrip()
                self._console.print(Text(shown), end="", soft_wrap=True)
                self._column += len(shown)

    def end_line(self) -> None:
        """Go on at the start of the next line."""
        self._console.print()
        self._column = 0
