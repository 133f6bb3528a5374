"""One of the `n` answers, growing with each chunk."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ..types.chunk import AudioChunk, ChoiceDelta, ChunkChoice, FunctionCallChunk, ToolCallChunk
from ..types.logprobs import Logprobs, TokenLogprob
from ..types.response import Annotation, Audio, Choice, FunctionCall, Message
from .text import Text
from .tool_calls import CallState, ToolCalls, call_prefix

DETAIL_TEXTS = ("text", "summary", "data", "thinking")
"""Members of a reasoning detail or a thinking block that come in pieces."""


class AudioState:
    """A spoken answer that grows."""

    __slots__ = ("_data", "_transcript", "expires_at", "id")

    def __init__(self) -> None:
        self.id = ""
        self.expires_at = 0
        self._data: list[str] = []
        self._transcript = Text()

    def add(self, piece: AudioChunk) -> None:
        self.id = piece.id or self.id
        self.expires_at = piece.expires_at or self.expires_at
        if piece.transcript is not None:
            self._transcript.append(piece.transcript)
        if piece.data:
            self._data.append(piece.data)

    def value(self) -> Audio:
        return Audio(self.id, join_base64(self._data), str(self._transcript), self.expires_at)


class ChoiceState:
    """One of the `n` answers, growing."""

    __slots__ = (
        "annotations",
        "audio",
        "content",
        "finish_reason",
        "function_call",
        "index",
        "logprobs",
        "reasoning_content",
        "reasoning_details",
        "reasoning_text",
        "refusal",
        "role",
        "thinking_blocks",
        "tool_calls",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.role = ""
        self.content = Text()
        self.refusal = Text()
        self.reasoning_content = Text()
        self.reasoning_text = Text()
        self.reasoning_details: list[dict[str, Any]] = []
        self.thinking_blocks: list[dict[str, Any]] = []
        self.finish_reason: str | None = None
        self.tool_calls = ToolCalls()
        self.function_call: CallState | None = None
        self.audio: AudioState | None = None
        self.annotations: list[Annotation] = []
        self.logprobs: dict[str, list[TokenLogprob]] = {}

    def add(self, choice: ChunkChoice) -> Sequence[CallState]:
        """Take in a choice's part of a chunk; the tool calls that its pieces went to, one for each piece."""
        delta = choice.delta
        if delta.content is not None:
            self.content.append(delta.content)
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason
        if choice.logprobs is not None:
            self._add_logprobs(choice.logprobs)
        if delta.refusal is not None:
            self.refusal.append(delta.refusal)
        if delta.reasoning_content is not None:
            self.reasoning_content.append(delta.reasoning_content)
        if delta.reasoning_text is not None:
            self.reasoning_text.append(delta.reasoning_text)
        if delta.role:
            self.role = self.role or delta.role
        if delta.function_call or delta.audio or delta.reasoning_details or delta.thinking_blocks or delta.annotations:
            self._add_rare(delta)
        return [self.tool_calls.add(piece) for piece in delta.tool_calls] if delta.tool_calls else ()

    def _add_rare(self, delta: ChoiceDelta) -> None:
        if delta.function_call is not None:
            self._add_function_call(delta.function_call)
        if delta.audio is not None:
            self.audio = self.audio or AudioState()
            self.audio.add(delta.audio)
        if delta.reasoning_details:
            add_details(self.reasoning_details, delta.reasoning_details)
        if delta.thinking_blocks:
            add_details(self.thinking_blocks, delta.thinking_blocks)
        if delta.annotations:
            self.annotations += delta.annotations

    def _add_function_call(self, piece: FunctionCallChunk) -> None:
        self.function_call = self.function_call or CallState(0, None)
        self.function_call.add(ToolCallChunk(function=piece))

    def _add_logprobs(self, logprobs: Logprobs) -> None:
        for name, tokens in (("content", logprobs.content), ("refusal", logprobs.refusal)):
            if tokens:
                self.logprobs.setdefault(name, []).extend(tokens)

    @property
    def texts(self) -> Mapping[str, Text]:
        """The texts by their names on the wire."""
        return {
            "content": self.content,
            "refusal": self.refusal,
            "reasoning_content": self.reasoning_content,
            "reasoning": self.reasoning_text,
        }

    def settle(self) -> None:
        """Take less memory for the same."""
        for text in self.texts.values():
            text.settle()
        for call in self.tool_calls.calls:
            call.arguments.settle()

    def value(self, answer_id: str) -> Choice:
        legacy = self.function_call
        message = Message(
            role=self.role or "assistant",
            content=self.content.value(),
            refusal=self.refusal.value(),
            tool_calls=self.tool_calls.value(call_prefix(answer_id, self.index)) or None,
            annotations=list(self.annotations) or None,
            audio=self.audio.value() if self.audio else None,
            function_call=FunctionCall(legacy.name, str(legacy.arguments)) if legacy else None,
            reasoning_content=self.reasoning_content.value(),
            reasoning_text=self.reasoning_text.value(),
            reasoning_details=[dict(detail) for detail in self.reasoning_details] or None,
            thinking_blocks=[without_index(block) for block in self.thinking_blocks] or None,
        )
        tokens = {name: list(found) for name, found in self.logprobs.items()}
        return Choice(self.index, message, self.finish_reason, Logprobs(**tokens) if tokens else None)


def add_details(details: list[dict[str, Any]], pieces: Sequence[dict[str, Any]]) -> None:
    """Append pieces of reasoning details or thinking blocks; one that goes on with the last adds to its texts."""
    for piece in pieces:
        last = details[-1] if details else None
        if last and goes_on(last, piece):
            said = {name: value for name, value in piece.items() if value not in (None, "")}
            texts = {name: f"{last.get(name) or ''}{said[name]}" for name in DETAIL_TEXTS if name in said}
            details[-1] = {**last, **said, **texts}
        else:
            details.append(dict(piece))


def goes_on(last: dict[str, Any], piece: dict[str, Any]) -> bool:
    """Whether type and index are the same; where there is no index, a signed or sealed detail is also complete."""
    if last.get("type") != piece.get("type") or last.get("index") != piece.get("index"):
        return False
    return piece.get("index") is not None or not (last.get("signature") or last.get("data"))


def without_index(block: dict[str, Any]) -> dict[str, Any]:
    """A thinking block as a one-shot answer has it, and as a request may: the index is for streams."""
    return {name: value for name, value in block.items() if name != "index"}


def join_base64(pieces: list[str]) -> str:
    """One base64 text out of pieces that are encoded each on its own, or cut anywhere out of one."""
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece, validate=True) for piece in pieces)).decode()
    except ValueError:
        return "".join(pieces)
