"""Views of a stream that was asked for as a type: the value while it grows, or the items of its list.

What they make of the pieces is only as good as the whole: whether that is right is told at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._protocol.expected import Expected
from ._protocol.output import InvalidOutput, Output
from ._protocol.partial import Elements, Partial
from .errors import UsageError, ValidationError
from .types.event import ToolCallDelta

if TYPE_CHECKING:
    from ._stream import ChatStream

T = TypeVar("T")


class PartialsView(Generic[T]):
    """The value as it grows: one object that holds more each time; `copy.deepcopy` it to keep what it held.

    What has not come is not there: a member of an object is an `AttributeError`, a key is missing. Raises what
    `completion()` raises, when the stream is over.
    """

    def __init__(self, stream: ChatStream[Any], expected: Expected[Any] | None, index: int) -> None:
        output, self._pieces = typed_pieces(stream, expected, index)
        self._stream = stream
        self._index = index
        self._partial: Partial[T] = Partial(output)
        self._is_right = True
        self._is_told = False

    def __aiter__(self) -> PartialsView[T]:
        return self

    async def __anext__(self) -> T:
        async for piece in self._pieces:
            if self._is_right and self._feed(piece):
                view: Any = self._partial.view
                return view  # type: ignore[no-any-return]
        if self._stream.outcome == "complete":
            completion = await self._stream.completion()
            if not (self._is_told or (self._is_right and self._partial.is_complete)):
                self._is_told = True
                for choice in completion.choices:
                    if choice.index == self._index and choice.message.parsed is not None:
                        return choice.message.parsed  # type: ignore[no-any-return]
        raise StopAsyncIteration

    def _feed(self, piece: str) -> bool:
        try:
            return self._partial.feed(piece)
        except InvalidOutput:
            self._is_right = False  # prose that looked like JSON, or JSON that is none: the whole tells
            return False


class ElementsView(Generic[T]):
    """The items of a list, each as soon as it is whole.

    When the stream is over, raises what `completion()` raises, and `ValidationError` for a list it could not follow.
    """

    def __init__(self, stream: ChatStream[Any], expected: Expected[Any] | None, field: str | None, index: int) -> None:
        output, self._pieces = typed_pieces(stream, expected, index)
        self._stream = stream
        self._elements: Elements[T] = Elements(output, field)
        self._items: deque[T] = deque()
        self._error: InvalidOutput | None = None

    def __aiter__(self) -> ElementsView[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            piece = await anext(self._pieces, None)
            if piece is None:
                await self._finish()
            elif self._error is None:
                self._feed(piece)
        return self._items.popleft()

    def _feed(self, piece: str) -> None:
        try:
            self._items.extend(self._elements.feed(piece))
        except InvalidOutput as error:
            self._error = error

    async def _finish(self) -> None:
        """Raise what is wrong with the whole, or else `StopAsyncIteration`."""
        if self._stream.outcome == "complete":
            completion = await self._stream.completion()
            try:
                if self._error is not None:
                    raise self._error
                self._elements.finish()
            except InvalidOutput as error:
                raise ValidationError(str(error), completion, error.path) from error
        raise StopAsyncIteration


class CallPieces:
    """The pieces of the arguments of the calls with a name."""

    def __init__(self, events: AsyncIterator[Any], name: str, index: int) -> None:
        self._events = events
        self._name = name
        self._index = index

    def __aiter__(self) -> CallPieces:
        return self

    async def __anext__(self) -> str:
        async for event in self._events:
            if isinstance(event, ToolCallDelta) and event.name == self._name and event.index == self._index:
                return event.arguments
        raise StopAsyncIteration


def typed_pieces(
    stream: ChatStream[Any], expected: Expected[Any] | None, index: int
) -> tuple[Output[Any], AsyncIterator[str]]:
    """The type asked for, and the text that the value is in. Raises `UsageError` where no type was asked for."""
    if expected is None or (output := expected.output) is None:
        raise UsageError("there is a value only in a stream with response_type=")
    if expected.mode == "tool":
        return output, CallPieces(stream.events(), output.name, index)
    return output, stream.text(index)
