"""Ends a wait for a stream's next token that takes too long, with one timer for the whole stream.

A reader notes when it starts and stops waiting, which costs two looks at the clock; the timer compares, and comes
back when the limit could be reached next. The time that the consumer takes between its reads is not counted, nor that
in which it holds up the loop: what came meanwhile is read before anything is ended.
"""

from __future__ import annotations

import asyncio

from ._limits import Timeouts
from ._timing import Deadline
from ._transport import HttpResponse
from .errors import APITimeoutError

HELD_UP = 0.05
"""Seconds by which the timer may be late. If it is more, the loop was held up: it looks again, so much later."""

LOOKS = 3
"""After so many looks it is believed, however late: the first may come before the loop has read what is there, the
second before the reader has been woken.
"""

PAUSE = 0.05
"""Seconds after which it looks again at a reader that does not wait."""


class Watchdog:
    """Aborts the response with an `APITimeoutError`. Knows the response only, so that a lost stream can be freed."""

    __slots__ = (
        "_clock",
        "_deadline",
        "_due",
        "_idle",
        "_limit",
        "_looks",
        "_loop",
        "_phase",
        "_response",
        "_timer",
        "_waited",
        "_waiting_since",
    )

    def __init__(
        self, response: HttpResponse, limits: Timeouts, deadline: Deadline, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._loop = loop
        self._response = response
        self._deadline = deadline
        self._clock = deadline.clock  # the loop's may be that of the beginning of its turn
        self._idle = limits.idle
        self._phase, self._limit = "idle", limits.idle
        if limits.first_token is not None:
            self._phase, self._limit = "first_token", limits.first_token
        self._waited = 0.0  # since the last progress
        self._waiting_since: float | None = None
        self._looks = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._set_timer()

    def start_waiting(self) -> None:
        """The reader asks for more."""
        self._waiting_since = self._clock()

    def stop_waiting(self, *, progress: bool) -> float:
        """The reader has got something, now, which is given; `progress` is whether it means anything."""
        now = self._clock()
        if progress:
            self._phase, self._limit, self._waited = "idle", self._idle, 0.0
        elif self._waiting_since is not None:
            self._waited += now - self._waiting_since
        self._waiting_since = None
        return now

    def close(self) -> None:
        """No more reads."""
        timer, self._timer = self._timer, None
        if timer is not None and not self._loop.is_closed():  # one in debug mode cannot be told so late
            timer.cancel()

    def _check(self) -> None:
        total = self._deadline.remaining
        if total is not None and total <= 0:
            self._response.abort(APITimeoutError("total", self._deadline.seconds))
        elif self._limit is None or self._time_waited() < self._limit:
            self._looks = 0
            self._set_timer()
        else:
            self._looks += 1
            if self._looks < LOOKS and self._clock() - self._due > HELD_UP:
                self._look_in(HELD_UP)
            else:
                self._response.abort(APITimeoutError(self._phase, self._limit))

    def _set_timer(self) -> None:
        """At the earliest moment at which a limit can be reached."""
        left = [self._deadline.remaining, None if self._limit is None else self._limit - self._time_waited()]
        soonest = min((seconds for seconds in left if seconds is not None), default=None)
        if soonest is not None and self._waiting_since is None:
            soonest = max(soonest, PAUSE)
        if soonest is not None:
            self._look_in(soonest)

    def _look_in(self, seconds: float) -> None:
        self._due = self._clock() + seconds
        self._timer = self._loop.call_later(seconds, self._check)

    def _time_waited(self) -> float:
        waiting = 0.0 if self._waiting_since is None else self._clock() - self._waiting_since
        return self._waited + waiting
