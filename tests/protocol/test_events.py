"""Chunks to what happened."""

from __future__ import annotations

from typing import Any

import pytest

from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.events import EventReader
from chatsdk.types import (
    AudioDelta,
    CompletionUsage,
    Event,
    Finished,
    LogprobsDelta,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    TextDone,
    TokenLogprob,
    ToolCallDelta,
    ToolCallDone,
    UsageUpdate,
)

from .pieces import chunk_of, said


def events_of(*documents: Any) -> list[Event]:
    accumulator = Accumulator()
    reader = EventReader(accumulator)
    events: list[Event] = []
    for document in documents:
        chunk = chunk_of(document)
        accumulator.add(chunk)
        events += reader.read(chunk)
    return events + list(reader.finish())


def step(finish_reason: str | None = None, logprobs: Any = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}]}


def call(name: str | None, arguments: str | None, **members: Any) -> dict[str, Any]:
    return {**members, "function": {"name": name, "arguments": arguments}}


TOKEN = {"token": "t", "logprob": -1.0}

CASES: dict[str, tuple[list[dict[str, Any]], list[Event]]] = {
    "nothing": ([], []),
    "a text": (
        [said(""), said("a"), said("b"), said("", "stop")],
        [TextDelta(0, "a"), TextDelta(0, "b"), TextDone(0, "ab"), Finished(0, "stop")],
    ),
    "text and end in one chunk": ([said("a", "stop")], [TextDelta(0, "a"), TextDone(0, "a"), Finished(0, "stop")]),
    "an end without a reason": ([said("a")], [TextDelta(0, "a"), TextDone(0, "a"), Finished(0, None)]),
    "an end that comes twice": (
        [said("a", "stop"), said("", "stop")],
        [TextDelta(0, "a"), TextDone(0, "a"), Finished(0, "stop")],
    ),
    "no text": ([step("stop", content="")], [Finished(0, "stop")]),
    "usage after the end": (
        [said("a", "stop"), {"choices": [], "usage": {"total_tokens": 3}}],
        [TextDelta(0, "a"), TextDone(0, "a"), Finished(0, "stop"), UsageUpdate(CompletionUsage(total_tokens=3))],
    ),
    "usage with each chunk": (
        [{**said("a"), "usage": {"total_tokens": 1}}, {**said("", "stop"), "usage": {"total_tokens": 2}}],
        [
            TextDelta(0, "a"),
            UsageUpdate(CompletionUsage(total_tokens=1)),
            TextDone(0, "a"),
            Finished(0, "stop"),
            UsageUpdate(CompletionUsage(total_tokens=2)),
        ],
    ),
    "several choices": (
        [{"choices": [*said("x", index=1)["choices"], *said("a")["choices"]]}, said("", "length", 1), said("b")],
        [
            TextDelta(1, "x"),
            TextDelta(0, "a"),
            TextDone(1, "x"),
            Finished(1, "length"),
            TextDelta(0, "b"),
            TextDone(0, "ab"),
            Finished(0, None),
        ],
    ),
    "choices without an end finish in order of index": (
        [said("x", index=2), said("a", index=1)],
        [
            TextDelta(2, "x"),
            TextDelta(1, "a"),
            TextDone(1, "a"),
            Finished(1, None),
            TextDone(2, "x"),
            Finished(2, None),
        ],
    ),
    "reasoning before text, of both spellings": (
        [step(reasoning_content="h"), step(reasoning="m", content="a"), step("stop")],
        [ReasoningDelta(0, "h"), ReasoningDelta(0, "m"), TextDelta(0, "a"), TextDone(0, "a"), Finished(0, "stop")],
    ),
    "a refusal": ([step("stop", refusal="no")], [RefusalDelta(0, "no"), Finished(0, "stop")]),
    "a tool call": (
        [
            step(tool_calls=[call("f", "", index=0, id="a")]),
            step(tool_calls=[call(None, "{}", index=0)]),
            step("tool_calls"),
        ],
        [
            ToolCallDelta(0, 0, "a", "f", ""),
            ToolCallDelta(0, 0, "a", "f", "{}"),
            ToolCallDone(0, 0, "a", "f", "{}"),
            Finished(0, "tool_calls"),
        ],
    ),
    "tool calls interleaved": (
        [
            step(tool_calls=[call("f", "1", index=3, id="a"), call("g", "2", index=1, id="b")]),
            step(tool_calls=[call(None, "3", index=3), call(None, "4", index=1)]),
            step("tool_calls"),
        ],
        [
            ToolCallDelta(0, 0, "a", "f", "1"),
            ToolCallDelta(0, 1, "b", "g", "2"),
            ToolCallDelta(0, 0, "a", "f", "3"),
            ToolCallDelta(0, 1, "b", "g", "4"),
            ToolCallDone(0, 0, "a", "f", "13"),
            ToolCallDone(0, 1, "b", "g", "24"),
            Finished(0, "tool_calls"),
        ],
    ),
    "tool calls without indexes": (
        [
            step(tool_calls=[call("f", "1", id="a")]),
            step(tool_calls=[call(None, "2")]),
            step("stop", tool_calls=[call("g", "3", id="b")]),
        ],
        [
            ToolCallDelta(0, 0, "a", "f", "1"),
            ToolCallDelta(0, 0, "a", "f", "2"),
            ToolCallDelta(0, 1, "b", "g", "3"),
            ToolCallDone(0, 0, "a", "f", "12"),
            ToolCallDone(0, 1, "b", "g", "3"),
            Finished(0, "stop"),
        ],
    ),
    "a used index with a new id, in one chunk": (
        [
            step(
                "stop",
                tool_calls=[call("f", "1", index=0, id="a"), call(None, "2", index=0), call("g", "3", index=0, id="b")],
            )
        ],
        [
            ToolCallDelta(0, 0, "a", "f", "1"),
            ToolCallDelta(0, 0, "a", "f", "2"),
            ToolCallDelta(0, 1, "b", "g", "3"),
            ToolCallDone(0, 0, "a", "f", "12"),
            ToolCallDone(0, 1, "b", "g", "3"),
            Finished(0, "stop"),
        ],
    ),
    "a custom tool": (
        [
            step(
                "tool_calls",
                tool_calls=[{"index": 0, "id": "a", "type": "custom", "custom": {"name": "c", "input": "x"}}],
            )
        ],
        [ToolCallDelta(0, 0, "a", "c", "x"), ToolCallDone(0, 0, "a", "c", "x"), Finished(0, "tool_calls")],
    ),
    "text and a tool call": (
        [step("tool_calls", content="a", tool_calls=[call("f", "{}", index=0, id="a")])],
        [
            TextDelta(0, "a"),
            ToolCallDelta(0, 0, "a", "f", "{}"),
            TextDone(0, "a"),
            ToolCallDone(0, 0, "a", "f", "{}"),
            Finished(0, "tool_calls"),
        ],
    ),
    "sound": (
        [step(audio={"id": "x"}), step(audio={"data": "QQ=="}), step("stop", audio={"transcript": "a"})],
        [AudioDelta(0, "", ""), AudioDelta(0, "QQ==", ""), AudioDelta(0, "", "a"), Finished(0, "stop")],
    ),
    "log probabilities after their text": (
        [step(content="t", logprobs={"content": [TOKEN]}), step("stop", logprobs={"refusal": [TOKEN]})],
        [
            TextDelta(0, "t"),
            LogprobsDelta(0, [TokenLogprob("t", -1.0)], []),
            LogprobsDelta(0, [], [TokenLogprob("t", -1.0)]),
            TextDone(0, "t"),
            Finished(0, "stop"),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_chunks_give_these_events_in_this_order(name: str) -> None:
    chunks, events = CASES[name]
    assert events_of(*chunks) == events


def test_finishing_twice_tells_nothing_twice() -> None:
    accumulator = Accumulator()
    reader = EventReader(accumulator)
    accumulator.add(chunk_of(said("a")))
    assert list(reader.finish()) == [TextDone(0, "a"), Finished(0, None)]
    assert list(reader.finish()) == []
