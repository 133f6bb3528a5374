"""What the tests of `_protocol` share: streams to write, ways to cut them, and what a body comes to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from chatsdk._error_body import COMMON_WORDS, ErrorWords
from chatsdk._head import Head
from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import ChunkDecoder, verdict
from chatsdk.errors import ChatError
from chatsdk.types import ChatCompletion, ChatCompletionChunk

HEAD = Head(200, {"x-request-id": "req_1"})

DONE = b"data: [DONE]\n\n"


def event(document: Any) -> bytes:
    """A document as one server-sent event."""
    return b"data: " + msgspec.json.encode(document) + b"\n\n"


def said(text: str, finish_reason: str | None = None, index: int = 0) -> dict[str, Any]:
    """A chunk that adds a text to a choice."""
    return {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish_reason}]}


def chunk_of(document: Any) -> ChatCompletionChunk:
    return msgspec.convert(document, ChatCompletionChunk)


def accumulated(*documents: Any) -> Accumulator:
    """What has taken in these chunks."""
    accumulator = Accumulator()
    for document in documents:
        accumulator.add(chunk_of(document))
    return accumulator


def ways_to_cut(body: bytes) -> Iterator[list[bytes]]:
    """Whole, byte by byte, and in two at every place."""
    yield [body]
    yield [body[place : place + 1] for place in range(len(body))]
    for place in range(1, len(body)):
        yield [body[:place], body[place:]]


@st.composite
def cuttings(draw: st.DrawFn, body: bytes) -> list[bytes]:
    """A body in pieces, some of which may be empty."""
    places = sorted(draw(st.lists(st.integers(0, len(body)), max_size=12)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


class Ending(NamedTuple):
    """What came of a body, and how it ended."""

    chunks: list[ChatCompletionChunk]
    done: bool
    error: ChatError | None
    completion: ChatCompletion

    @property
    def texts(self) -> list[str]:
        """The content of each chunk's first choice."""
        return [chunk.choices[0].delta.content or "" if chunk.choices else "" for chunk in self.chunks]

    @property
    def facts(self) -> tuple[Any, ...]:
        """All of it in a form that compares by value."""
        return self.chunks, self.done, type(self.error), str(self.error), self.completion


def read(pieces: Iterable[bytes], head: Head = HEAD, words: ErrorWords = COMMON_WORDS) -> Ending:
    """Decode and accumulate a streamed body as a client does."""
    decoder, accumulator = ChunkDecoder(head, words), Accumulator(head)
    chunks: list[ChatCompletionChunk] = []
    for piece in pieces:
        if not decoder.done and decoder.error is None:
            chunks += decoder.feed(piece)
    if not decoder.done and decoder.error is None:
        chunks += decoder.finish()
    for chunk in chunks:
        accumulator.add(chunk)
    return Ending(chunks, decoder.done, verdict(decoder, accumulator), accumulator.completion())


def work_of(function: Callable[[], Any]) -> int:
    """Counted work: one for each call, and the length of each text or bytes whose method is called."""
    work = 0

    def count(frame: FrameType, kind: str, called: Any) -> None:
        nonlocal work
        if kind in ("call", "c_call"):
            owner = getattr(called, "__self__", None)
            work += 1 + (len(owner) if isinstance(owner, bytes | bytearray | str) else 0)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return work
