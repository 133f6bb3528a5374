"""What brings an answer on, and what only keeps a connection alive."""

from __future__ import annotations

from typing import Any

import pytest

from chatsdk._protocol.progress import is_progress
from chatsdk._protocol.wire import decode
from chatsdk.types import ChatCompletionChunk

TOKENS: dict[str, dict[str, Any]] = {
    "content": {"content": "a"},
    "reasoning_content": {"reasoning_content": "a"},
    "reasoning": {"reasoning": "a"},
    "reasoning_details": {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]},
    "thinking_blocks": {"thinking_blocks": [{"type": "thinking", "thinking": "a"}]},
    "refusal": {"refusal": "a"},
    "annotations": {"annotations": [{"type": "url_citation"}]},
    "audio": {"audio": {"data": "YQ=="}},
    "transcript": {"audio": {"transcript": "a"}},
    "function_call": {"function_call": {"name": "f"}},
    "tool_calls": {"tool_calls": [{"index": 0, "id": "c"}]},
    "tool_calls beside hollow audio": {"audio": {"id": "x"}, "tool_calls": [{"index": 0, "function": {"name": "f"}}]},
}

NOTHING: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a role": {"role": "assistant", "content": ""},
    "null": {"content": None, "tool_calls": None},
    "hollow audio": {"audio": {"id": "x"}},
    "a hollow call": {"tool_calls": [{"index": 0, "function": {"arguments": ""}}], "function_call": {"arguments": ""}},
}


def chunk(delta: dict[str, Any], finish: str | None = None) -> ChatCompletionChunk:
    import msgspec

    document = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return decode(ChatCompletionChunk, msgspec.json.encode(document))


@pytest.mark.parametrize("delta", TOKENS.values(), ids=TOKENS)
def test_a_token_of_any_kind_is_progress(delta: dict[str, Any]) -> None:
    assert is_progress(chunk(delta))


@pytest.mark.parametrize("delta", NOTHING.values(), ids=NOTHING)
def test_what_adds_nothing_is_none_unless_it_ends_the_choice(delta: dict[str, Any]) -> None:
    assert not is_progress(chunk(delta))
    assert is_progress(chunk(delta, "stop"))


def test_a_chunk_without_choices_is_none() -> None:
    assert not is_progress(decode(ChatCompletionChunk, b'{"choices":[],"usage":{"total_tokens":3}}'))
