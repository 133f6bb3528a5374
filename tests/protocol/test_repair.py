"""JSON that is not quite the API's is read for what it must mean, and the common stream never comes near this."""

from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarks import workloads
from chatsdk._head import Head
from chatsdk._protocol import wire
from chatsdk._protocol.chunks import ChunkDecoder
from chatsdk._protocol.wire import decode
from chatsdk.errors import ResponseDecodeError
from chatsdk.types import ChatCompletion, ChatCompletionChunk


def body_of(**members: str) -> bytes:
    inner = ",".join(f'"{name}":{value}' for name, value in members.items())
    return f"{{{inner}}}".encode()


def message(**members: str) -> bytes:
    return body_of(choices=f'[{{"message":{body_of(**members).decode()}}}]')


CASES: dict[str, tuple[bytes, str, Any]] = {
    "null for a text": (body_of(id="null"), "id", ""),
    "null for a list": (body_of(choices="null"), "choices", []),
    "null in a list": (body_of(choices='[null,{"index":1}]'), "choices.0.index", 1),
    "null for an object": (body_of(choices='[{"message":null}]'), "choices.0.message.content", None),
    "an empty list for an object": (body_of(choices='[{"message":[]}]'), "choices.0.message.role", "assistant"),
    "an empty object for a list": (body_of(choices="{}"), "choices", []),
    "an empty text for an object": (body_of(metadata='""', id="7"), "metadata", None),
    "a number for a text": (body_of(id="7"), "id", "7"),
    "a text for a whole number": (body_of(created='"17"'), "created", 17),
    "a broken number for a whole one": (body_of(created="17.9"), "created", 17),
    "a word for a whole number": (body_of(created='"soon"'), "created", 0),
    "an infinite text for a whole number": (body_of(created='"1e999"'), "created", 0),
    "a huge whole number": (body_of(created="10176929106694746000"), "created", 10176929106694746000),
    "a whole number with a point": (body_of(usage='{"total_tokens":2.0}'), "usage.total_tokens", 2),
    "a text for an index": (body_of(choices='[{"index":"3"}]'), "choices.0.index", 3),
    "a number for a content": (message(content="1"), "text", "1"),
    "parts for a content": (
        message(content='[{"type":"text","text":"He"},"l",{"type":"image"},{"text":"lo"}]'),
        "text",
        "Hello",
    ),
    "an object for arguments": (
        message(tool_calls='[{"id":7,"function":{"name":"f","arguments":{"ä":[1]}}}]'),
        "choices.0.message.tool_calls.0.arguments",
        '{"ä": [1]}',
    ),
    "a number for an id of a call": (
        message(tool_calls='[{"id":7,"function":{"name":"f","arguments":null}}]'),
        "choices.0.message.tool_calls.0.id",
        "7",
    ),
    "a number for a truth": (
        body_of(id="7", moderation='{"input":{"results":[{"flagged":1}]}}'),
        "moderation.input.results.0.flagged",
        False,
    ),
    "a truth among metadata": (body_of(metadata='{"a":true,"b":null}'), "metadata", {"a": "true"}),
    "NaN for a number": (
        body_of(choices='[{"logprobs":{"content":[{"token":"a","logprob":-Infinity,"bytes":[1.0]}]}}]'),
        "choices.0.logprobs.content.0.logprob",
        None,
    ),
    "a number as text": (
        body_of(choices='[{"logprobs":{"content":[{"logprob":"-0.5"}]}}]'),
        "choices.0.logprobs.content.0.logprob",
        -0.5,
    ),
    "a pair of surrogates": (message(content='"\\ud83d\\ude00"'), "text", "\U0001f600"),
    "half a pair of surrogates": (message(content='"a\\ud83d"', tool_calls="[]"), "text", "a\ufffd"),
    "half a pair in a key": (body_of(metadata='{"\\ud83d":"a"}', usage='{"total_tokens":7}'), "usage.total_tokens", 7),
    "bad UTF-8": (b'{"id":"a\xff","choices":null}', "id", "a\ufffd"),
    "a byte order mark": (b'\xef\xbb\xbf{"id":"a"}', "id", "a"),
}


