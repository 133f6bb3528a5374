"""The body of a streamed answer to chunks, and how it ended.

What came before an error is handed out before the error is: `feed` and `finish` never raise, they keep the
error in `error` for when the chunks are used up.
"""

from __future__ import annotations

from typing import Any

from .._error_body import decode_lenient, error_facts
from .._head import Head
from ..errors import (
    ChatError,
    ResponseDecodeError,
    StreamError,
    StreamInterruptedError,
)
from ..types.chunk import (
    AudioChunk,
    ChatCompletionChunk,
    ChoiceDelta,
    ChunkChoice,
    CustomCallChunk,
    FunctionCallChunk,
    ToolCallChunk,
)
from ..types.response import ChatCompletion, Choice, ToolCall
from .accumulate import Accumulator
from .sse import BOM, ServerEvent, SSEDecoder
from .wire import decode

DONE = b"[DONE]"

BLANK = BOM + b" \t\r\n"
SNIFFED = 4096
"""Leading bytes of a body that tell what it is; some servers begin with a lot of white space."""

NOTHING = frozenset({b"", b'""', b"null"})
"""Data that keeps a connection alive and says nothing."""


class ChunkDecoder:
    """`feed` it the bytes of a body and get chunks; `done` is whether the body said that it is whole."""

    __slots__ = ("_document", "_events", "_head", "_is_document", "done", "error")

    def __init__(self, head: Head) -> None:
        self._head = head
        self._events = SSEDecoder()
        self._document: list[bytes] = []
        self._is_document: bool | None = None  # None: only white space so far
        self.done = False
        self.error: ChatError | None = None

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """The chunks that these bytes complete, up to the first error or `[DONE]`."""
        if self._is_document is None and (start := data.lstrip(BLANK)):
            self._is_document = start[0] in b"{[<"
        if self._is_document:
            self._document.append(data)
            return []
        return self._read(self._events.feed(data))

    def finish(self) -> list[ChatCompletionChunk]:
        """The chunks that only the end of the body completes."""
        if self._is_document:
            return self._read_document(b"".join(self._document).removeprefix(BOM))
        chunks = self._read(self._events.finish())
        if isinstance(self.error, ResponseDecodeError):
            self.error = None  # half an event: the stream is cut, which the verdict says better
        return chunks

    def _read(self, events: list[ServerEvent]) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        for event in events:
            if self.done or self.error:
                break
            data = event.data
            if not data.startswith(b"{"):
                data = data.strip()
                self.done = data.startswith(DONE)
                if self.done or data in NOTHING:
                    continue
            if event.name == "error" or b'"error"' in data:
                self.error = _stream_error(event)
                if self.error:
                    break
            try:
                chunks.append(decode(ChatCompletionChunk, data))
            except ResponseDecodeError as error:
                self.error = error
        return chunks

    def _read_document(self, body: bytes) -> list[ChatCompletionChunk]:
        """A body that is no stream: a completion is one chunk, anything else an error."""
        try:
            completion = decode_completion(body, self._head)
        except ChatError as error:
            self.error = error
            return []
        self.done = True
        return [as_chunk(completion)]


def read_completion(body: bytes, head: Head) -> ChatCompletion:
    """The completion that a body is, be it JSON or, against what was asked, a stream.

    Raises `APIStatusError` for an error body under a status of success, else what `verdict` finds.
    """
    start = body[:SNIFFED].lstrip(BLANK)
    if not start.startswith((b"data", b"event", b"error", b"id", b"retry", b":")):
        return decode_completion(body, head)
    decoder, accumulator = ChunkDecoder(head), Accumulator(head)
    for chunk in decoder.feed(body) + decoder.finish():
        accumulator.add(chunk)
    if error := verdict(decoder, accumulator):
        error.partial = accumulator.completion()
        raise error
    return accumulator.completion()


def verdict(decoder: ChunkDecoder, accumulator: Accumulator) -> ChatError | None:
    """What is wrong with a stream that has ended; `None`: it is whole.

    It is whole after `[DONE]`, or with a finish reason for every choice seen; and never without a chunk.
    """
    if decoder.error is not None:
        return decoder.error
    if accumulator.is_empty:
        return ResponseDecodeError("the answer is empty: the stream ended without a chunk")
    if decoder.done or accumulator.finished:
        return None
    return StreamInterruptedError("the stream broke off before its end", accumulator.completion())


def decode_completion(body: bytes, head: Head) -> ChatCompletion:
    """The completion that a JSON body is. Raises `APIStatusError` for an error body, else `ResponseDecodeError`."""
    completion = decode(ChatCompletion, body, head)
    if not completion.choices:
        raise ResponseDecodeError("the answer holds no choices", body)
    return completion


def as_chunk(completion: ChatCompletion) -> ChatCompletionChunk:
    """The chunk that says all that a completion says."""
    return ChatCompletionChunk(
        id=completion.id,
        choices=[_as_chunk_choice(choice) for choice in completion.choices],
        created=completion.created,
        model=completion.model,
        moderation=completion.moderation,
        service_tier=completion.service_tier,
        system_fingerprint=completion.system_fingerprint,
        usage=completion.usage,
    )


def _as_chunk_choice(choice: Choice) -> ChunkChoice:
    message = choice.message
    legacy, audio = message.function_call, message.audio
    delta = ChoiceDelta(
        role=message.role,
        content=message.content,
        refusal=message.refusal,
        tool_calls=[_as_call_chunk(position, call) for position, call in enumerate(message.tool_calls or ())] or None,
        function_call=FunctionCallChunk(legacy.name, legacy.arguments) if legacy else None,
        audio=AudioChunk(audio.id, audio.data, audio.transcript, audio.expires_at) if audio else None,
        annotations=message.annotations,
        reasoning_content=message.reasoning_content,
        reasoning_text=message.reasoning_text,
    )
    return ChunkChoice(choice.index, delta, choice.finish_reason, choice.logprobs)


def _as_call_chunk(position: int, call: ToolCall) -> ToolCallChunk:
    function, custom = call.function, call.custom
    return ToolCallChunk(
        index=position,
        id=call.id,
        type=call.type,
        function=FunctionCallChunk(function.name, function.arguments) if function else None,
        custom=CustomCallChunk(custom.name, custom.input) if custom else None,
    )


def _stream_error(event: ServerEvent) -> StreamError | None:
    """The error that an event is; any event named `error` is one, whatever it holds."""
    document = decode_lenient(event.data)
    facts: dict[str, Any] | None = error_facts(document)
    if facts is None and event.name == "error":
        facts = error_facts({"error": document or event.data.decode("utf-8", "replace")})
    if facts is None:
        return None
    code = facts.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    message = facts.get("message") or "the server sent an error"
    return StreamError(message, code=code, type=facts.get("type"), status=status)
