"""Finds the items of one array in JSON that comes in pieces: where each ends, by brackets and texts alone.

What is around the array is read as any JSON; an item is cut out as it was written, once, to be read by others.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .output import TOO_DEEP, InvalidOutput
from .partial_json import BLANK, PartialReader, Place
from .partial_places import IGNORED, Ignored, Target

INSIDE = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
FLAT = re.compile(r'[^"{}\[\],]*+')
NESTED = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)

CLOSERS = {"[": "]", "{": "}"}


class ItemReader(PartialReader):
    """Reads the array that is the document, or the member `name` of the object that is; `items` are for you to take."""

    def __init__(self, name: str, start: re.Pattern[str], max_depth: int) -> None:
        super().__init__(Outside(Around(name)), start, max_depth)
        self.items: list[str] = []
        self._closers: list[str] = []
        self._in_text = False
        self._is_first = True
        self._is_missing = False

    def take(self) -> list[str]:
        """The items that have come since the last time, as they were written."""
        items, self.items = self.items, []
        return items

    def _inside(self, place: Place) -> Callable[[str, int], int]:
        return self._item if place is ARRAY else super()._inside(place)

    def _item(self, text: str, at: int) -> int:
        """An item or a part of it. A number is over with what follows it, anything else with its last character."""
        start, end = at, len(text)
        while at < end:
            at = self._scanner().match(text, at).end()  # type: ignore[union-attr]
            if at == end:
                break
            if text[at] == "\\":
                self._held = text[at:]
                self._pieces.append(text[start:at])
                return end
            if text[at] in ",]}" and not self._closers:
                self._pieces.append(text[start:at])
                self._end_item()
                return at
            at += 1
            if self._ends_with(text[at - 1]):
                self._pieces.append(text[start:at])
                self._end_item()
                return at
        self._pieces.append(text[start:end])
        return end

    def _scanner(self) -> re.Pattern[str]:
        return INSIDE if self._in_text else NESTED if self._closers else FLAT

    def _ends_with(self, character: str) -> bool:
        """Go on after a quote or a bracket; whether the item is over."""
        if character == '"':
            self._in_text = not self._in_text
            return not (self._in_text or self._closers)
        if character in CLOSERS:
            self._closers.append(CLOSERS[character])
            if len(self._open) + len(self._closers) > self._max_depth:
                raise InvalidOutput(f"{TOO_DEEP}: more than {self._max_depth} levels")
        elif self._closers.pop() != character:
            raise misplaced(character)
        return not self._closers

    def _end_item(self) -> None:
        item = "".join(self._pieces).strip(" \t\n\r")
        self._pieces.clear()
        self._state = self._between
        self._is_first = not item and self._is_first
        self._is_missing = not item
        if item:
            self.items.append(item)

    def _between(self, text: str, at: int) -> int:
        """What is after an item: blanks, then a comma or the end."""
        at = BLANK.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return at
        if text[at] not in ",]" or (self._is_missing and (text[at] == "," or not self._is_first)):
            raise misplaced(text[at])
        if text[at] == "]":
            self._state = self._after
        else:
            self._is_first = False
            self._state = self._item
        return at + 1


def misplaced(character: str) -> InvalidOutput:
    return InvalidOutput(f"This is not JSON: {character!r} in a wrong place")


class Outside(Ignored):
    """Where the array is, or the object around it."""

    def __init__(self, around: Target) -> None:
        super().__init__(False)
        self._around = around

    def begin(self, is_list: bool) -> Target:
        return ARRAY if is_list else self._around


class Around(Ignored):
    """The object one of whose members is the array."""

    def __init__(self, name: str) -> None:
        super().__init__(False)
        self._wanted = name
        self._is_here = False

    def name(self, name: str) -> bool:
        self._is_here = name == self._wanted
        return False

    def begin(self, is_list: bool) -> Target:
        return ARRAY if is_list and self._is_here else IGNORED[is_list]


ARRAY = Ignored(True)
"""The array whose items are wanted."""
