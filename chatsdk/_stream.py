"""A streamed answer as its user sees it: views of one decoder and one accumulator.

Iterators are classes and no generators: one that is left or lost has nothing to clean up.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, overload

from ._caller import Caller
from ._live import LiveAnswer
from ._protocol.events import EventReader
from ._protocol.handout import CHUNKS
from ._protocol.repeats import Run
from ._views import DeltaView, EventView, Snapshots, SSEBody, TextView, View
from .types.chunk import ChatCompletionChunk
from .types.delta import Delta
from .types.event import Event
from .types.response import ChatCompletion

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from ._protocol.expected import Expected
    from ._typed_views import ElementsView, PartialsView
    from .types.parsed import ParsedCompletion

    T = TypeVar("T", default=None)
    E = TypeVar("E")
else:
    from typing import TypeVar

    T = TypeVar("T")


class ChatStream(LiveAnswer, Generic[T]):
    """A streamed answer, opened by `async with`, by the first step of an iteration, or by `create(stream=True)`.

    Iterating gives `ChatCompletionChunk`s as they come; `text()`, `deltas()` and `events()` are other views of the
    same stream, and each chunk is seen by one of them only. It has one consumer: a second one at the same time is a
    `UsageError`. A stream that ends early raises `StreamInterruptedError`; every error of a stream has in `partial`
    what had come, and comes again if the stream is asked again.

    Until its first token has come a failure is retried, as the client's `RetryPolicy` says; chunks before that, which
    hold a role and the like, are kept back. After it nothing is tried again.

    With `response_type=T` it is a `ChatStream[T]`: `partials()` and `elements()` give the value while it comes, and
    `completion()` is a `ParsedCompletion[T]`.
    """

    def __init__(self, caller: Caller, url: str, body: bytes, expected: Expected[Any] | None = None) -> None:
        super().__init__(caller, url, body)
        self._expected = expected
        self._read: ChatCompletion | None = None  # the whole completion, as what was expected
        self._items: dict[Any, list[Any]] = {}  # what each view has made of a chunk and not handed out yet
        self._event_reader: EventReader | None = None

    def text(self, index: int = 0) -> View[str]:
        """The pieces of text of a choice, none of them empty."""

        return TextView(self, index)

    def deltas(self, index: int | None = None) -> View[Delta]:
        """What each chunk adds to each choice, or to the choice `index`."""

        return DeltaView(self, index)

    def events(self) -> View[Event]:
        """What happens, choice by choice; see `chatsdk.types.event`."""
        self._event_reader = self._event_reader or EventReader(self.accumulator)
        return EventView(self, "events", self._event_reader)

    def snapshots(self, every: float = 1.0) -> Snapshots:
        """The whole text of choice 0 so far, at most once in `every` seconds, and always at the end.

        For a bot that edits a message: it is looked at as chunks come, so a pause of the server is one here.
        """
        return Snapshots(self, every)

    def sse(self) -> SSEBody:
        """The bytes of a server-sent event stream to pass on to a browser: the chunks as they came, then `[DONE]`.

        A stream that fails ends with an event `error` in place of `[DONE]`, and does not raise.
        """
        return SSEBody(self)

    def partials(self, index: int = 0) -> PartialsView[T]:
        """The value of a choice as it grows; see `PartialsView`. Raises `UsageError` without `response_type`."""
        from ._typed_views import PartialsView

        return PartialsView(self, self._expected, index)

    @overload
    def elements(self: ChatStream[list[E]], field: None = None, index: int = 0) -> ElementsView[E]: ...
    @overload
    def elements(self, field: str | None = None, index: int = 0) -> ElementsView[Any]: ...
    def elements(self, field: str | None = None, index: int = 0) -> ElementsView[Any]:
        """Each item of the list that a choice is, or of its `field`, once it is whole; see `ElementsView`.

        The only list needs no name. Raises `UsageError` without `response_type`, and where there is no such list.
        """
        from ._typed_views import ElementsView

        return ElementsView(self, self._expected, field, index)

    def items(self, view: Any) -> list[Any]:
        """Where a view keeps what is left of its last chunk, so that a second view of its kind goes on there."""
        return self._items.setdefault(view, [])

    @overload
    async def completion(self: ChatStream[None]) -> ChatCompletion: ...
    @overload
    async def completion(self) -> ParsedCompletion[T]: ...
    async def completion(self) -> Any:
        """The whole completion, after reading what is left of the stream; what had come, if it was stopped.

        Raises what iterating raises, and with `response_type` an `OutputError` for an answer that is no such value.
        """
        while self.handout.has_next() or await self.ready():
            if self.handout.run is None:
                self.take_chunk()
            else:
                self.handout.pass_over()
        if self._expected is None:
            return self.so_far
        if self._read is None:
            self._read = self._expected.read(self.so_far)
        return self._read

    async def aclose(self) -> None:
        """Same as `stop()`."""
        self.stop()

    async def __aenter__(self) -> ChatStream[T]:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __aiter__(self) -> ChatStream[T]:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        handout = self.handout
        while True:
            if handout.view is CHUNKS:
                for item in handout.items:
                    chunk: ChatCompletionChunk = item
                    return chunk
            if not handout.has_next() and not await self.ready():
                raise StopAsyncIteration
            if handout.run is None or not handout.show(CHUNKS, Run.chunks):
                return self.take_chunk()
