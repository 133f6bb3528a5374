"""Ways of reading a stream, each an iterator of its own kind over the same chunks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._protocol.chunks import DONE
from ._protocol.events import EventReader
from ._protocol.repeats import Run
from ._protocol.sse import encode_event
from ._protocol.wire import encode_json, to_json
from .errors import ChatError
from .types.chunk import ChatCompletionChunk, ChunkChoice
from .types.delta import Delta
from .types.event import Event

if TYPE_CHECKING:
    from ._stream import ChatStream

T = TypeVar("T")


class View(ABC, Generic[T]):
    """Items made of a stream's chunks, read one chunk at a time and only when the last one's items are used up.

    `name` is the same for all views that make the same.
    """

    __slots__ = ("_items", "_name", "_stream")

    def __init__(self, stream: ChatStream[Any], name: Hashable) -> None:
        self._stream = stream
        self._name = name
        self._items: list[T] = stream.items(name)  # the next one last

    @abstractmethod
    def of_chunk(self, chunk: ChatCompletionChunk) -> Sequence[T]:
        """The items of a chunk that the accumulator has just taken in."""

    def of_run(self, run: Run) -> list[T] | None:
        """Those of a run, one for each of its chunks, without making the chunks; `None` if it cannot."""

    def last(self) -> Iterable[T]:
        """Those that only the end of a whole stream can tell."""
        return ()

    def __aiter__(self) -> View[T]:
        return self

    async def __anext__(self) -> T:
        items, handout = self._items, self._stream.handout
        while not items:
            if handout.view is self._name:
                for item in handout.items:
                    if item:
                        made: T = item
                        return made
            if not handout.has_next() and not await self._stream.ready():
                break
            if handout.run is None or not handout.show(self._name, self.of_run):
                items += reversed(self.of_chunk(self._stream.take_chunk()))
        if not items and self._stream.outcome == "complete":
            items += reversed(list(self.last()))
        if not items:
            raise StopAsyncIteration
        return items.pop()


class TextView(View[str]):
    """The pieces of text of a choice."""

    __slots__ = ("_index",)

    def __init__(self, stream: ChatStream[Any], index: int) -> None:
        super().__init__(stream, ("text", index))
        self._index = index

    def of_chunk(self, chunk: ChatCompletionChunk) -> list[str]:
        texts = []
        for choice in chunk.choices:
            if choice.delta.content and choice.index == self._index:
                texts.append(choice.delta.content)
        return texts

    def of_run(self, run: Run) -> list[str] | None:
        return run.texts if run.member == "content" and run.index == self._index else None


class DeltaView(View[Delta]):
    """What is added to each choice, or to one."""

    __slots__ = ("_index",)

    def __init__(self, stream: ChatStream[Any], index: int | None) -> None:
        super().__init__(stream, ("deltas", index))
        self._index = index

    def of_chunk(self, chunk: ChatCompletionChunk) -> list[Delta]:
        return [as_delta(choice) for choice in chunk.choices if self._index in (None, choice.index)]

    def of_run(self, run: Run) -> list[Delta] | None:
        if run.member != "content" or self._index not in (None, run.index):
            return None
        said = as_delta(run.like.choices[0])
        at, role, thought, refusal = said.index, said.role, said.reasoning, said.refusal
        return [Delta(at, role, text, thought, refusal) for text in run.texts]


class EventView(View[Event]):
    """What happens, choice by choice."""

    __slots__ = ("_reader",)

    def __init__(self, stream: ChatStream[Any], name: Hashable, reader: EventReader) -> None:
        super().__init__(stream, name)
        self._reader = reader

    def of_chunk(self, chunk: ChatCompletionChunk) -> list[Event]:
        return self._reader.read(chunk)

    def of_run(self, run: Run) -> list[Event] | None:
        return self._reader.read_run(run)

    def last(self) -> Iterable[Event]:
        return self._reader.finish()


class Snapshots:
    """The text so far, now and then."""

    def __init__(self, stream: ChatStream[Any], every: float, clock: Callable[[], float] = monotonic) -> None:
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

    def __init__(self, stream: ChatStream[Any]) -> None:
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