def found(answer: Any, path: str) -> Any:
    for step in path.split("."):
        answer = answer[int(step)] if step.isdecimal() else getattr(answer, step)
    return answer


@pytest.mark.parametrize("name", CASES)
def test_an_odd_document_is_read_for_what_it_means(name: str) -> None:
    body, path, value = CASES[name]

    answer = decode(ChatCompletion, body)

    assert found(answer, path) == value
    assert answer.raw.keys() <= {"id", "choices", "created", "usage", "metadata", "moderation"}


@pytest.mark.parametrize(
    "body",
    [
        body_of(choices="5"),
        body_of(choices='[{"message":"Hello"}]'),
        body_of(choices='{"0":{}}'),
        body_of(metadata="[1]"),
        b'{"choices":[',
        b"[{}]",
        b"[" * 100_000,
    ],
    ids=lambda body: body[:30],
)
def test_what_would_be_lost_silently_is_refused(body: bytes) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode(ChatCompletion, body)

    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_the_common_stream_never_takes_the_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    slow: list[bytes] = []
    monkeypatch.setattr(wire, "read_odd_json", lambda body, halves: slow.append(body) or {})
    decoder = ChunkDecoder(Head(200))

    chunks = [chunk for packet in workloads.packets(3, 1000, 8) for chunk in decoder.feed(packet)]

    assert (len(chunks), slow) == (1000, [])
    decode(ChatCompletionChunk, b'{"id":null}')
    assert len(slow) == 1


def test_raw_keeps_what_is_not_a_number() -> None:
    answer = decode(ChatCompletion, b'{"id":"a","timings":{"speed":NaN}}')

    assert math.isnan(answer.raw["timings"]["speed"])


def pieces_of(*choices: str) -> list[tuple[str | None, str | None]]:
    """Content and reasoning of each chunk of a stream with these choices."""
    decoder = ChunkDecoder(Head(200))
    chunks = [c for choice in choices for c in decoder.feed(f'data: {{"choices":[{choice}]}}\n\n'.encode())]
    return [(c.choices[0].delta.content, c.choices[0].delta.reasoning) for c in chunks]


def test_a_character_cut_in_two_by_deltas_is_one_again() -> None:
    first, second = '{"index":0,"delta":{"content":"a\\ud83d"}}', '{"index":0,"delta":{"content":"\\ude00b"}}'
    assert pieces_of(first, second) == [("a", None), ("\U0001f600b", None)]

    between = '{"index":1,"delta":{"content":"x"}}'
    silent = '{"index":0,"delta":{"tool_calls":null}}'
    assert pieces_of(first, between, silent, second)[-1] == ("\U0001f600b", None)

    thought = ['{"index":0,"delta":{"reasoning":"\\uD83D"}}', '{"index":0,"delta":{"reasoning":"\\uDE00"}}']
    assert pieces_of(*thought) == [(None, None), (None, "\U0001f600")]


def test_half_a_character_whose_other_half_never_comes_is_replaced() -> None:
    first = '{"index":0,"delta":{"content":"a\\ud83d"}}'
    end = '{"index":0,"delta":{},"finish_reason":"stop"}'
    assert pieces_of(first, end) == [("a", None), ("\ufffd", None)]
    assert pieces_of(first, '{"index":0,"delta":{"content":"b"}}') == [("a", None), ("\ufffdb", None)]
    assert pieces_of('{"index":0,"delta":{"content":"a\\ud83d"},"finish_reason":"stop"}') == [("a\ufffd", None)]
    assert pieces_of('{"index":0,"delta":{"content":"\\ude00a"}}', '{"delta":null}')[0] == ("\ufffda", None)


def test_choices_without_a_delta_leave_what_is_kept_alone() -> None:
    first, second = '{"index":0,"delta":{"content":"a\\ud83d"}}', '{"index":0,"delta":{"content":"\\ude00b"}}'
    assert pieces_of(first, '{"index":0,"delta":null}', second)[-1] == ("\U0001f600b", None)
