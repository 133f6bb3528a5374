"""What some servers put elsewhere or in other forms comes out as if the API had sent it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.wire import decode
from chatsdk.errors import ResponseDecodeError
from chatsdk.types import ChatCompletion, ChatCompletionChunk, ChoiceDelta, Message

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def chunk_of(document: dict[str, Any]) -> ChatCompletionChunk:
    return decode(ChatCompletionChunk, msgspec.json.encode(document))


def delta_of(**members: Any) -> ChoiceDelta:
    return chunk_of({"choices": [{"index": 0, "delta": members}]}).choices[0].delta


def message_of(**members: Any) -> Message:
    return decode(ChatCompletion, msgspec.json.encode({"choices": [{"message": members, "finish_reason": ""}]})).message


@pytest.mark.parametrize(
    "place",
    [{"usage": USAGE}, {"x_groq": {"id": "r", "usage": USAGE}}, {"choices": [{"usage": USAGE}]}],
    ids=["the API's", "Groq's", "Moonshot's"],
)
def test_usage_is_found_wherever_it_sits(place: dict[str, Any]) -> None:
    document = {"id": "c", "choices": [], **place}
    whole = {"choices": [{"message": {"content": "a"}, **(place.get("choices") or [{}])[0]}]}

    for answer in (chunk_of(document), decode(ChatCompletion, msgspec.json.encode({**document, **whole}))):
        assert answer.usage is not None
        assert answer.usage.total_tokens == 3
        assert answer.raw["id"] == "c"


@pytest.mark.parametrize("usage", [{}, None, {"prompt_tokens": None}, []], ids=str)
def test_usage_that_says_nothing_is_none(usage: Any) -> None:
    assert chunk_of({"id": "c", "usage": usage}).usage is None
    assert chunk_of({"id": "c", "choices": {}, "usage": usage}).usage is None


def test_usage_of_nothing_but_zeros_is_one() -> None:
    usage = chunk_of({"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}).usage
    assert usage is not None


def test_a_message_stands_in_for_a_delta_that_is_missing_only() -> None:
    alone = chunk_of({"choices": [{"message": {"content": "Hello"}}]})
    both = chunk_of({"choices": [{"message": {"content": "1 2"}, "delta": {"content": "2"}}]})

    assert alone.choices[0].delta.content == "Hello"
    assert both.choices[0].delta.content == "2"


def test_a_finish_reason_in_camel_case_or_empty() -> None:
    chunk = chunk_of({"choices": [{"delta": {}, "finish_reason": None, "finishReason": "stop"}, None]})
    whole = decode(ChatCompletion, b'{"choices":[{"message":{"content":"a"},"finishReason":"stop"}]}')
    empty = decode(ChatCompletion, b'{"choices":[{"message":{"content":"a"},"finish_reason":""}]}')

    assert chunk.choices[0].finish_reason == whole.finish_reason == "stop"
    assert empty.choices[0].finish_reason is None


PARTS: list[tuple[Any, str | None, str | None]] = [
    ([{"type": "text", "text": "a"}, {"text": "b"}, "c"], "abc", None),
    ([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}], "closed": True}], None, "Hm"),
    ([{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "a"}], "a", "Hm"),
    ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}, 7]}], None, "Hm"),
    ([{"type": "reasoning", "text": "Hm"}], None, "Hm"),
    ([{"type": "thinking", "signature": "x"}, {"type": "image", "url": "x"}, 7, {"type": "text", "text": 7}], "", None),
]


@pytest.mark.parametrize(("parts", "content", "reasoning"), PARTS, ids=range(len(PARTS)))
def test_a_content_of_parts_is_taken_apart(parts: Any, content: str | None, reasoning: str | None) -> None:
    for said in (delta_of(content=parts), message_of(content=parts)):
        assert (said.content, said.reasoning) == (content, reasoning)


def test_reasoning_is_counted_once_in_whatever_form_it_comes() -> None:
    details = [{"type": "reasoning.text", "text": "H", "index": 0}, {"type": "reasoning.encrypted", "data": "x"}]

    assert delta_of(reasoning_content={"text": "Hm", "signature": "x"}).reasoning == "Hm"
    assert delta_of(reasoning="Hm", reasoning_content="Hm").reasoning == "Hm"
    assert delta_of(reasoning="H", reasoning_details=details).reasoning == "H"
    assert delta_of(reasoning="", reasoning_details=details).reasoning == "H"
    assert delta_of(reasoning_details=details[1:]).reasoning is None
    assert delta_of(content=[{"type": "thinking", "thinking": "Hm"}], reasoning="Hm").reasoning == "Hm"


def test_objects_that_say_nothing_are_absent() -> None:
    audio = {"id": "", "data": "", "transcript": "", "expires_at": 0}
    message = message_of(content="4", audio=audio, function_call={"name": "", "arguments": ""})

    assert (message.content, message.audio, message.function_call) == ("4", None, None)


def test_a_choice_that_is_no_object_is_refused_and_null_is_passed_over() -> None:
    with pytest.raises(ResponseDecodeError):
        chunk_of({"choices": [5], "usage": {}})
    with pytest.raises(ResponseDecodeError):
        chunk_of({"choices": [5.5]})
    assert chunk_of({"choices": [None, {"delta": None}], "usage": {}}).choices[0].delta == ChoiceDelta()


def test_reasoning_details_are_kept_whole_for_the_next_turn() -> None:
    text, sealed = {"type": "reasoning.text", "index": 0}, {"type": "reasoning.encrypted", "index": 1}
    accumulator = Accumulator()

    for pieces in ([{**text, "text": "H"}], [{**text, "text": "m", "signature": "s"}], [{**sealed, "data": "x"}], []):
        accumulator.add(chunk_of({"choices": [{"index": 0, "delta": {"reasoning_details": pieces}}]}))

    message = accumulator.completion().message
    assert message.reasoning_details == [{**text, "text": "Hm", "signature": "s"}, {**sealed, "data": "x"}]
    assert message.reasoning == "Hm"


SIGNED = {"type": "thinking", "thinking": "Hm", "signature": "s"}
SEALED = {"type": "redacted_thinking", "data": "x"}


@pytest.mark.parametrize(
    "pieces",
    [
        [
            {"type": "thinking", "thinking": "H", "index": 0},
            {"type": "thinking", "thinking": "m", "index": 0},
            {"type": "thinking", "thinking": "", "signature": "s", "index": 0},
            {**SEALED, "index": 1},
            {**SEALED, "index": 2},
            {**SIGNED, "index": 3},
        ],
        [
            {"type": "thinking", "thinking": "H"},
            {"type": "thinking", "thinking": "m", "signature": None},
            {"type": "thinking", "signature": "s"},
            SEALED,
            SEALED,
            SIGNED,
        ],
    ],
    ids=["with an index", "without"],
)
def test_thinking_blocks_of_a_stream_add_up_to_those_of_a_one_shot_answer(pieces: list[dict[str, Any]]) -> None:
    accumulator = Accumulator()
    for piece in pieces:
        accumulator.add(chunk_of({"choices": [{"index": 0, "delta": {"thinking_blocks": [piece]}}]}))

    blocks = [SIGNED, SEALED, SEALED, SIGNED]
    message = accumulator.completion().message
    assert message == message_of(thinking_blocks=blocks)
    assert message.to_request().thinking_blocks == blocks


@pytest.mark.parametrize(
    ("told", "text", "block"),
    [
        ({"text": "Hm"}, "Hm", {"type": "thinking", "thinking": "Hm"}),
        ({"text": "Hm", "signature": "s"}, "Hm", SIGNED),
        ({"signature": "s"}, None, {"type": "thinking", "thinking": "", "signature": "s"}),
        ({"redactedContent": "x"}, None, SEALED),
        ({"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}}, "Hm", SIGNED),
        ({"reasoningContent": {"redactedContent": "x"}}, None, SEALED),
    ],
)
def test_a_thought_that_is_an_object_keeps_its_signature(
    told: dict[str, Any], text: str | None, block: dict[str, Any]
) -> None:
    for thought in (message_of(reasoning_content=told), delta_of(reasoning_content=told)):
        assert (thought.reasoning_content, thought.thinking_blocks) == (text, [block])


def test_tool_calls_without_ids_get_ids_that_no_other_has() -> None:
    function = {"name": "f", "arguments": "{}"}
    calls = [{"function": function}, {"id": "call_c_0_2", "function": function}, {"id": "", "function": function}, None]
    body = {"id": "c", "choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}

    completion = decode(ChatCompletion, msgspec.json.encode(body))

    assert [call.id for call in completion.tool_calls] == ["call_c_0_0", "call_c_0_2", "call_c_0_2_"]
    assert completion.raw["choices"][0]["message"]["tool_calls"][2]["id"] == ""
