"""Completions that the library puts together out of chunks are ones the API's schema allows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatsdk import Accumulator, to_json
from chatsdk._protocol.wire import decode
from chatsdk.types import ChatCompletion, ChatCompletionChunk

from .schemas import own_validator, spec_validator

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1760000000, "model": "gpt-5.4-mini"}
TOKEN = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}}
CITATION = {"url": "https://example.com", "title": "Example", "start_index": 0, "end_index": 2}
MODERATION = {name: {"type": "error", "code": "c", "message": "m"} for name in ("input", "output")}

Chunk = dict[str, Any]


def says(finish_reason: str | None = None, index: int = 0, logprobs: Any = None, **delta: Any) -> Chunk:
    """A chunk with one choice."""
    choice = {"index": index, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}
    return HEAD | {"choices": [choice]}


def tells(**members: Any) -> Chunk:
    """A chunk without choices."""
    return HEAD | {"choices": []} | members


def calls(call: dict[str, Any], finish_reason: str | None = None) -> Chunk:
    """A chunk with a piece of a tool call."""
    return says(finish_reason, tool_calls=[call])


STREAMS: dict[str, list[Chunk]] = {
    "content": [says(role="assistant", content=""), says(content="Hi"), says("stop")],
    "nothing said": [says(role="assistant"), says("stop")],
    "choices in any order": [says(index=1, content="b"), says("stop", content="a"), says("length", index=1)],
    "a tool call": [
        calls({"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}),
        calls({"index": 0, "function": {"arguments": "{}"}}),
        says("tool_calls"),
    ],
    "a tool call of a server that says little": [calls({"function": {"name": "f"}}, "tool_calls")],
    "a custom tool's call": [
        calls({"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "g"}}),
        calls({"index": 0, "custom": {"input": "text"}}, "tool_calls"),
    ],
    "a function call": [
        says(function_call={"name": "f"}),
        says("function_call", function_call={"arguments": "{}"}),
    ],
    "a refusal": [says(refusal="I would "), says("stop", refusal="rather not.")],
    "reasoning": [says(reasoning_content="Hm."), says(reasoning="Hm."), says("stop", content="4")],
    "annotations": [says("stop", annotations=[{"type": "url_citation", "url_citation": CITATION}])],
    "audio": [
        says(audio={"id": "audio_1", "transcript": "Hi"}),
        says(audio={"data": "AAAA"}),
        says("stop", audio={"data": "AAAA", "expires_at": 1760000000}),
    ],
    "audio cut short": [says("length", audio={"transcript": "Hi"})],
    "logprobs of content": [says("stop", logprobs={"content": [TOKEN], "refusal": None})],
    "logprobs of a refusal": [says("stop", logprobs={"refusal": [TOKEN, TOKEN]})],
    "usage": [says("stop"), tells(usage=USAGE)],
    "usage null until the end": [says("stop") | {"usage": None}, tells(usage=USAGE)],
    "moderation": [says("stop"), tells(moderation=MODERATION)],
    "tier and fingerprint": [says("stop") | {"service_tier": "flex", "system_fingerprint": "fp_1"}],
    "tier and fingerprint null": [says("stop") | {"service_tier": None, "system_fingerprint": None}],
}

each_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=list(STREAMS))


@each_stream
def test_what_chunks_add_up_to_is_valid(stream: list[Chunk]) -> None:
    own_validator("completion").validate(composed(stream))


@each_stream
def test_what_chunks_add_up_to_is_valid_by_the_apis_own_schema(stream: list[Chunk]) -> None:
    spec_validator("CreateChatCompletionResponse").validate(composed(stream))


@each_stream
def test_what_chunks_add_up_to_reads_back_the_same(stream: list[Chunk]) -> None:
    document = composed(stream)
    answer = decode(ChatCompletion, json.dumps(document).encode())
    assert json.loads(to_json(answer)) == document


def composed(stream: list[Chunk]) -> Any:
    """The JSON of the completion that the chunks add up to."""
    accumulator = Accumulator()
    for chunk in stream:
        accumulator.add(decode(ChatCompletionChunk, json.dumps(chunk).encode()))
    return json.loads(to_json(accumulator.completion()))
