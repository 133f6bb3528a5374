"""Views of a stream that was asked for as a type: the value while it grows, or the items of its list.

What they make of the pieces is only as good as the whole: whether that is right is told at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
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

    What has not come is not there: a member of an object is an `AttributeError`, a key is missing. When the stream is
    over, it gives the whole once more if that is another than had grown, and raises what `completion()` raises.
    """

    def __init__(self, stream: ChatStream[Any], expected: Expected[Any] | None, index: int) -> None:
        output, self._pieces = typed_pieces(stream, expected, index)
        self._stream = stream
        self._index = index
        self._partial: Partial[T] = Partial(output)
        self._is_told = False

    def __aiter__(self) -> PartialsView[T]:
        return self

    async def __anext__(self) -> T:
        async for piece in self._pieces:
            with suppress(InvalidOutput):  # prose that looked like JSON, or JSON that is none: the whole tells
                if self._partial.feed(piece):
                    view: Any = self._partial.view
                    return view  # type: ignore[no-any-return]
        value = await whole_value(self._stream, self._index)
        if not self._is_told and value is not None and value != self._partial.view:
            self._is_told = True
            return value  # type: ignore[no-any-return]
        raise StopAsyncIteration


class ElementsView(Generic[T]):
    """The items of a list, each as soon as it is whole; where they could not be followed, all when the stream is over.

    It raises then what `completion()` raises, and `ValidationError` if the items given are not those of the answer.
    """

    def __init__(self, stream: ChatStream[Any], expected: Expected[Any] | None, field: str | None, index: int) -> None:
        output, self._pieces = typed_pieces(stream, expected, index)
        self._stream = stream
        self._index = index
        self._elements: Elements[T] = Elements(output, field)
        self._items: deque[T] = deque()

    def __aiter__(self) -> ElementsView[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            piece = await anext(self._pieces, None)
            if piece is None:
                await self._finish()
            else:
                with suppress(InvalidOutput):  # it is kept: the end tells whether it matters
                    self._items.extend(self._elements.feed(piece))
        return self._items.popleft()

    async def _finish(self) -> None:
        """Take the items that are left. Raises what is wrong with the whole, and `StopAsyncIteration` for none."""
        value = await whole_value(self._stream, self._index)
        if value is not None:
            try:
                self._items.extend(self._elements.finish(value))
            except InvalidOutput as error:
                raise ValidationError(str(error), await self._stream.completion(), error.path) from error
        if not self._items:
            raise StopAsyncIteration


async def whole_value(stream: ChatStream[Any], index: int) -> Any:
    """The value of a choice when the stream is over, `None` where there is none. Raises what `completion()` raises."""
    if stream.outcome != "complete":
        return None
    completion = await stream.completion()
    return next((choice.message.parsed for choice in completion.choices if choice.index == index), None)


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
