"""Chunks to events: what happened, choice by choice.

The accumulator has taken the chunk in before its events are read, so that each event can name what it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..types.chunk import ChatCompletionChunk, ChunkChoice
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
from .tool_calls import CallState, call_prefix


class EventReader:
    """`read` the events of each chunk; `finish` gives those of choices that ended without saying why."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._finished: set[int] = set()

    def read(self, chunk: ChatCompletionChunk) -> Iterator[Event]:
        """The events of a chunk that the accumulator has just taken in."""
        for choice, calls in zip(chunk.choices, self._accumulator.latest_calls, strict=True):
            yield from _deltas(choice, calls)
            if choice.finish_reason:
                yield from self._end(self._accumulator.choices[choice.index])
        if chunk.usage is not None:
            yield UsageUpdate(chunk.usage)

    def finish(self) -> Iterator[Event]:
        """The events that are left when the stream has ended as a whole one."""
        for index in sorted(self._accumulator.choices):
            yield from self._end(self._accumulator.choices[index])

    def _end(self, state: ChoiceState) -> Iterator[Event]:
        if state.index in self._finished:
            return
        self._finished.add(state.index)
        if text := str(state.content):
            yield TextDone(state.index, text)
        for call in state.tool_calls.calls:
            call_id = call.id or state.tool_calls.made_up_id(call, call_prefix(self._accumulator.id, state.index))
            yield ToolCallDone(state.index, call.position, call_id, call.name, str(call.arguments))
        yield Finished(state.index, state.finish_reason)


def _deltas(choice: ChunkChoice, calls: Sequence[CallState]) -> Iterator[Event]:
    delta = choice.delta
    if delta.reasoning:
        yield ReasoningDelta(choice.index, delta.reasoning)
    if delta.content:
        yield TextDelta(choice.index, delta.content)
    if delta.refusal:
        yield RefusalDelta(choice.index, delta.refusal)
    for call, piece in zip(calls, delta.tool_calls or (), strict=True):
        yield ToolCallDelta(choice.index, call.position, call.id, call.name, piece.arguments)
    if delta.audio is not None:
        yield AudioDelta(choice.index, delta.audio.data or "", delta.audio.transcript or "")
    if choice.logprobs is not None:
        yield LogprobsDelta(choice.index, choice.logprobs.content or [], choice.logprobs.refusal or [])
