"""A choice's step in a stream, flat: what `stream.deltas()` yields."""

from __future__ import annotations

from msgspec import Struct

from .chunk import AudioChunk, ToolCallChunk


class Delta(Struct, frozen=True, gc=False):
    """What one chunk adds to the choice `index`. Pieces of text are to be appended."""

    index: int
    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallChunk] | None = None
    audio: AudioChunk | None = None
    finish_reason: str | None = None
