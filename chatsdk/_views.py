"""Ways of reading a stream, each an iterator of its own kind over the same chunks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._protocol.chunks import DONE
from ._protocol.sse import encode_event
from ._protocol.wire import encode_json, to_json
from .errors import ChatError
from .types.chunk import ChatCompletionChunk, ChunkChoice
from .types.delta import Delta

if TYPE_CHECKING:
    from ._stream import ChatStream

T = TypeVar("T")


class View(Generic[T]):
    """Items made of a stream's chunks, read one chunk at a time and only when the last one's items are used up."""

    __slots__ = ("_convert", "_finish", "_items", "_stream")

    def __init__(
        self,
        stream: ChatStream,
        name: Any,
        convert: Callable[[ChatCompletionChunk], Sequence[T]],
        finish: Callable[[], Iterable[T]] = tuple,
    ) -> None:
        self._stream = stream
        self._convert = convert
        self._finish = finish
        self._items: deque[T] = stream.items(name)

    def __aiter__(self) -> View[T]:
        return self

    async def __anext__(self) -> T:
        items, stream = self._items, self._stream
        while not items:
            chunk = stream.take_ready() or await stream.next_chunk()
            if chunk is not None:
                made = self._convert(chunk)
                if len(made) == 1:
                    return made[0]
                items.extend(made)
                continue
            if stream.outcome == "complete":
                items.extend(self._finish())
            if not items:
                raise StopAsyncIteration
        return items.popleft()


class Snapshots:
    """The text so far, now and then."""

    def __init__(self, stream: ChatStream, every: float, clock: Callable[[], float] = monotonic) -> None:
        self._stream = stream
        self._every = every
        self._clock = clock
        self._pieces: list[str] = []
        self._shown_pieces = 0
        self._shown_at = -float("inf")

    def __aiter__(self) -> Snapshots:
        return self

    async def __anext__(self) -> str:
        while (chunk := await self._stream.next_chunk()) is not None:
            self._pieces += (c.delta.content for c in chunk.choices if c.index == 0 and c.delta.content)
            if len(self._pieces) > self._shown_pieces and self._clock() - self._shown_at >= self._every:
                return self._show()
        if len(self._pieces) > self._shown_pieces:
            return self._show()
        raise StopAsyncIteration

    def _show(self) -> str:
        self._pieces = ["".join(self._pieces)]
        self._shown_pieces = 1
        self._shown_at = self._clock()
        return self._pieces[0]


class SSEBody:
    """A stream's bytes, to be sent on."""

    def __init__(self, stream: ChatStream) -> None:
        self._stream = stream
        self._has_ended = False

    def __aiter__(self) -> SSEBody:
        return self

    async def __anext__(self) -> bytes:
        if self._has_ended:
            raise StopAsyncIteration
        try:
            chunk = await self._stream.next_chunk()
        except ChatError as error:
            if self._stream.outcome == "open":
                raise  # a second consumer: the stream itself is fine
            self._has_ended = True
            return encode_event(encode_json({"error": error_object(error)}), "error")
        if chunk is not None:
            return encode_event(to_json(chunk))
        self._has_ended = True
        if self._stream.outcome != "complete":
            raise StopAsyncIteration
        return encode_event(DONE)


def as_delta(choice: ChunkChoice) -> Delta:
    """What a chunk adds to a choice, flat."""
    delta = choice.delta
    return Delta(
        choice.index,
        delta.role,
        delta.content,
        delta.reasoning,
        delta.refusal,
        delta.tool_calls,
        delta.audio,
        choice.finish_reason or None,
    )


def error_object(error: ChatError) -> dict[str, Any]:
    """What may be told to a browser of an error, in the API's own form."""
    return {
        "message": getattr(error, "message", None) or str(error),
        "type": getattr(error, "type", None) or type(error).__name__,
        "code": getattr(error, "code", None),
    }
