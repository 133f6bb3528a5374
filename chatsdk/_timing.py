"""The time limits of a call. What it waits for is a phase; one scope ends the wait when the phase or the call is over.

A scope is entered and left by one coroutine of one task, and never spans a step of an iterator. Whoever interrupts a
wait finds no frames of the HTTP library below it: their locals hold the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from time import monotonic
from typing import TypeVar

import anyio

from ._limits import Timeouts
from ._loops import run_in
from .errors import APITimeoutError, ChatError, ClientClosedError

T = TypeVar("T")


class Deadline:
    """The end of a call, all its attempts and waits included. `seconds` of `None` never ends."""

    __slots__ = ("_start", "clock", "seconds")

    def __init__(self, seconds: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self._start = clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self.clock() - self._start

    @property
    def remaining(self) -> float | None:
        """Seconds left, 0 or less when time is up; `None` without a limit."""
        return None if self.seconds is None else self.seconds - self.elapsed

    def allows(self, seconds: float) -> bool:
        """Whether that much time is left."""
        return self.remaining is None or seconds < self.remaining


class OpenCalls:
    """The calls of a client that are waiting for something, in whichever loop, so that closing it can end them."""

    def __init__(self) -> None:
        self._timers: set[CallTimer] = set()
        self.is_closed = False

    def add(self, timer: CallTimer) -> None:
        """Note a wait. Raises `ClientClosedError` where none may begin any more."""
        self._timers.add(timer)
        if self.is_closed:
            self._timers.discard(timer)
            raise ClientClosedError("the client is closed")

    def remove(self, timer: CallTimer) -> None:
        """Forget a wait that is over."""
        self._timers.discard(timer)

    def close(self) -> None:
        """End all waits."""
        self.is_closed = True
        for timer in list(self._timers):
            timer.end(ClientClosedError("the client was closed while this was going on"))


class CallTimer:
    """Guards the waits of one call, one after another."""

    __slots__ = ("_calls", "_end", "_ended_by", "_limits", "_loop", "_phase", "_scope", "deadline")

    def __init__(self, limits: Timeouts, calls: OpenCalls) -> None:
        self.deadline = Deadline(limits.total)
        self._limits = limits
        self._calls = calls
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: anyio.CancelScope | None = None
        self._end = inf
        self._phase = "total"
        self._ended_by: ChatError | None = None

    async def guard(self, wait: Callable[[], Awaitable[T]]) -> T:
        """What `wait()` gives. Raises `APITimeoutError` for the phase that took too long, or what `end` was given."""
        self._calls.add(self)
        self._loop = asyncio.get_running_loop()
        remaining = self.deadline.remaining
        self._end = inf if remaining is None else self._loop.time() + remaining
        scope = self._scope = anyio.CancelScope(deadline=self._end)
        self._phase = "total"
        try:
            with scope:
                return await wait()
        except asyncio.CancelledError as cancelled:
            raise cancelled.with_traceback(None)  # noqa: B904 - the same one, and only its frames are left out
        finally:
            self._scope = None
            self._calls.remove(self)
        if self._ended_by is not None:
            raise self._ended_by
        limit: float | None = getattr(self._limits, self._phase)
        raise APITimeoutError(self._phase, limit)

    def enter(self, phase: str) -> None:
        """The guarded wait is for this now; entering a phase again gives it its whole time again, but for `total`."""
        if self._scope is None or self._loop is None:
            return
        limit: float | None = getattr(self._limits, phase)
        end = inf if limit is None else self._loop.time() + limit
        self._phase = phase if end < self._end else "total"
        self._scope.deadline = min(end, self._end)

    def end(self, error: ChatError) -> None:
        """End the call with this error. From any thread."""
        self._ended_by = error
        if self._loop is not None:
            run_in(self._loop, self._cancel)

    def _cancel(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
