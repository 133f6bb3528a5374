"""Chunks to what happened."""

from __future__ import annotations

from typing import Any

import pytest

from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import ChunkDecoder, verdict
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

from .pieces import DONE, HEAD, chunk_of, event, said, ways_to_cut


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
        [TextDelta(0, "a"), UsageUpdate(CompletionUsage(total_tokens=3)), TextDone(0, "a"), Finished(0, "stop")],
    ),
    "usage with each chunk": (
        [{**said("a"), "usage": {"total_tokens": 1}}, {**said("", "stop"), "usage": {"total_tokens": 2}}],
        [
            TextDelta(0, "a"),
            UsageUpdate(CompletionUsage(total_tokens=1)),
            UsageUpdate(CompletionUsage(total_tokens=2)),
            TextDone(0, "a"),
            Finished(0, "stop"),
        ],
    ),
    "several choices": (
        [{"choices": [*said("x", index=1)["choices"], *said("a")["choices"]]}, said("", "length", 1), said("b")],
        [
            TextDelta(1, "x"),
            TextDelta(0, "a"),
            TextDelta(0, "b"),
            TextDone(0, "ab"),
            Finished(0, None),
            TextDone(1, "x"),
            Finished(1, "length"),
        ],
    ),
    "text after a finish reason": (
        [said("a", "stop"), said("b"), step(content="c", logprobs={"content": [TOKEN]})],
        [
            TextDelta(0, "a"),
            TextDelta(0, "b"),
            TextDelta(0, "c"),
            LogprobsDelta(0, [TokenLogprob("t", -1.0)], []),
            TextDone(0, "abc"),
            Finished(0, "stop"),
        ],
    ),
    "a tool call after a finish reason": (
        [said("a", "stop"), step("tool_calls", tool_calls=[call("f", "{}", index=0, id="a")])],
        [
            TextDelta(0, "a"),
            ToolCallDelta(0, 0, "a", "f", "{}"),
            TextDone(0, "a"),
            ToolCallDone(0, 0, "a", "f", "{}"),
            Finished(0, "tool_calls"),
        ],
    ),
    "a finish reason that is taken back": (
        [said("a", "stop"), said("", "length"), step(None), step("")],
        [TextDelta(0, "a"), TextDone(0, "a"), Finished(0, "length")],
    ),
    "an id that comes after the finish reason": (
        [
            step("tool_calls", tool_calls=[call("f", "{}", index=0)]),
            step(tool_calls=[call(None, None, index=0, id="a")]),
        ],
        [
            ToolCallDelta(0, 0, "", "f", "{}"),
            ToolCallDelta(0, 0, "a", "f", ""),
            ToolCallDone(0, 0, "a", "f", "{}"),
            Finished(0, "tool_calls"),
        ],
    ),
    "a legacy call": (
        [
            step(function_call={"name": "f"}),
            step(function_call={"arguments": "{"}),
            step(function_call={"arguments": "}"}),
            step("function_call"),
        ],
        [
            ToolCallDelta(0, 0, "", "f", ""),
            ToolCallDelta(0, 0, "", "f", "{"),
            ToolCallDelta(0, 0, "", "f", "}"),
            ToolCallDone(0, 0, "call_0_0", "f", "{}"),
            Finished(0, "function_call"),
        ],
    ),
    "a legacy call of an answer with an id, after its text": (
        [{"id": "c1", **said("a", index=2)}, {"choices": [{"index": 2, "delta": {"function_call": {"name": "f"}}}]}],
        [
            TextDelta(2, "a"),
            ToolCallDelta(2, 0, "", "f", ""),
            TextDone(2, "a"),
            ToolCallDone(2, 0, "call_c1_2_0", "f", ""),
            Finished(2, None),
        ],
    ),
    "a call in both forms at once": (
        [
            step(
                "tool_calls",
                tool_calls=[call("f", "{}", index=0, id="a")],
                function_call={"name": "f", "arguments": "{}"},
            )
        ],
        [ToolCallDelta(0, 0, "a", "f", "{}"), ToolCallDone(0, 0, "a", "f", "{}"), Finished(0, "tool_calls")],
    ),
    "a call in both forms, the legacy one later": (
        [
            step(tool_calls=[call("f", "{}", index=0, id="a")]),
            step("stop", function_call={"name": "f", "arguments": "{}"}),
        ],
        [ToolCallDelta(0, 0, "a", "f", "{}"), ToolCallDone(0, 0, "a", "f", "{}"), Finished(0, "stop")],
    ),
    "a call in both forms, the legacy one first, keeps two positions apart": (
        [
            step(function_call={"name": "f", "arguments": "{"}),
            step(
                tool_calls=[call("f", "{", index=0), call("g", "", index=1, id="b")], function_call={"arguments": "}"}
            ),
            step("stop", tool_calls=[call(None, "}", index=0)]),
        ],
        [
            ToolCallDelta(0, 0, "", "f", "{"),
            ToolCallDelta(0, 1, "", "f", "{"),
            ToolCallDelta(0, 2, "b", "g", ""),
            ToolCallDelta(0, 1, "", "f", "}"),
            ToolCallDone(0, 1, "call_0_0", "f", "{}"),
            ToolCallDone(0, 2, "b", "g", ""),
            Finished(0, "stop"),
        ],
    ),
    "a legacy call in one choice and a tool call in another": (
        [
            {
                "choices": [
                    {"index": 1, "delta": {"tool_calls": [call("g", "1", index=0, id="b")]}},
                    {"index": 0, "delta": {"function_call": {"name": "f", "arguments": "2"}}},
                ]
            }
        ],
        [
            ToolCallDelta(1, 0, "b", "g", "1"),
            ToolCallDelta(0, 0, "", "f", "2"),
            ToolCallDone(0, 0, "call_0_0", "f", "2"),
            Finished(0, None),
            ToolCallDone(1, 0, "b", "g", "1"),
            Finished(1, None),
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


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_said_to_be_done_before_the_stream_is(name: str) -> None:
    """So that an error, which may come after every finish reason, finds nothing said that is not true."""
    accumulator = Accumulator()
    reader = EventReader(accumulator)
    events: list[Event] = []
    for document in CASES[name][0]:
        chunk = chunk_of(document)
        accumulator.add(chunk)
        events += reader.read(chunk)
    assert not [event for event in events if isinstance(event, TextDone | ToolCallDone | Finished)]


BODY = b"".join(
    [
        event({"id": "c1", **said("a")}),
        event({"id": "c1", **said("b", "stop")}),
        event({"id": "c1", **step(function_call={"name": "f", "arguments": '{"a":1}'})}),
    ]
)

TOLD = [TextDelta(0, "a"), TextDelta(0, "b"), ToolCallDelta(0, 0, "", "f", '{"a":1}')]
ENDED = [TextDone(0, "ab"), ToolCallDone(0, 0, "call_c1_0_0", "f", '{"a":1}'), Finished(0, "stop")]


@pytest.mark.parametrize(
    ("end", "events"),
    [
        (b"", [*TOLD, *ENDED]),
        (DONE, [*TOLD, *ENDED]),
        (b'data: {"error":{"message":"too hot"}}\n\n', TOLD),
        (b"data: garbage\n\n", TOLD),
        (event(said("x", index=1)), [*TOLD, TextDelta(1, "x")]),
    ],
    ids=["the end", "[DONE]", "an error", "garbage", "a cut"],
)
def test_only_a_whole_stream_ends_its_choices_however_it_is_cut(end: bytes, events: list[Event]) -> None:
    for pieces in ways_to_cut(BODY + end):
        assert events_of_body(pieces) == events


def events_of_body(pieces: list[bytes]) -> list[Event]:
    """The events of a body in pieces, as a stream tells them."""
    decoder, accumulator = ChunkDecoder(HEAD), Accumulator(HEAD)
    reader = EventReader(accumulator)
    events: list[Event] = []
    for chunks in (*map(decoder.feed, pieces), decoder.finish()):
        for chunk in chunks:
            accumulator.add(chunk)
            events += reader.read(chunk)
    return events if verdict(decoder, accumulator) else [*events, *reader.finish()]


def test_finishing_twice_tells_nothing_twice() -> None:
    accumulator = Accumulator()
    reader = EventReader(accumulator)
    accumulator.add(chunk_of(said("a")))
    assert list(reader.finish()) == [TextDone(0, "a"), Finished(0, None)]
    assert list(reader.finish()) == []
