"""The body of a streamed answer to chunks, and how it ended.

What came before an error is handed out before the error is: `feed` and `finish` never raise, they keep the
error in `error` for when the chunks are used up.
"""

from __future__ import annotations

import re
from typing import Any

from .._error_body import decode_lenient, error_facts, facts_of, retry_hint
from .._head import Head
from ..errors import MAX_SHOWN, ChatError, ResponseDecodeError, StreamError, StreamInterruptedError
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
from .repair import Halves
from .sse import BOM, ServerEvent, SSEDecoder
from .wire import decode, raise_error_in

DONE = b"[DONE]"

BLANK = BOM + b" \t\r\n"

SSE_LINE = re.compile(rb"(?:data|event|id|retry|error)?:")

NOTHING = frozenset({b"", b'""', b"null", b'{"type":"ping"}', b'{"type": "ping"}'})
"""Data that keeps a connection alive and says nothing."""


class ChunkDecoder:
    """`feed` it the bytes of a body and get chunks; `done` is whether the body said that it is whole.

    `start` is what came before the first chunk: for an answer without any, all that can be shown.
    """

    __slots__ = ("_document", "_events", "_halves", "_head", "_is_document", "done", "error", "start")

    def __init__(self, head: Head) -> None:
        self._head = head
        self._events = SSEDecoder()
        self._halves: Halves = {}
        self._document: list[bytes] = []
        self._is_document: bool | None = None  # None: only white space so far
        self.start: bytes | None = b""
        self.done = False
        self.error: ChatError | None = None

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """The chunks that these bytes complete, up to the first error or `[DONE]`."""
        if self._is_document is None and (start := data.lstrip(BLANK)):
            self._is_document = start[0] in b"{[<"
            data = start if self._is_document else data
        if self._is_document:
            self._document.append(data)
            return []
        if self.start is not None:
            self.start = (self.start + data)[:MAX_SHOWN]
        return self._read(self._events.feed(data))

    def finish(self) -> list[ChatCompletionChunk]:
        """The chunks that only the end of the body completes."""
        if self._is_document:
            return self._read_document(b"".join(self._document))
        is_sound = self.error is None
        chunks = self._read(self._events.finish())
        if is_sound and isinstance(self.error, ResponseDecodeError):
            self.error = None  # half an event: the stream is cut, which the verdict says better
        return chunks

    def _read(self, events: list[ServerEvent]) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        for event in events:
            if self.done or self.error:
                break
            data = event.data
            if event.name == "error":
                self.error = _stream_error(data) or _any_error(data)
                continue
            if not data.startswith(b"{") or data in NOTHING:
                data = data.strip()
                self.done = data.strip(b'"').startswith(DONE)
                if self.done or data in NOTHING:
                    continue
            chunks += self._read_chunk(data)
        if chunks or self.done:
            self.start = None
        return chunks

    def _read_chunk(self, data: bytes) -> list[ChatCompletionChunk]:
        """Data of several lines that is no JSON as a whole is events whose blank lines are missing."""
        try:
            chunk = decode(ChatCompletionChunk, data, halves=self._halves)
        except ResponseDecodeError as error:
            if b"\n" in data:
                return self._read([ServerEvent(line) for line in data.split(b"\n")])
            self.error = _stream_error(data) or error
            return []
        if b'"error"' in data or not chunk.choices:
            self.error = _stream_error(data)
        return [] if self.error else [chunk]

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
    body = body.lstrip(BLANK)
    if body[:1] in (b"{", b"[", b"<"):
        return decode_completion(body, head)
    decoder, accumulator = ChunkDecoder(head), Accumulator(head)
    chunks = decoder.feed(body) + decoder.finish()
    try:
        for chunk in chunks:
            accumulator.add(chunk)
        if error := verdict(decoder, accumulator):
            raise error
    except ChatError as error:
        error.partial = None if accumulator.is_empty else accumulator.completion()
        raise
    return accumulator.completion()


def verdict(decoder: ChunkDecoder, accumulator: Accumulator) -> ChatError | None:
    """What is wrong with a stream that has ended; `None`: it is whole.

    It is whole after `[DONE]`, or with a finish reason for every choice seen; and never without a chunk.
    """
    if decoder.error is not None:
        return decoder.error
    if accumulator.is_empty:
        start = (decoder.start or b"").strip()
        if not start or not SSE_LINE.match(start):
            return ResponseDecodeError("the answer is empty: it holds no chunk", start)
    elif decoder.done or accumulator.finished:
        return None
    return StreamInterruptedError("the stream broke off before its end", accumulator.completion())


def decode_completion(body: bytes, head: Head) -> ChatCompletion:
    """The completion that a JSON body is. Raises `APIStatusError` for an error body, else `ResponseDecodeError`."""
    completion = decode(ChatCompletion, body, head)
    if not completion.choices:
        raise_error_in(body, head)
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
        reasoning_details=message.reasoning_details,
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
        extra_content=call.extra_content,
    )


def _stream_error(data: bytes) -> StreamError | None:
    """The error that the data of an event is."""
    document = decode_lenient(data)
    facts = error_facts(document)
    return None if facts is None else _as_stream_error(facts, document)


def _any_error(data: bytes) -> StreamError:
    """The data of an event that is named `error`, whatever it holds."""
    document = decode_lenient(data)
    return _as_stream_error(facts_of(document) or {"message": data.decode("utf-8", "replace")}, document)


def _as_stream_error(facts: dict[str, Any], document: Any) -> StreamError:
    message = facts.get("message") or "the server sent an error"
    hint, status = retry_hint(document), facts.get("status")
    return StreamError(message, code=facts.get("code"), type=facts.get("type"), status=status, retry_after=hint)
