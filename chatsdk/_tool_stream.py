"""A run of tools as it happens: the events of each answer, and of the tools that run beside it.

The iterator a caller holds is apart from the feed that the run knows, so that losing it ends the run.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType

import anyio
from msgspec import structs

from ._loops import run_in
from ._protocol.events import EventReader
from ._protocol.ready_calls import ReadyCalls
from ._stream import ChatStream
from ._tool_run import ToolRun
from ._tool_terms import ToolTerms
from ._tools import Begin, Heard, ToolLoop
from ._views import EventView
from .errors import UsageError
from .types.chunk import ChatCompletionChunk
from .types.event import Event, ToolEvent
from .types.request import ChatRequest

OpenStream = Callable[[ChatRequest], ChatStream]

ROOM = 8
"""Events that may wait for the consumer before the model's answer is read on."""


class ToolStream:
    """An async iterator over the events of a run: those of every answer, `ToolStarted` and `ToolFinished` between them.

    A tool is started as soon as its own arguments are complete, while the rest of the answer still comes. Nothing is
    sent before the first step. It has one consumer: a second one at the same time is a `UsageError`. A consumer that is
    slow delays the answer, and so the tools that it calls.

    Leaving `async with`, `break` followed by losing it, and cancelling its consumer end the run and everything in it.
    An error has in `run` what there was until then, and comes again if the stream is asked again. The calls of an
    answer that breaks off are no part of the run: if it is continued, tools that had finished may be called again.
    """

    def __init__(
        self, open_stream: OpenStream, request: ChatRequest, terms: ToolTerms, resumed: ToolRun | None = None
    ) -> None:
        self._feed = Feed(open_stream, request, terms, resumed)
        self._is_busy = False

    @property
    def run(self) -> ToolRun:
        """The run so far, at any time, to be continued from. An answer is part of it when it has come whole."""
        return self._feed.loop.run

    async def result(self) -> ToolRun:
        """The whole run, after reading what is left of it; what there was, if it was stopped.

        Raises what iterating raises.
        """
        async for _ in self:
            pass
        return self.run

    def stop(self) -> None:
        """End it now: tools are cancelled, the socket is freed, the iteration ends normally.

        From any task of the stream's event loop. Does nothing once the run has ended.
        """
        self._feed.stop()

    async def aclose(self) -> None:
        """Same as `stop()`, and wait until everything has ended; a tool of the run that calls it is cancelled here."""
        self._feed.stop()
        await self._feed.ended()

    def __aiter__(self) -> ToolStream:
        return self

    async def __anext__(self) -> ToolEvent:
        if self._is_busy:
            raise UsageError("the run is being read already: it has one consumer at a time")
        self._is_busy = True
        try:
            event = await self._feed.next_event()
        except BaseException:
            await self._leave()
            raise
        finally:
            self._is_busy = False
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> ToolStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._leave()

    async def _leave(self) -> None:
        with anyio.CancelScope(shield=True):
            await self.aclose()

    def __del__(self) -> None:
        if "_feed" in self.__dict__:  # else it was refused
            self._feed.stop()


class Feed:
    """The run in a task of its own, and its events that nobody has asked for yet."""

    def __init__(
        self, open_stream: OpenStream, request: ChatRequest, terms: ToolTerms, resumed: ToolRun | None
    ) -> None:
        self.loop = ToolLoop(self._ask, request, terms, resumed, self._tell)
        self._open = open_stream
        self._events: deque[ToolEvent] = deque()
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._task: asyncio.Task[ToolRun] | None = None
        self._is_stopped = False

    async def next_event(self) -> ToolEvent | None:
        """The next event, `None` after the last one. Raises the error that the run ended in."""
        if self._task is None and not self._is_stopped:
            self._task = asyncio.get_running_loop().create_task(self.loop.go())
            self._task.add_done_callback(self._note_end)
        while not self._events:
            if self._task is None or self._task.done():
                if self._task is not None and not self._is_stopped:
                    self._task.result()
                return None
            self._changed.clear()
            await self._changed.wait()
        self._has_room.set()
        return self._events.popleft()

    def stop(self) -> None:
        """End the run, unless it has ended by itself."""
        if self._task is not None and self._task.done():
            return
        self._is_stopped = True
        self._events.clear()
        if self._task is not None and not (loop := self._task.get_loop()).is_closed():
            run_in(loop, self._task.cancel)

    async def ended(self) -> None:
        """Wait until the run has."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _ask(self, request: ChatRequest, begin: Begin) -> Heard:
        async with self._open(structs.replace(request, stream=True)) as stream:
            ready = ReadyCalls(stream.accumulator)
            async for event in RunEvents(stream, ready, begin):
                while len(self._events) >= ROOM:
                    self._has_room.clear()
                    await self._has_room.wait()
                self._tell(event)
            return Heard(await stream.completion(), ready.positions())

    def _tell(self, event: ToolEvent) -> None:
        if not self._is_stopped:
            self._events.append(event)
            self._changed.set()

    def _note_end(self, task: asyncio.Task[ToolRun]) -> None:
        if not task.cancelled():
            task.exception()  # whoever asks for an event is told; if nobody does, nobody is to be warned
        self._changed.set()


class RunEvents(EventView):
    """The events of an answer, whose calls are begun as they get complete."""

    __slots__ = ("_begin", "_ready")

    def __init__(self, stream: ChatStream, ready: ReadyCalls, begin: Begin) -> None:
        super().__init__(stream, "events of a run", EventReader(stream.accumulator))
        self._ready = ready
        self._begin = begin

    def of_chunk(self, chunk: ChatCompletionChunk) -> list[Event]:
        for position, call in self._ready.take(chunk):
            self._begin(position, call)
        return super().of_chunk(chunk)
