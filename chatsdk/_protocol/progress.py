"""Whether a chunk brings the answer on. One that does not keeps a connection alive, and no more."""

from __future__ import annotations

from ..types.chunk import ChatCompletionChunk, ChoiceDelta


def is_progress(chunk: ChatCompletionChunk) -> bool:
    """Whether the chunk has a token of any kind, or the end of a choice. A role, an id or a count is neither."""
    return any(choice.finish_reason or has_token(choice.delta) for choice in chunk.choices)


def has_token(delta: ChoiceDelta) -> bool:
    """Whether the delta adds something to the answer."""
    if delta.content or delta.reasoning or delta.refusal or delta.annotations or delta.reasoning_details:
        return True
    if delta.audio is not None:
        return bool(delta.audio.data or delta.audio.transcript)
    pieces = delta.tool_calls or ()
    if delta.function_call is not None:
        return bool(delta.function_call.name or delta.function_call.arguments)
    return any(piece.id or piece.name or piece.arguments for piece in pieces)
