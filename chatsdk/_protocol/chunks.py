"""The body of a streamed answer to chunks, and how it ended.

What came before an error is handed out before the error is: `feed` and `finish` never raise, they keep the
error in `error` for when the chunks are used up.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import TypeAlias

from .._error_body import COMMON_WORDS, ErrorWords, error_facts, facts_of, retry_hint
from .._error_text import MAX_SHOWN
from .._head import Head
from .._raw_body import decode_lenient
from ..errors import ChatError, ResponseDecodeError, ResponseTooLargeError, StreamError, StreamInterruptedError
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
from .plain import read_plain
from .repair import Halves
from .repeats import Repeats, Run
from .sse import BOM, ServerEvent, SSEDecoder, encode_event
from .wire import decode, may_hold_error, raise_error_in

DONE = b"[DONE]"
DONE_EVENT = encode_event(DONE)

BLANK = BOM + b" \t\r\n"

SSE_LINE = re.compile(rb"(?:data|event|id|retry|error)?:")

NOTHING = frozenset({b"", b'""', b"null", b'{"type":"ping"}', b'{"type": "ping"}'})
"""Data that keeps a connection alive and says nothing."""


Part: TypeAlias = list[ChatCompletionChunk] | Run
"""Chunks that came together."""


class ChunkDecoder:
    """`feed` it the bytes of a body and get chunks; `done` is whether the body said that it is whole.

    `start` is what came before the first chunk: for an answer without any, all that can be shown. `words` are those
    that the server has for its errors.
    """

    __slots__ = (
        "_body_limit",
        "_document",
        "_document_size",
        "_event_limit",
        "_events",
        "_halves",
        "_head",
        "_is_document",
        "_repeats",
        "_words",
        "done",
        "error",
        "start",
    )

    def __init__(
        self,
        head: Head,
        words: ErrorWords = COMMON_WORDS,
        *,
        event_limit: int = sys.maxsize,
        body_limit: int = sys.maxsize,
    ) -> None:
        self._head = head
        self._words = words
        self._event_limit = event_limit
        self._body_limit = body_limit
        self._events = SSEDecoder(event_limit)
        self._halves: Halves = {}
        self._repeats = Repeats()
        self._document: list[bytes] = []
        self._document_size = 0
        self._is_document: bool | None = None  # None: only white space so far
        self.start: bytes | None = b""
        self.done = False
        self.error: ChatError | None = None

    @property
    def is_document(self) -> bool:
        """Whether it is no stream, but one JSON document or page."""
        return bool(self._is_document)

    def feed(self, data: bytes) -> list[ChatCompletionChunk]:
        """The chunks that these bytes complete, up to the first error or `[DONE]`."""
        return in_chunks(self.feed_parts(data))

    def feed_parts(self, data: bytes) -> list[Part]:
        """The same chunks in parts, of which those that are runs cost next to nothing until they are made."""
        if self._events.is_between and len(data) <= self._event_limit and not self.done:
            run = self._repeats.read(data)
            if run is not None:
                return [run]
        if self._is_document is None and (start := data.lstrip(BLANK)):
            self._is_document = start[0] in b"{[<"
            data = start if self._is_document else data
        if self._is_document:
            self._keep(data)
            return []
        if self.start is not None:
            self.start = (self.start + data)[:MAX_SHOWN]
        parts = self._read_common(data)
        if parts is not None:
            return parts
        chunks = self._read(self._events.feed(data))
        if self._events.is_too_large and self.error is None:
            self.error = too_large("an event", self._event_limit, "event")
        return [chunks]

    def finish(self) -> list[ChatCompletionChunk]:
        """The chunks that only the end of the body completes."""
        if self._is_document:
            return [] if self.error else self._read_document(b"".join(self._document))
        is_sound = self.error is None
        chunks = self._read(self._events.finish())
        if is_sound and isinstance(self.error, ResponseDecodeError):
            self.error = None  # half an event: the stream is cut, which the verdict says better
        return chunks

    def _keep(self, data: bytes) -> None:
        self._document_size += len(data)
        if self._document_size <= self._body_limit:
            self._document.append(data)
        elif self.error is None:
            self._document.clear()
            self.error = too_large("the answer", self._body_limit, "body")

    def _read_common(self, data: bytes) -> list[Part] | None:
        """The chunks, where all that came is as the API sends it; `None` where anything wants a second look."""
        if self.done or self.error or self._halves:
            return None
        events = self._events
        common = events.common(data)
        parts = self._read_several(common[0]) if common else None
        if common and parts is not None:
            events.take(common[1])
        return parts

    def _read_several(self, pieces: list[bytes]) -> list[Part] | None:
        last = pieces[-1]
        is_done = last == DONE_EVENT or last.endswith(b"\n\n" + DONE_EVENT)
        if is_done:
            pieces[-1] = last.removesuffix(DONE_EVENT)
        parts: list[Part] = []
        for piece in filter(None, pieces):
            found = self._read_piece(piece)
            if found is None:
                return None
            parts += found
        self.done = is_done
        self.start = None
        return parts

    def _read_piece(self, events: bytes) -> list[Part] | None:
        first, run, last = self._repeats.find(events)
        before, after = (read_plain(events) if events else [] for events in (first, last))
        if before is None or after is None:
            return None
        if run is None and len(first) == 1:
            self._repeats.look(first[0])
        return [part for part in (before, run, after) if part]

    def _read(self, events: list[ServerEvent]) -> list[ChatCompletionChunk]:
        chunks: list[ChatCompletionChunk] = []
        for event in events:
            if self.done or self.error:
                break
            data = event.data
            if event.name == "error":
                self.error = _error_named(data, self._words)
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
            self.error = _error_in(data, self._words) or error
            return []
        if not chunk.choices or may_hold_error(data):
            self.error = _error_in(data, self._words)
        return [] if self.error else [chunk]

    def _read_document(self, body: bytes) -> list[ChatCompletionChunk]:
        """A body that is no stream: a completion is one chunk, anything else an error."""
        try:
            completion = decode_completion(body, self._head, self._words)
        except ChatError as error:
            self.error = error
            return []
        self.done = True
        return [as_chunk(completion)]


def in_chunks(parts: Iterable[Part]) -> list[ChatCompletionChunk]:
    """The chunks of all the parts."""
    return [chunk for part in parts for chunk in (part.chunks() if isinstance(part, Run) else part)]


def read_completion(body: bytes, head: Head, words: ErrorWords = COMMON_WORDS) -> ChatCompletion:
    """The completion that a body is, be it JSON or, against what was asked, a stream.

    Raises `APIStatusError` for an error body under a status of success, else what `verdict` finds.
    """
    body = body.lstrip(BLANK)
    if body[:1] in (b"{", b"[", b"<"):
        return decode_completion(body, head, words)
    decoder, accumulator = ChunkDecoder(head, words), Accumulator(head)
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


def too_large(what: str, limit: int, name: str) -> ResponseTooLargeError:
    """The error that something is over its limit."""
    return ResponseTooLargeError(f"{what} is over the limit of {limit} bytes (SizeLimits.{name})")


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


def decode_completion(body: bytes, head: Head, words: ErrorWords = COMMON_WORDS) -> ChatCompletion:
    """The completion that a JSON body is. Raises `APIStatusError` for an error body, else `ResponseDecodeError`."""
    completion = decode(ChatCompletion, body, head, words=words)
    if not completion.choices:
        raise_error_in(body, head, words)
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
        thinking_blocks=message.thinking_blocks,
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


def _error_in(data: bytes, words: ErrorWords) -> StreamError | None:
    """The error that the data of an event is; `None` where it is none."""
    document = decode_lenient(data)
    facts = error_facts(document)
    return None if facts is None else StreamError(body=data, retry_after=retry_hint(document), words=words, **facts)


def _error_named(data: bytes, words: ErrorWords) -> StreamError:
    """The error that the data of an event named `error` is, whatever it holds."""
    document = decode_lenient(data)
    facts = error_facts(document) or facts_of(document) or {"message": data.decode("utf-8", "replace")}
    return StreamError(body=data, retry_after=retry_hint(document), words=words, **facts)
