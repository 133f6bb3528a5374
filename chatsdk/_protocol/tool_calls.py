"""Tool calls out of pieces, and which call a piece belongs to.

Servers name the call by index, by id, by both, by neither; one id at two indexes is two calls, and so are two ids at
one index.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import Any

import msgspec

from ..errors import ResponseDecodeError
from ..types.chunk import ToolCallChunk
from ..types.response import CustomCall, FunctionCall, ToolCall
from .text import Text

MAX_INDEX = 127
"""The API allows 128 choices; no answer holds more tool calls than that either."""

INDEX = re.compile(r"-?[0-9]{1,9}")


class CallState:
    """A tool call that grows. `position` counts the choice's calls in order of arrival."""

    __slots__ = ("arguments", "extra_content", "id", "index", "is_custom", "name", "position")

    def __init__(self, position: int, index: int | None) -> None:
        self.position = position
        self.index = index
        self.id = ""
        self.name = ""
        self.arguments = Text()
        self.is_custom = False
        self.extra_content: dict[str, Any] | None = None

    def add(self, piece: ToolCallChunk) -> None:
        self.id = self.id or piece.id or ""
        self.is_custom = self.is_custom or piece.type == "custom" or piece.custom is not None
        self.extra_content = piece.extra_content or self.extra_content
        if not self.arguments or not self.name:
            self._add_name(piece.name)
        if piece.arguments:
            self.arguments.append(piece.arguments)

    def _add_name(self, name: str) -> None:
        """Some servers send the name in pieces, others repeat all of it with every piece."""
        if name != self.name:
            self.name += name

    def is_followed_by(self, piece: ToolCallChunk) -> bool:
        """Whether a piece without an id begins another call: it has a name, and this one has all its arguments."""
        if not piece.name or not (piece.name != self.name or piece.arguments):
            return False
        try:
            return isinstance(msgspec.json.decode(str(self.arguments)), dict)
        except msgspec.DecodeError:
            return False

    def value(self, made_up_id: str) -> ToolCall:
        call_id, arguments = self.id or made_up_id, str(self.arguments)
        if self.is_custom:
            return ToolCall(id=call_id, type="custom", custom=CustomCall(self.name, arguments))
        function = FunctionCall(self.name, arguments)
        return ToolCall(id=call_id, function=function, extra_content=self.extra_content)


class ToolCalls:
    """The calls of a choice."""

    __slots__ = ("_by_id", "_by_index", "calls")

    def __init__(self) -> None:
        self.calls: list[CallState] = []
        self._by_id: dict[str, CallState] = {}
        self._by_index: dict[int, CallState] = {}

    def add(self, piece: ToolCallChunk) -> CallState:
        """Take in a piece; the call it went to."""
        index = call_index(piece)
        call = self._known_call(piece, index)
        if call is None:
            call = CallState(len(self.calls), index)
            if call.position > MAX_INDEX:
                raise ResponseDecodeError(f"more than {MAX_INDEX + 1} tool calls in one answer")
            self.calls.append(call)
        if index is not None:
            self._by_index[index] = call
        if piece.id:
            self._by_id[piece.id] = call
        call.add(piece)
        return call

    def _known_call(self, piece: ToolCallChunk, index: int | None) -> CallState | None:
        """The call a piece belongs to: by its id, else by its index, else the latest one."""
        by_id = self._by_id.get(piece.id or "")
        if by_id and (index is None or by_id.index in (None, index)):
            return by_id
        if index is not None:
            found = self._by_index.get(index)
        else:
            found = self.calls[-1] if self.calls and not piece.id else None
        if found and ((found.id and piece.id) or (not piece.id and found.is_followed_by(piece))):
            return None
        return found

    def value(self, prefix: str) -> list[ToolCall]:
        """The calls in order; those that came without an id get one."""
        return [call.value(self.made_up_id(call, prefix)) for call in in_order(self.calls)]

    def made_up_id(self, call: CallState, prefix: str) -> str:
        """For a call that came without an id: the next turn of the conversation needs one."""
        return free_id(f"{prefix}_{call.position}", self._by_id)


def in_order(calls: Iterable[CallState]) -> list[CallState]:
    """The calls in order of index, those without one in order of arrival."""
    return sorted(calls, key=lambda call: call.position if call.index is None else call.index)


def call_prefix(answer_id: object, index: object) -> str:
    """What the ids begin with that the calls of a choice get which came without one."""
    return f"call_{answer_id}_{index}" if answer_id else f"call_{index}"


def free_id(wanted: str, taken: Container[object]) -> str:
    """The id, or one like it that no other call has."""
    while wanted in taken:
        wanted += "_"
    return wanted


def call_index(piece: ToolCallChunk) -> int | None:
    """The index of a piece as a number. Raises `ResponseDecodeError` for one that no answer can have."""
    index = piece.index
    if isinstance(index, str):
        if not index.strip():
            return None
        if not INDEX.fullmatch(index.strip()):
            raise ResponseDecodeError(f"a tool call has the index {index[:20]!r}")
        index = int(index)
    return None if index is None else checked_index(index)


def checked_index(index: int) -> int:
    """The index, from 0 to 127. Raises `ResponseDecodeError`."""
    if not 0 <= index <= MAX_INDEX:
        raise ResponseDecodeError(f"an index of {index} in the answer is out of range (0 to {MAX_INDEX})")
    return index
