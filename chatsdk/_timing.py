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

TURNS = 8
"""Turns of the loop that a wait still gets once it is due: what came while the loop was held up is read first."""

LOOK = 2e-6
"""Seconds until the next look for each wait that is looked at: many that are due one after another cost little."""


class Deadline:
    """The end of a call, all its attempts and waits included. `seconds` of `None` never ends."""

    __slots__ = ("clock", "end", "seconds", "start")

    def __init__(self, seconds: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self.start = clock()
        self.end = inf if seconds is None else self.start + seconds

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self.clock() - self.start

    @property
    def remaining(self) -> float | None:
        """Seconds left, 0 or less when time is up; `None` without a limit."""
        return None if self.seconds is None else self.seconds - self.elapsed

    def allows(self, seconds: float) -> bool:
        """Whether that much time is left."""
        return self.remaining is None or seconds < self.remaining


class Alarm:
    """One timer for all waits in a loop: to set and cancel one for each would cost more than to look at all, rarely.

    A wait that moves the moment at which it is due, or is over, mostly leaves the timer as it is, which then comes too
    early and looks again when it has to.
    """

    __slots__ = ("_timer", "loop", "rings_at", "waits")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.waits: set[CallTimer] = set()
        self.rings_at = inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, moment: float) -> None:
        """Look at all waits then, and not when it was to be."""
        if self._timer is not None:
            self._timer.cancel()
        self.rings_at = moment
        self._timer = self.loop.call_later(moment - monotonic(), self._look)

    def _look(self) -> None:
        self.rings_at, self._timer = inf, None
        now = monotonic()
        waits = list(self.waits)
        soonest = min((wait.due for wait in waits if wait.due > now + RESOLUTION), default=inf)
        if soonest != inf:
            self.set(max(soonest, now + LOOK * len(waits)))
        self._end([wait for wait in waits if wait.due <= now + RESOLUTION], TURNS)

    def _end(self, waits: list[CallTimer], turns: int) -> None:
        """End those that are still due after so many turns."""
        now = monotonic()
        late = [wait for wait in waits if wait in self.waits and wait.due <= now + RESOLUTION]
        if late and turns:
            self.loop.call_soon(self._end, late, turns - 1)
            return
        for wait in late:
            wait.expire()


class OpenCalls:
    """The calls of a client that are waiting for something, in whichever loop, so that closing it can end them."""

    def __init__(self) -> None:
        self._alarms: dict[asyncio.AbstractEventLoop, Alarm] = {}
        self.is_closed = False

    def add(self, timer: CallTimer, loop: asyncio.AbstractEventLoop) -> Alarm:
        """Note a wait, until it is removed from the alarm's. Raises `ClientClosedError` where none may begin."""
        alarm = self._alarms.get(loop) or self._new_alarm(loop)
        alarm.waits.add(timer)
        if self.is_closed:
            alarm.waits.discard(timer)
            raise ClientClosedError("the client is closed")
        return alarm

    def close(self) -> None:
        """End all waits."""
        self.is_closed = True
        for alarm in list(self._alarms.values()):
            for timer in list(alarm.waits):
                timer.end(ClientClosedError("the client was closed while this was going on"))

    def _new_alarm(self, loop: asyncio.AbstractEventLoop) -> Alarm:
        for known in list(self._alarms):
            if known.is_closed():
                self._alarms.pop(known, None)
        alarm = self._alarms[loop] = Alarm(loop)
        return alarm


class CallTimer:
    """Guards the waits of one call, one after another."""

    __slots__ = ("_alarm", "_calls", "_end", "_ended_by", "_is_over", "_limits", "_phase", "_task", "deadline", "due")

    def __init__(self, limits: Timeouts, calls: OpenCalls) -> None:
        self.deadline = Deadline(limits.total)
        self.due = inf
        self._limits = limits
        self._calls = calls
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[Any] | None = None  # the one that waits
        self._is_over = False
        self._end = self.deadline.end
        self._phase = "total"
        self._ended_by: ChatError | None = None

    async def guard(self, wait: Callable[[], Awaitable[T]]) -> T:
        """What `wait()` gives. Raises `APITimeoutError` for the phase that took too long, and what `end` was given."""
        loop = asyncio.get_running_loop()
        alarm = self._alarm = self._calls.add(self, loop)
        task = self._task = asyncio.current_task(loop)
        assert task is not None
        before, self._is_over = task.cancelling(), False
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
            alarm.waits.discard(self)
        raise self._ended_by or APITimeoutError(self._phase, getattr(self._limits, self._phase))

    def enter(self, phase: str) -> None:
        """The guarded wait is for this now; entering a phase again gives it its whole time again, but for `total`."""
        alarm = self._alarm
        if self._task is None or alarm is None:
            return
        due = self._end
        limit: float | None = None if phase == "total" else getattr(self._limits, phase)
        if limit is not None and (end := monotonic() + limit) < due:
            self._phase, due = phase, end
        else:
            self._phase = "total"
        self.due = due
        if due < alarm.rings_at:
            alarm.set(due)

    def end(self, error: ChatError) -> None:
        """End the call with this error. From any thread."""
        self._ended_by = error
        if self._alarm is not None:
            run_in(self._alarm.loop, self.expire)

    def check(self) -> None:
        """Raise what the call was ended with, for a wait that ended it itself and has come to a place to stop."""
        if self._ended_by is not None:
            raise self._ended_by

    def expire(self) -> None:
        """End the wait, but not from within it: then it goes on, and whoever called it sees what has become of it."""
        if self._task is not None and not self._is_over and self._task is not asyncio.current_task():
            self._is_over = True
            self._task.cancel()
