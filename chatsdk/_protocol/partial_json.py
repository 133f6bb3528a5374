"""JSON in pieces, cut anywhere, read as it comes: each token goes at once to the place it belongs to.

No character is looked at a second time but those of an escape that was cut, of which there are at most eleven. Nothing
is known here of types: what a value becomes is the business of its `Place`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from .output import TOO_DEEP, InvalidOutput

Take = Callable[[str], object]

BLANK = re.compile(r"[ \t\n\r]*+")
CHARACTERS = re.compile(
    r"""(?:[^"\\\x00-\x1f\ud800-\udfff]++
    |   \\(?:["\\/bfnrt]
        |   u(?: [dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2} | (?![dD][89a-fA-F])[0-9a-fA-F]{4} ))
    )*+""",
    re.VERBOSE,
)
CUT_ESCAPE = re.compile(
    r"""\\(?: u(?: [dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?
                 | (?![dD][c-fC-F])[0-9a-fA-F]{0,3} )? )?\Z""",
    re.VERBOSE,
)
NUMBER = re.compile(r"[-+.0-9eE]*+")
LITERALS: Mapping[str, tuple[str, bool | None]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


class Place(Protocol):
    """Where values go: an open array, an open object, or the root. What it returns is whether a view has changed."""

    is_list: bool
    is_seen: bool

    def name(self, name: str) -> bool:
        """The name of the member to come."""

    def begin(self, is_list: bool) -> Place:
        """An array or an object begins, with the value's place handed back; one `is_seen` is in the view by now."""

    def begin_text(self) -> Take | None:
        """A text begins: what takes its pieces as they come, if it grows in here; else it comes whole as a `scalar`."""

    def scalar(self, value: object) -> bool:
        """A whole text, number or literal."""

    def refuse(self) -> None:
        """There is a value that nothing can hold."""

    def end(self) -> bool:
        """The array or the object is over."""


class PartialReader:
    """Reads the first JSON document that begins with what `start` finds into the root; what comes after is ignored."""

    def __init__(self, root: Place, start: re.Pattern[str], max_depth: int) -> None:
        self._root = self._place = root
        self._open: list[Place] = []
        self._start = start
        self._max_depth = max_depth
        self._state: Callable[[str, int], int] = self._before
        self._allowed: Allowed = VALUE
        self._held = ""
        self._pieces: list[str] = []
        self._take: Take = self._pieces.append
        self._end_text: Callable[[], None] = self._end_value
        self._literal: tuple[str, bool | None] = ("", None)
        self._changed = False
        self._error: InvalidOutput | None = None

    def feed(self, text: str) -> bool:
        """Whether a view has changed. Raises `InvalidOutput`, again and again."""
        if self._error:
            raise self._error
        if self._held:
            text, self._held = self._held + text, ""
        self._changed = False
        place, end = 0, len(text)
        try:
            while place < end:
                place = self._state(text, place)
        except InvalidOutput as error:
            self._error = error
            raise
        return self._changed

    def _before(self, text: str, at: int) -> int:
        found = self._start.search(text, at)
        if not found:
            return len(text)
        self._state = self._structure
        return found.start()

    def _after(self, text: str, at: int) -> int:
        return len(text)

    def _structure(self, text: str, at: int) -> int:
        """Everything but the inside of texts, numbers and literals, up to the next of those."""
        end = len(text)
        while self._state == self._structure:
            if at < end and text[at] in " \t\n\r":
                at = BLANK.match(text, at).end()  # type: ignore[union-attr]
            if at == end:
                break
            act = self._allowed.get(text[at])
            if not act:
                raise _unexpected(text, at)
            at += act(self, text[at])
        return at

    def _begin_text(self, character: str) -> int:
        take = self._place.begin_text()
        if take:
            self._changed |= self._place.is_seen
            self._take, self._end_text = take, self._end_value
        else:
            self._take, self._end_text = self._pieces.append, self._end_scalar
        self._state = self._text
        return 1

    def _begin_name(self, character: str) -> int:
        self._take, self._end_text = self._pieces.append, self._end_name
        self._state = self._text
        return 1

    def _begin_number(self, character: str) -> int:
        self._state = self._number
        return 0

    def _begin_literal(self, character: str) -> int:
        self._literal = LITERALS[character]
        self._state = self._letters
        return 0

    def _begin(self, character: str) -> int:
        if len(self._open) >= self._max_depth:
            raise InvalidOutput(f"{TOO_DEEP}: more than {self._max_depth} levels")
        self._open.append(self._place)
        self._place = self._place.begin(character == "[")
        self._changed |= self._place.is_seen
        self._allowed = FIRST_ITEM if character == "[" else FIRST_NAME
        self._state = self._inside(self._place)
        return 1

    def _inside(self, place: Place) -> Callable[[str, int], int]:
        """What reads on in a place that has just begun."""
        return self._structure

    def _end(self, character: str) -> int:
        changed, self._place = self._place.end(), self._open.pop()
        self._changed |= changed
        self._end_value()
        return 1

    def _next(self, character: str) -> int:
        self._allowed = VALUE if character == ":" or self._place.is_list else NAME
        return 1

    def _text(self, text: str, at: int) -> int:
        found = CHARACTERS.match(text, at).end()  # type: ignore[union-attr]
        if found > at:
            piece = text[at:found]
            if "\\" in piece:
                piece = msgspec.json.decode(f'"{piece}"')
            if self._take(piece):
                self._changed = True
        if found == len(text):
            return found
        if text[found] == '"':
            self._state = self._structure
            self._end_text()
            return found + 1
        if not CUT_ESCAPE.match(text, found):
            raise _unexpected(text, found)
        self._held = text[found:]
        return len(text)

    def _end_name(self) -> None:
        self._changed |= self._place.name("".join(self._pieces))
        self._pieces.clear()
        self._allowed = COLON

    def _end_scalar(self) -> None:
        value = "".join(self._pieces)
        self._pieces.clear()
        self._scalar(value)

    def _scalar(self, value: object) -> None:
        self._changed |= self._place.scalar(value)
        self._end_value()

    def _end_value(self) -> None:
        if self._place is self._root:
            self._state = self._after
        else:
            self._state = self._structure
            self._allowed = NEXT_ITEM if self._place.is_list else NEXT_NAME

    def _number(self, text: str, at: int) -> int:
        end = NUMBER.match(text, at).end()  # type: ignore[union-attr]
        self._pieces.append(text[at:end])
        if end < len(text):
            token = "".join(self._pieces)
            self._pieces.clear()
            try:
                self._scalar(msgspec.json.decode(token))
            except msgspec.ValidationError:
                self._place.refuse()
                self._end_value()
            except msgspec.DecodeError:
                raise InvalidOutput(f"JSON has no number {token[:40]!r}") from None
        return end

    def _letters(self, text: str, at: int) -> int:
        left, value = self._literal
        piece = text[at : at + len(left)]
        if not left.startswith(piece):
            raise _unexpected(text, at)
        if piece == left:
            self._scalar(value)
        self._literal = (left[len(piece) :], value)
        return at + len(piece)


def _unexpected(text: str, at: int) -> InvalidOutput:
    return InvalidOutput(f"This is not JSON, from {text[at : at + 20]!r} on")


Allowed = Mapping[str, Callable[[PartialReader, str], int]]
"""What each character does that may come next, and how many characters that takes."""

VALUE: Allowed = {
    '"': PartialReader._begin_text,
    "{": PartialReader._begin,
    "[": PartialReader._begin,
    **dict.fromkeys("-0123456789", PartialReader._begin_number),
    **dict.fromkeys(LITERALS, PartialReader._begin_literal),
}
FIRST_ITEM: Allowed = {**VALUE, "]": PartialReader._end}
NEXT_ITEM: Allowed = {",": PartialReader._next, "]": PartialReader._end}
NAME: Allowed = {'"': PartialReader._begin_name}
FIRST_NAME: Allowed = {**NAME, "}": PartialReader._end}
COLON: Allowed = {":": PartialReader._next}
NEXT_NAME: Allowed = {",": PartialReader._next, "}": PartialReader._end}
