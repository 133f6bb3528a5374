"""One chunk of a streamed answer.

Source: `CreateChatCompletionStreamResponse` of the API's OpenAPI document; custom tool calls and audio, which
it leaves out of the delta, as the API sends them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ._base import Answer, Reply, always
from .logprobs import Logprobs
from .moderation import Moderation
from .response import Annotation, details_text
from .usage import CompletionUsage


class FunctionCallChunk(Reply, frozen=True, gc=False):
    """A piece of a function call: `arguments` is to be appended."""

    name: str | None = None
    arguments: str | None = None


class CustomCallChunk(Reply, frozen=True):
    """A piece of a custom tool's call: `input` is to be appended."""

    name: str | None = None
    input: str | None = None


class ToolCallChunk(Reply, frozen=True, gc=False):
    """A piece of the tool call that `index` names; servers may leave out the index or send it as text."""

    index: int | str | None = always(None)
    id: str | None = None
    type: str | None = None
    function: FunctionCallChunk | None = None
    custom: CustomCallChunk | None = None
    extra_content: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The tool's name, or a piece of it, `""` where this piece has none."""
        called = self.custom or self.function
        return (called.name if called else None) or ""

    @property
    def arguments(self) -> str:
        """The piece of the function's arguments or of the custom tool's input."""
        if self.custom is not None:
            return self.custom.input or ""
        return (self.function.arguments if self.function else None) or ""


class AudioChunk(Reply, frozen=True):
    """A piece of a spoken answer: `data` (base64) and `transcript` are to be appended."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: int | None = None


class ChoiceDelta(Reply, frozen=True, gc=False):
    """What a chunk adds to a choice."""

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallChunk] | None = None
    function_call: FunctionCallChunk | None = None
    audio: AudioChunk | None = None
    annotations: list[Annotation] | None = None
    reasoning_content: str | None = None
    reasoning_text: str | None = msgspec.field(default=None, name="reasoning")
    reasoning_details: list[dict[str, Any]] | None = None
    thinking_blocks: list[dict[str, Any]] | None = None

    @property
    def reasoning(self) -> str | None:
        """A piece of what the model thinks first, whichever of its names the server uses."""
        said = self.reasoning_content or self.reasoning_text
        return said or (details_text(self.reasoning_details) if self.reasoning_details else None)


class ChunkChoice(Reply, frozen=True, gc=False):
    """The part of a chunk that belongs to one of the `n` answers."""

    index: int = always(0)
    delta: ChoiceDelta = always(ChoiceDelta())
    finish_reason: str | None = always(None)
    logprobs: Logprobs | None = None


class ChatCompletionChunk(Answer, frozen=True):
    """A chunk as it came. The one with `usage` (and no choices) comes last, if it was asked for."""

    id: str = always("")
    choices: list[ChunkChoice] = always([])
    created: int = always(0)
    model: str = always("")
    object: str = always("chat.completion.chunk")
    moderation: Moderation | None = None
    obfuscation: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None
