"""Whether a chunk brings the answer on. One that does not keeps a connection alive, and no more."""

from __future__ import annotations

from ..types.chunk import ChatCompletionChunk, ChoiceDelta


def is_progress(chunk: ChatCompletionChunk) -> bool:
    """Whether the chunk has a token of any kind, or the end of a choice. A role, an id or a count is neither."""
    return any(choice.finish_reason or has_token(choice.delta) for choice in chunk.choices)


def has_token(delta: ChoiceDelta) -> bool:
    """Whether the delta adds something to the answer."""
    call, audio = delta.function_call, delta.audio
    return bool(
        delta.content
        or delta.reasoning
        or delta.refusal
        or delta.annotations
        or delta.reasoning_details
        or delta.thinking_blocks
        or (audio and (audio.data or audio.transcript))
        or (call and (call.name or call.arguments))
        or any(piece.id or piece.name or piece.arguments for piece in delta.tool_calls or ())
    )
