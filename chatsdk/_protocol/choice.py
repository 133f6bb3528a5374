"""One of the `n` answers, growing with each chunk.

What most answers never have is made when it comes: thousands of streams may be open at once.
"""

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

NO_CALLS = ToolCalls()
"""Those of a choice that has none; never added to."""


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
        self.refusal: Text | None = None
        self.reasoning_content: Text | None = None
        self.reasoning_text: Text | None = None
        self.reasoning_details: list[dict[str, Any]] | None = None
        self.thinking_blocks: list[dict[str, Any]] | None = None
        self.finish_reason: str | None = None
        self.tool_calls = NO_CALLS
        self.function_call: CallState | None = None
        self.audio: AudioState | None = None
        self.annotations: list[Annotation] | None = None
        self.logprobs: dict[str, list[TokenLogprob]] | None = None

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
            self.refusal = grown(self.refusal, delta.refusal)
        if delta.reasoning_content is not None:
            self.reasoning_content = grown(self.reasoning_content, delta.reasoning_content)
        if delta.reasoning_text is not None:
            self.reasoning_text = grown(self.reasoning_text, delta.reasoning_text)
        if delta.role:
            self.role = self.role or delta.role
        if delta.function_call or delta.audio or delta.reasoning_details or delta.thinking_blocks or delta.annotations:
            self._add_rare(delta)
        return self._add_tool_calls(delta.tool_calls) if delta.tool_calls else ()

    def _add_tool_calls(self, pieces: Sequence[ToolCallChunk]) -> list[CallState]:
        if self.tool_calls is NO_CALLS:
            self.tool_calls = ToolCalls()
        return [self.tool_calls.add(piece) for piece in pieces]

    def _add_rare(self, delta: ChoiceDelta) -> None:
        if delta.function_call is not None:
            self._add_function_call(delta.function_call)
        if delta.audio is not None:
            self.audio = self.audio or AudioState()
            self.audio.add(delta.audio)
        if delta.reasoning_details:
            self.reasoning_details = with_details(self.reasoning_details, delta.reasoning_details)
        if delta.thinking_blocks:
            self.thinking_blocks = with_details(self.thinking_blocks, delta.thinking_blocks)
        if delta.annotations:
            self.annotations = self.annotations or []
            self.annotations += delta.annotations

    def _add_function_call(self, piece: FunctionCallChunk) -> None:
        self.function_call = self.function_call or CallState(0, None)
        self.function_call.add(ToolCallChunk(function=piece))

    def _add_logprobs(self, logprobs: Logprobs) -> None:
        for name, tokens in (("content", logprobs.content), ("refusal", logprobs.refusal)):
            if tokens:
                self.logprobs = self.logprobs or {}
                self.logprobs.setdefault(name, []).extend(tokens)

    @property
    def texts(self) -> Mapping[str, Text]:
        """The texts that have come, and the content, by their names on the wire."""
        rare = {
            "refusal": self.refusal,
            "reasoning_content": self.reasoning_content,
            "reasoning": self.reasoning_text,
        }
        return {"content": self.content} | {name: text for name, text in rare.items() if text is not None}

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
            refusal=value_of(self.refusal),
            tool_calls=self.tool_calls.value(call_prefix(answer_id, self.index)) or None,
            annotations=list(self.annotations or ()) or None,
            audio=self.audio.value() if self.audio else None,
            function_call=FunctionCall(legacy.name, str(legacy.arguments)) if legacy else None,
            reasoning_content=value_of(self.reasoning_content),
            reasoning_text=value_of(self.reasoning_text),
            reasoning_details=[dict(detail) for detail in self.reasoning_details or ()] or None,
            thinking_blocks=[without_index(block) for block in self.thinking_blocks or ()] or None,
        )
        tokens = {name: list(found) for name, found in (self.logprobs or {}).items()}
        return Choice(self.index, message, self.finish_reason, Logprobs(**tokens) if tokens else None)


def grown(text: Text | None, piece: str) -> Text:
    """The text with a piece more; a new one where there was none."""
    text = Text() if text is None else text
    text.append(piece)
    return text


def value_of(text: Text | None) -> str | None:
    """What the text is so far; `None` where none has come."""
    return None if text is None else text.value()


def with_details(details: list[dict[str, Any]] | None, pieces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasoning details or thinking blocks with more pieces; one that goes on with the last adds to its texts."""
    details = details or []
    for piece in pieces:
        last = details[-1] if details else None
        if last and goes_on(last, piece):
            said = {name: value for name, value in piece.items() if value not in (None, "")}
            texts = {name: f"{last.get(name) or ''}{said[name]}" for name in DETAIL_TEXTS if name in said}
            details[-1] = {**last, **said, **texts}
        else:
            details.append(dict(piece))
    return details


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
