"""What chunks add up to. One accumulator serves every view of a stream, and is of use alone.

Pieces are kept in lists and joined when somebody asks, so that the work stays linear in what came.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from .._head import Head
from ..errors import ResponseDecodeError
from ..types.chunk import (
    AudioChunk,
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    FunctionCallChunk,
    ToolCallChunk,
)
from ..types.logprobs import Logprobs, TokenLogprob
from ..types.moderation import Moderation
from ..types.response import Annotation, Audio, ChatCompletion, Choice, CustomCall, FunctionCall, Message, ToolCall
from ..types.usage import CompletionUsage

MAX_INDEX = 127
"""The API allows 128 choices; no answer holds more tool calls than that either."""


INDEX = re.compile(r"-?[0-9]{1,9}")


class Text:
    """A text that grows. `None` until a piece came: an empty piece is text, no piece is not."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str | None) -> None:
        if piece is not None:
            self._pieces.append(piece)

    def value(self) -> str | None:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else None

    def __str__(self) -> str:
        return self.value() or ""

    def __bool__(self) -> bool:
        return bool(self._pieces)


class CallState:
    """A tool call that grows. `position` counts the choice's calls in order of arrival."""

    __slots__ = ("arguments", "id", "index", "is_custom", "name", "position")

    def __init__(self, position: int, index: int | None) -> None:
        self.position = position
        self.index = index
        self.id = ""
        self.name = ""
        self.arguments = Text()
        self.is_custom = False

    def add(self, piece: ToolCallChunk) -> None:
        self.id = self.id or piece.id or ""
        self.is_custom = self.is_custom or piece.type == "custom" or piece.custom is not None
        if not self.arguments or not self.name:
            self._add_name(piece.name)
        if piece.arguments:
            self.arguments.add(piece.arguments)

    def _add_name(self, name: str) -> None:
        """Some servers send the name in pieces, others repeat all of it with every piece."""
        if name != self.name:
            self.name += name

    def value(self, made_up_id: str) -> ToolCall:
        call_id, arguments = self.id or made_up_id, str(self.arguments)
        if self.is_custom:
            return ToolCall(id=call_id, type="custom", custom=CustomCall(self.name, arguments))
        return ToolCall(id=call_id, function=FunctionCall(self.name, arguments))


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
        self._transcript.add(piece.transcript)
        if piece.data:
            self._data.append(piece.data)

    def value(self) -> Audio:
        return Audio(self.id, join_base64(self._data), str(self._transcript), self.expires_at)


