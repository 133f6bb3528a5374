"""What a chunk says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from chatsdk._protocol.wire import decode
from chatsdk.types import (
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    CustomCallChunk,
    FunctionCallChunk,
    ToolCallChunk,
)


@pytest.mark.parametrize(
    ("piece", "name", "arguments"),
    [
        (ToolCallChunk(), "", ""),
        (ToolCallChunk(function=FunctionCallChunk()), "", ""),
        (ToolCallChunk(function=FunctionCallChunk("f")), "f", ""),
        (ToolCallChunk(function=FunctionCallChunk(arguments="{}")), "", "{}"),
        (ToolCallChunk(custom=CustomCallChunk()), "", ""),
        (ToolCallChunk(custom=CustomCallChunk("g")), "g", ""),
        (ToolCallChunk(custom=CustomCallChunk(input="text")), "", "text"),
    ],
)
def test_a_piece_of_a_tool_call_has_name_and_arguments_of_whichever_kind_it_is(
    piece: ToolCallChunk, name: str, arguments: str
) -> None:
    assert (piece.name, piece.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("delta", "reasoning"),
    [
        (ChoiceDelta(), None),
        (ChoiceDelta(reasoning_content="Hm."), "Hm."),
        (ChoiceDelta(reasoning_text="Hm."), "Hm."),
        (ChoiceDelta(reasoning_content="", reasoning_text="Hm."), "Hm."),
    ],
)
def test_reasoning_is_found_by_whichever_name_it_has(delta: ChoiceDelta, reasoning: str | None) -> None:
    assert delta.reasoning == reasoning


@pytest.mark.parametrize(("json", "index"), [(b"0", 0), (b"1", 1), (b'"1"', "1"), (b"null", None)])
def test_the_index_of_a_tool_call_is_kept_as_it_came(json: bytes, index: int | str | None) -> None:
    chunk = decode(ChatCompletionChunk, b'{"choices": [{"delta": {"tool_calls": [{"index": ' + json + b"}]}}]}")
    assert chunk.choices[0].delta.tool_calls == [ToolCallChunk(index)]


@pytest.mark.parametrize(
    ("body", "chunk"),
    [
        (b"{}", ChatCompletionChunk()),
        (b'{"choices": []}', ChatCompletionChunk()),
        (b'{"choices": [{}]}', ChatCompletionChunk(choices=[ChunkChoice()])),
        (
            b'{"choices": [{"delta": {"reasoning": "Hm."}}]}',
            ChatCompletionChunk(choices=[ChunkChoice(delta=ChoiceDelta(reasoning_text="Hm."))]),
        ),
        (
            b'{"choices": [{"delta": {"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "index": 0}]}}]}',
            ChatCompletionChunk(
                choices=[
                    ChunkChoice(delta=ChoiceDelta(thinking_blocks=[{"type": "thinking", "thinking": "Hm", "index": 0}]))
                ]
            ),
        ),
        (b'{"choices": [{"delta": {"thinking_blocks": null}}]}', ChatCompletionChunk(choices=[ChunkChoice()])),
        (b'{"usage": null, "service_tier": null}', ChatCompletionChunk()),
    ],
)
def test_what_a_server_leaves_out_has_a_default(body: bytes, chunk: Any) -> None:
    assert decode(ChatCompletionChunk, body) == chunk
