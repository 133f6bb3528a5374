"""The time limits of a call. What it waits for is a phase; the wait is cancelled when the phase or the call is over.

A cancellation of ours is told from another's by counting, as `asyncio.timeout` does, and ends where it began: in one
coroutine of one task, never across a step of an iterator. Whoever interrupts a wait finds no frames of the HTTP library
below it: their locals hold the key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from time import monotonic
from typing import Any, TypeVar

from ._limits import Timeouts
from ._loops import run_in
from .errors import APITimeoutError, ChatError, ClientClosedError

T = TypeVar("T")

RESOLUTION = 0.001
"""Seconds by which a loop's timer may come early."""


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
    """Guards the waits of one call, one after another.

    A phase that begins moves the moment at which time is up, and mostly not the timer: one that comes too early looks
    again when it has to.
    """

    __slots__ = (
        "_calls",
        "_due",
        "_end",
        "_ended_by",
        "_is_over",
        "_limits",
        "_loop",
        "_phase",
        "_task",
        "_timer",
        "deadline",
    )

    def __init__(self, limits: Timeouts, calls: OpenCalls) -> None:
        self.deadline = Deadline(limits.total)
        self._limits = limits
        self._calls = calls
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None  # the one that waits
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._end = self._due = inf
        self._phase = "total"
        self._ended_by: ChatError | None = None

    async def guard(self, wait: Callable[[], Awaitable[T]]) -> T:
        """What `wait()` gives. Raises `APITimeoutError` for the phase that took too long, and what `end` was given."""
        self._calls.add(self)
        loop = self._loop = asyncio.get_running_loop()
        task = self._task = asyncio.current_task()
        assert task is not None
        before, self._is_over = task.cancelling(), False
        remaining = self.deadline.remaining
        self._end = inf if remaining is None else loop.time() + remaining
        self.enter("total")
        try:
            return await wait()
        except asyncio.CancelledError as cancelled:
            if not self._is_over or task.cancelling() > before + 1:
                raise cancelled.with_traceback(None)  # noqa: B904 - the same one, and only its frames are left out
        finally:
            if self._is_over:
                task.uncancel()
            self._task = None
            self._calls.remove(self)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        raise self._ended_by or APITimeoutError(self._phase, getattr(self._limits, self._phase))

    def enter(self, phase: str) -> None:
        """The guarded wait is for this now; entering a phase again gives it its whole time again, but for `total`."""
        if self._task is None or self._loop is None:
            return
        limit: float | None = None if phase == "total" else getattr(self._limits, phase)
        due = inf if limit is None else self._loop.time() + limit
        self._phase, self._due = (phase, due) if due < self._end else ("total", self._end)
        if self._due != inf and (self._timer is None or self._due < self._timer.when()):
            self._look_at(self._due)

    def end(self, error: ChatError) -> None:
        """End the call with this error. From any thread."""
        self._ended_by = error
        if self._loop is not None:
            run_in(self._loop, self._cancel)

    def check(self) -> None:
        """Raise what the call was ended with, for a wait that ended it itself and has come to a place to stop."""
        if self._ended_by is not None:
            raise self._ended_by

    def _look_at(self, moment: float) -> None:
        assert self._loop is not None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        assert self._loop is not None
        self._timer = None
        if self._loop.time() + RESOLUTION >= self._due:
            self._cancel()
        elif self._due != inf:
            self._look_at(self._due)

    def _cancel(self) -> None:
        """Not from within the wait itself: it goes on to its end, and whoever called it sees what has become of it."""
        if self._task is not None and not self._is_over and self._task is not asyncio.current_task():
            self._is_over = True
            self._task.cancel()
