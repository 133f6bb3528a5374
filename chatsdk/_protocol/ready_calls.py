"""Which tool calls of an answer may be run: those that are complete while the rest of it streams, and those of a whole.

That its arguments are JSON says nothing: more of them may come. A call is complete when the answer has its finish
reason, or when a later call has begun and its own arguments are one object that is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import structs

from ..types.chunk import ChatCompletionChunk
from ..types.message import AssistantMessage
from ..types.response import ChatCompletion, ToolCall
from .accumulate import Accumulator
from .choice import ChoiceState
from .events import legacy_call
from .expected import CUT_BY
from .tool_calls import CallState, call_prefix, free_id, in_order

SIGNS: Mapping[str, re.Pattern[str]] = {
    "outside": re.compile(r"\s*+(.)", re.DOTALL),
    "object": re.compile(r'[^"{}\[\]]*+(["{}\[\]])'),
    "string": re.compile(r'(?:[^"\\]++|\\.)*+(["\\])', re.DOTALL),
    "escape": re.compile(r"(.)", re.DOTALL),
}
"""The next sign that matters, by where in a JSON text one is; of escapes only one that is cut does."""


class Balance:
    """`feed` it a JSON text piece by piece; `is_closed`: so far it is one object from its first bracket to its last."""

    __slots__ = ("_depth", "_is_broken", "_place")

    def __init__(self) -> None:
        self._place = "outside"
        self._depth = -1  # before the object; 0 is after it
        self._is_broken = False

    @property
    def is_closed(self) -> bool:
        return self._depth == 0 and not self._is_broken

    def feed(self, text: str) -> None:
        start = 0
        while not self._is_broken and (found := SIGNS[self._place].match(text, start)):
            start = found.end()
            self._see(found[1])

    def _see(self, sign: str) -> None:
        match self._place:
            case "outside":
                self._is_broken = sign != "{" or self._depth == 0
                self._place, self._depth = "object", 1
            case "object" if sign == '"':
                self._place = "string"
            case "object":
                self._depth += 1 if sign in "{[" else -1
                self._place = "object" if self._depth else "outside"
            case "string":
                self._place = "object" if sign == '"' else "escape"
            case _:
                self._place = "string"


class ReadyCalls:
    """`take` the calls of choice 0 that each chunk has completed. Each call is given once, if it is at all.

    What a call turns out to be in the end may differ, for a server can add to what was complete.
    """

    __slots__ = ("_balances", "_followed", "_has_finished", "_taken", "_whole")

    def __init__(self, whole: Accumulator) -> None:
        self._whole = whole
        self._taken: set[int] = set()
        self._followed = 0  # how many calls a later one follows
        self._balances: dict[int, Balance] = {}  # of those among them that were not taken, by position
        self._has_finished = False

    def take(self, chunk: ChatCompletionChunk) -> list[tuple[int, ToolCall]]:
        """Position and call of each that is complete now; the accumulator has just taken in the chunk."""
        state = self._whole.choices.get(0)
        if state is None:
            return []
        touched = [*self._grown(chunk), *self._newly_followed(state)]
        ready = [call for call in touched if call.is_custom or self._balances[call.position].is_closed]
        if state.finish_reason and not self._has_finished:
            self._has_finished = True
            if state.finish_reason.lower() not in CUT_BY:
                ready = calls_in(state)
        return list(self._given(ready, state))

    def positions(self) -> list[int]:
        """The positions of the calls, in the order in which the completion has them."""
        state = self._whole.choices.get(0)
        return [] if state is None else [call.position for call in in_order(calls_in(state))]

    def _grown(self, chunk: ChatCompletionChunk) -> Iterator[CallState]:
        """Calls that a later one follows and that the chunk adds to all the same."""
        for choice, calls in zip(chunk.choices, self._whole.latest_calls, strict=True):
            if choice.index != 0:
                continue
            for piece, call in zip(choice.delta.tool_calls or (), calls, strict=True):
                if call.position in self._balances:
                    self._balances[call.position].feed(piece.arguments)
                    yield call

    def _newly_followed(self, state: ChoiceState) -> Iterator[CallState]:
        for call in state.tool_calls.calls[self._followed : -1]:
            self._followed += 1
            if call.position not in self._taken:
                balance = self._balances[call.position] = Balance()
                balance.feed(str(call.arguments))
                yield call

    def _given(self, ready: list[CallState], state: ChoiceState) -> Iterator[tuple[int, ToolCall]]:
        prefix = call_prefix(self._whole.id, state.index)
        for call in ready:
            if call.position not in self._taken:
                self._taken.add(call.position)
                self._balances.pop(call.position, None)
                yield call.position, call.value(state.tool_calls.made_up_id(call, prefix))


def calls_in(state: ChoiceState) -> list[CallState]:
    """A choice's calls in order of arrival; a legacy `function_call` is one where there are no others."""
    legacy = legacy_call(state)
    return [legacy] if legacy is not None and legacy.name else list(state.tool_calls.calls)


def calls_of(completion: ChatCompletion) -> list[ToolCall]:
    """The calls of choice 0, each with an id of its own; a legacy `function_call` is one where there are no others."""
    message = completion.message
    calls = list(message.tool_calls or ())
    legacy = message.function_call
    if not calls and legacy is not None and legacy.name:
        calls = [ToolCall(function=legacy)]
    prefix = call_prefix(completion.id, completion.choice.index)
    known, seen = {call.id for call in calls}, {""}
    for place, call in enumerate(calls):
        if call.id in seen:
            calls[place] = structs.replace(call, id=free_id(f"{prefix}_{place}", known))
            known.add(calls[place].id)
        seen.add(call.id)
    return calls


def repeated(completion: ChatCompletion, calls: list[ToolCall]) -> AssistantMessage:
    """The answer as the next turn repeats it, with these calls."""
    message = structs.replace(completion.message, tool_calls=calls or None, function_call=None)
    return message.to_request()
