"""Many calls at once, their results as they come or in order.

Calls are tasks, at most `concurrency` of them; items are taken from the source only when there is room, and room is
kept for a bounded number of results that nobody has asked for yet. The iterator a caller holds is apart from the run
that the tasks know, so that losing it ends the run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

import anyio
from msgspec import Struct, structs

from ._options import checked_count
from ._protocol.wire import build_request
from .errors import ChatError, UsageError
from .types._base import UNSET
from .types.request import ChatRequest
from .types.response import ChatCompletion

BatchItem = str | Sequence[Any] | Mapping[str, Any] | ChatRequest
"""A prompt, messages, parameters (`{"messages": ...}`), a line of a batch file (`{"custom_id", "body"}`), a request."""

END = object()

ROOM = 2
"""Items under way or waiting to be handed out, for each call that may be under way."""

Create = Callable[[ChatRequest], Awaitable[ChatCompletion]]


class BatchResult(Struct, frozen=True):
    """One item's outcome: `completion` or `error`. `index` is the item's place in the input, from 0.

    `custom_id` is the item's own, else its index as text.
    """

    index: int
    custom_id: str
    completion: ChatCompletion | None = None
    error: ChatError | None = None


class Batch:
    """An async iterator over `BatchResult`s; `async with` it, or drop it, to end the calls under way."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __aiter__(self) -> Batch:
        return self

    async def __anext__(self) -> BatchResult:
        try:
            result = await self._run.next_result()
        except BaseException:
            await self.aclose()
            raise
        if result is None:
            raise StopAsyncIteration
        return result

    async def __aenter__(self) -> Batch:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel the calls under way and wait until they have ended."""
        tasks = self._run.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*tasks, return_exceptions=True)

    def __del__(self) -> None:
        self._run.cancel()


class Run:
    """The workers, each with one call under way, and the results that wait to be asked for.

    A worker that has found an item starts the next one, until there are `concurrency`: there are never more than
    there is work for.
    """

    def __init__(
        self,
        create: Create,
        requests: Iterable[BatchItem] | AsyncIterable[BatchItem],
        concurrency: int,
        ordered: bool,
    ) -> None:
        checked_count("concurrency", concurrency)
        if isinstance(requests, str | Mapping) or not isinstance(requests, Iterable | AsyncIterable):
            raise UsageError("requests is an iterable of requests, not a single one")
        self._create = create
        self._source = aiter(requests) if isinstance(requests, AsyncIterable) else iter(requests)
        self._source_lock = asyncio.Lock()
        self._concurrency = concurrency
        self._ordered = ordered
        self._room = asyncio.Semaphore(concurrency * ROOM)
        self._workers: set[asyncio.Task[None]] = set()
        self._results: dict[int, BatchResult] = {}
        self._changed = asyncio.Event()
        self._taken = 0
        self._given = 0
        self._is_exhausted = False
        self._failure: BaseException | None = None

    async def next_result(self) -> BatchResult | None:
        """The next result, `None` after the last. Raises what the source of the requests raises."""
        if not self._taken and not self._is_exhausted and not self._workers:
            self._hire()
        while True:
            result = self._pop()
            if result is not None:
                self._given += 1
                self._room.release()
                return result
            if self._failure is not None:
                raise self._failure
            if not self._workers:
                return None
            self._changed.clear()
            await self._changed.wait()

    def cancel(self) -> list[asyncio.Task[None]]:
        """End all calls; the tasks that are ending."""
        self._is_exhausted = True
        self._results.clear()
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        return workers

    def _pop(self) -> BatchResult | None:
        if not self._results:
            return None
        return self._results.pop(self._given if self._ordered else next(iter(self._results)), None)

    def _hire(self) -> None:
        worker = asyncio.get_running_loop().create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._dismiss)

    def _dismiss(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and worker.exception() is not None:
            self._failure = self._failure or worker.exception()
        self._changed.set()

    async def _work(self) -> None:
        while True:
            await self._room.acquire()
            async with self._source_lock:
                item: Any = END if self._is_exhausted else await self._take()
                index = self._taken
                if item is END:
                    self._is_exhausted = True
                    return
                self._taken += 1
            if len(self._workers) < self._concurrency:
                self._hire()
            self._results[index] = await self._call(index, item)
            self._changed.set()

    async def _take(self) -> Any:
        if isinstance(self._source, AsyncIterator):
            return await anext(self._source, END)
        return next(self._source, END)

    async def _call(self, index: int, item: BatchItem) -> BatchResult:
        custom_id = str(index)
        try:
            own_id, request = as_request(item)
            custom_id = own_id or custom_id
            return BatchResult(index, custom_id, completion=await self._create(request))
        except ChatError as error:
            return BatchResult(index, custom_id, error=error)


def as_request(item: BatchItem) -> tuple[str | None, ChatRequest]:
    """An item's own id, if it has one, and its request. Raises `UsageError`."""
    custom_id = None
    if isinstance(item, Mapping):
        custom_id = item.get("custom_id")
        body = item.get("body", {name: value for name, value in item.items() if name != "custom_id"})
        if not isinstance(body, Mapping) or "messages" not in body:
            raise UsageError("a batch item that is a dict has messages=, or a body= with messages")
        item = build_request(body)
    if not isinstance(item, ChatRequest):
        item = ChatRequest(item)
    return custom_id, structs.replace(item, stream=UNSET)
