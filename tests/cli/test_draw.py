"""What goes to a terminal, and how it is laid out."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest

from chatsdk.cli._draw import Screen
from chatsdk.cli._output import Output


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), "a]52;c;b\tc\n"), (io.StringIO(), "a\x1b]52;c;b\a\tc\n")])
def test_a_terminal_gets_no_control_characters_and_a_pipe_gets_all(stream: io.StringIO, shown: str) -> None:
    output = Output(stream)
    output.write("a\x1b]52;c;b\a\tc")
    output.end_line()
    output.end_line()
    assert stream.getvalue() == shown


TEXT = "one two three four five six seven\neight nine ten"


@pytest.mark.parametrize("pieces", [[TEXT], TEXT], ids=["whole", "by letter"])
def test_an_answer_is_indented_and_breaks_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pieces: Iterable[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    with Screen().answer() as write:
        for piece in pieces:
            write(piece)
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(line.strip() for line in lines) == TEXT.replace("\n", " ")
    assert "  eight nine ten" in lines
    assert all(line.startswith("  ") and line[2] != " " and len(line) <= 24 for line in lines)
