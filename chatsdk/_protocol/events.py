"""Chunks to events: what happened, choice by choice.

The accumulator has taken the chunk in before its events are read, so that each event can name what it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..types.chunk import ChatCompletionChunk, ChunkChoice, FunctionCallChunk
from ..types.event import (
    AudioDelta,
    Event,
    Finished,
    LogprobsDelta,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    TextDone,
    ToolCallDelta,
    ToolCallDone,
    UsageUpdate,
)
from .accumulate import Accumulator
from .choice import ChoiceState
from .repeats import Run
from .tool_calls import CallState, call_prefix

NO_CHOICES: frozenset[int] = frozenset()


class EventReader:
    """`read` the events of each chunk; `finish` gives those that only the end of a whole stream can tell.

    A finish reason is not the end: text, tool calls and another reason may follow it, and so may an error.
    """

    __slots__ = ("_accumulator", "_has_finished", "_with_legacy_call")

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._has_finished = False
        self._with_legacy_call = NO_CHOICES  # choices whose legacy function call has taken position 0

    def read(self, chunk: ChatCompletionChunk) -> list[Event]:
        """The events of a chunk that the accumulator has just taken in."""
        events: list[Event] = []
        latest = self._accumulator.latest_calls
        for number, choice in enumerate(chunk.choices):
            self._add_deltas(events, choice, latest[number])
        if chunk.usage is not None:
            events.append(UsageUpdate(chunk.usage))
        return events

    def read_run(self, run: Run) -> list[Event] | None:
        """The events of a run, one for each of its chunks; `None` where they take more than the texts."""
        like = run.like
        is_plain = run.member == "content" and like.usage is None and like.choices[0].logprobs is None
        if not is_plain or not all(run.texts):
            return None
        return [TextDelta(run.index, text) for text in run.texts]

    def finish(self) -> Iterator[Event]:
        """The end of each choice, in order of index, when the stream has ended as a whole one; later nothing."""
        if self._has_finished:
            return
        self._has_finished = True
        for index in sorted(self._accumulator.choices):
            yield from self._end(self._accumulator.choices[index])

    def _add_deltas(self, events: list[Event], choice: ChunkChoice, calls: Sequence[CallState]) -> None:
        index, delta = choice.index, choice.delta
        if reasoning := delta.reasoning:
            events.append(ReasoningDelta(index, reasoning))
        if delta.content:
            events.append(TextDelta(index, delta.content))
        if delta.refusal:
            events.append(RefusalDelta(index, delta.refusal))
        if delta.tool_calls:
            for call, piece in zip(calls, delta.tool_calls, strict=True):
                events.append(ToolCallDelta(index, self._position(index, call), call.id, call.name, piece.arguments))
        if delta.function_call is not None:
            self._add_legacy_delta(events, index, delta.function_call)
        if delta.audio is not None:
            events.append(AudioDelta(index, delta.audio.data or "", delta.audio.transcript or ""))
        if choice.logprobs is not None:
            events.append(LogprobsDelta(index, choice.logprobs.content or [], choice.logprobs.refusal or []))

    def _add_legacy_delta(self, events: list[Event], index: int, piece: FunctionCallChunk) -> None:
        legacy = legacy_call(self._accumulator.choices[index])
        if legacy is not None:
            self._with_legacy_call |= {index}
            events.append(ToolCallDelta(index, legacy.position, legacy.id, legacy.name, piece.arguments or ""))

    def _end(self, state: ChoiceState) -> Iterator[Event]:
        if text := str(state.content):
            yield TextDone(state.index, text)
        prefix = call_prefix(self._accumulator.id, state.index)
        for call in state.tool_calls.calls:
            call_id = call.id or state.tool_calls.made_up_id(call, prefix)
            yield ToolCallDone(state.index, self._position(state.index, call), call_id, call.name, str(call.arguments))
        if legacy := legacy_call(state):
            call_id = state.tool_calls.made_up_id(legacy, prefix)
            yield ToolCallDone(state.index, legacy.position, call_id, legacy.name, str(legacy.arguments))
        yield Finished(state.index, state.finish_reason)

    def _position(self, index: int, call: CallState) -> int:
        return call.position + (index in self._with_legacy_call)


def legacy_call(state: ChoiceState) -> CallState | None:
    """The `function_call` of a choice without tool calls; beside them it says one of them again."""
    return None if state.tool_calls.calls else state.function_call