class ChoiceState:
    """One of the `n` answers, growing."""

    __slots__ = (
        "_by_id",
        "_by_index",
        "annotations",
        "audio",
        "calls",
        "content",
        "finish_reason",
        "function_call",
        "index",
        "logprobs",
        "reasoning_content",
        "reasoning_text",
        "refusal",
        "role",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.role = ""
        self.content = Text()
        self.refusal = Text()
        self.reasoning_content = Text()
        self.reasoning_text = Text()
        self.finish_reason: str | None = None
        self.calls: list[CallState] = []
        self._by_id: dict[str, CallState] = {}
        self._by_index: dict[int, CallState] = {}
        self.function_call: CallState | None = None
        self.audio: AudioState | None = None
        self.annotations: list[Annotation] = []
        self.logprobs: dict[str, list[TokenLogprob]] = {}

    def add(self, choice: ChunkChoice) -> Sequence[CallState]:
        """Take in a choice's part of a chunk; the tool calls that its pieces went to, one for each piece."""
        delta = choice.delta
        self.content.add(delta.content)
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason
        if choice.logprobs is not None:
            self._add_logprobs(choice.logprobs)
        self.refusal.add(delta.refusal)
        self.reasoning_content.add(delta.reasoning_content)
        self.reasoning_text.add(delta.reasoning_text)
        self._add_rare(delta)
        return [self._add_call(piece) for piece in delta.tool_calls] if delta.tool_calls else ()

    def _add_rare(self, delta: ChoiceDelta) -> None:
        self.role = self.role or delta.role or ""
        if delta.function_call is not None:
            self._add_function_call(delta.function_call)
        if delta.audio is not None:
            self.audio = self.audio or AudioState()
            self.audio.add(delta.audio)
        if delta.annotations:
            self.annotations += delta.annotations

    def _add_function_call(self, piece: FunctionCallChunk) -> None:
        self.function_call = self.function_call or CallState(0, None)
        self.function_call.add(ToolCallChunk(function=piece))

    def _add_logprobs(self, logprobs: Logprobs) -> None:
        for name, tokens in (("content", logprobs.content), ("refusal", logprobs.refusal)):
            if tokens:
                self.logprobs.setdefault(name, []).extend(tokens)

    def _add_call(self, piece: ToolCallChunk) -> CallState:
        index = call_index(piece)
        call = self._known_call(piece.id, index)
        if call is None:
            call = CallState(len(self.calls), index)
            if call.position > MAX_INDEX:
                raise ResponseDecodeError(f"more than {MAX_INDEX + 1} tool calls in one answer")
            self.calls.append(call)
        if index is not None:
            self._by_index[index] = call
        if piece.id:
            self._by_id[piece.id] = call
        call.add(piece)
        return call

    def _known_call(self, id: str | None, index: int | None) -> CallState | None:
        """The call a piece belongs to: by its id, else by its index, else the latest one.

        One id at two indexes is two calls, and so are two ids at one index.
        """
        if not id and index is None:
            return self.calls[-1] if self.calls else None
        by_id = self._by_id.get(id or "")
        if by_id and (index is None or by_id.index in (None, index)):
            return by_id
        by_index = None if index is None else self._by_index.get(index)
        return None if by_index and by_index.id and id else by_index

    def ordered_calls(self) -> list[CallState]:
        """In order of index, those without one in order of arrival."""
        return sorted(self.calls, key=lambda call: call.position if call.index is None else call.index)

    def made_up_id(self, call: CallState, answer_id: str) -> str:
        """For a call that came without an id: the next turn of the conversation needs one."""
        made_up = "_".join(filter(None, ("call", answer_id, str(self.index), str(call.position))))
        while made_up in self._by_id:
            made_up += "_"
        return made_up

    def value(self, answer_id: str) -> Choice:
        legacy = self.function_call
        message = Message(
            role=self.role or "assistant",
            content=self.content.value(),
            refusal=self.refusal.value(),
            tool_calls=[call.value(self.made_up_id(call, answer_id)) for call in self.ordered_calls()] or None,
            annotations=list(self.annotations) or None,
            audio=self.audio.value() if self.audio else None,
            function_call=FunctionCall(legacy.name, str(legacy.arguments)) if legacy else None,
            reasoning_content=self.reasoning_content.value(),
            reasoning_text=self.reasoning_text.value(),
        )
        tokens = {name: list(found) for name, found in self.logprobs.items()}
        return Choice(self.index, message, self.finish_reason, Logprobs(**tokens) if tokens else None)


class Accumulator:
    """`add` chunks; `completion` is what they add up to so far, at any time and as often as wanted."""

    def __init__(self, head: Head | None = None) -> None:
        self.choices: dict[int, ChoiceState] = {}
        self.usage: CompletionUsage | None = None
        self.is_empty = True
        self.latest_calls: list[Sequence[CallState]] = []  # of the last chunk's choices, those its pieces went to
        self.head = head
        self.id = ""
        self._model = ""
        self._created = 0
        self._moderation: Moderation | None = None
        self._service_tier: str | None = None
        self._system_fingerprint: str | None = None

    @property
    def finished(self) -> bool:
        """Whether every choice seen has its finish reason, and one was seen."""
        return bool(self.choices) and all(choice.finish_reason for choice in self.choices.values())

    def add(self, chunk: ChatCompletionChunk) -> None:
        """Take in a chunk. Raises `ResponseDecodeError` for an index no answer can have."""
        self.is_empty = False
        self.latest_calls = []
        for choice in chunk.choices:
            state = self.choices.get(choice.index)
            if state is None:
                state = self.choices[choice.index] = ChoiceState(checked_index(choice.index))
            self.latest_calls.append(state.add(choice))
        if not self.id or not self._model:
            self.id = self.id or chunk.id
            self._model = self._model or chunk.model
            self._created = self._created or chunk.created
        self.usage = chunk.usage or self.usage
        self._moderation = chunk.moderation or self._moderation
        self._service_tier = chunk.service_tier or self._service_tier
        self._system_fingerprint = chunk.system_fingerprint or self._system_fingerprint

    def completion(self) -> ChatCompletion:
        """The completion so far; an empty one before the first chunk. Choices stand in order of index."""
        completion = ChatCompletion(
            id=self.id,
            choices=[self.choices[index].value(self.id) for index in sorted(self.choices)],
            created=self._created,
            model=self._model,
            moderation=self._moderation,
            service_tier=self._service_tier,
            system_fingerprint=self._system_fingerprint,
            usage=self.usage,
        )
        if self.head is not None:
            completion.__dict__["head"] = self.head
        return completion


def call_index(piece: ToolCallChunk) -> int | None:
    """The index of a piece as a number. Raises `ResponseDecodeError` for one that no answer can have."""
    index = piece.index
    if isinstance(index, str):
        if not index.strip():
            return None
        if not INDEX.fullmatch(index.strip()):
            raise ResponseDecodeError(f"a tool call has the index {index[:20]!r}")
        index = int(index)
    return None if index is None else checked_index(index)


def checked_index(index: int) -> int:
    """The index, from 0 to 127. Raises `ResponseDecodeError`."""
    if not 0 <= index <= MAX_INDEX:
        raise ResponseDecodeError(f"an index of {index} in the answer is out of range (0 to {MAX_INDEX})")
    return index


def join_base64(pieces: list[str]) -> str:
    """One base64 text out of pieces that are encoded each on its own, or cut anywhere out of one."""
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece, validate=True) for piece in pieces)).decode()
    except ValueError:
        return "".join(pieces)
