"""The watchdog on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatsdk import Timeouts
from chatsdk._timing import Deadline
from chatsdk._watchdog import Watchdog
from chatsdk.errors import APITimeoutError


class Clock:
    """An event loop's clock and timers, and nothing else of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def is_closed(self) -> bool:
        return False

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self, self.now + delay, callback))
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        """Let time pass, and run what falls due on the way."""
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= end]:
            timer = min(due, key=lambda timer: timer.at)
            timer.cancel()
            self.now = timer.at
            timer.callback()
        self.now = end


class Timer:
    def __init__(self, clock: Clock, at: float, callback: Callable[[], None]) -> None:
        self.clock, self.at, self.callback = clock, at, callback

    def cancel(self) -> None:
        if self in self.clock.timers:
            self.clock.timers.remove(self)


class Response:
    """Remembers with what it was aborted."""

    error: Any = None

    def abort(self, error: Exception) -> None:
        self.error = error

    @property
    def phase(self) -> str | None:
        assert self.error is None or isinstance(self.error, APITimeoutError)
        return self.error and self.error.phase


class Watched:
    def __init__(self, timeouts: Timeouts) -> None:
        self.clock, self.response = Clock(), Response()
        deadline = Deadline(timeouts.total, self.clock.time)
        self.dog = Watchdog(self.response, timeouts, deadline, self.clock)  # type: ignore[arg-type]

    def wait(self, seconds: float, *, progress: bool) -> str | None:
        """A read that takes this long; the phase that ran out meanwhile."""
        self.dog.start_waiting()
        self.clock.advance(seconds)
        self.dog.stop_waiting(progress=progress)
        return self.response.phase


def test_only_meaning_resets_the_idle_limit() -> None:
    watched = Watched(Timeouts(idle=10))

    assert [watched.wait(9, progress=True) for _ in range(5)] == [None] * 5
    assert [watched.wait(4, progress=False) for _ in range(3)] == [None, None, "idle"]


def test_the_consumers_own_time_is_not_counted() -> None:
    watched = Watched(Timeouts(idle=10))
    phases = []

    for _ in range(4):
        phases.append(watched.wait(3, progress=False))
        watched.clock.advance(1000)

    assert phases == [None, None, None, "idle"]


@pytest.mark.parametrize(
    ("first_token", "idle", "at", "phase"), [(5, 10, 5, "first_token"), (20, 10, 20, "first_token")]
)
def test_the_first_token_has_a_limit_of_its_own(first_token: float, idle: float, at: float, phase: str) -> None:
    watched = Watched(Timeouts(first_token=first_token, idle=idle))
    assert watched.wait(first_token - 1, progress=False) is None
    assert watched.wait(1, progress=False) == "first_token"

    watched = Watched(Timeouts(first_token=first_token, idle=idle))
    assert watched.wait(first_token - 1, progress=True) is None
    assert watched.wait(idle, progress=False) == "idle"


def test_the_total_ends_it_whatever_comes() -> None:
    watched = Watched(Timeouts(total=30, idle=10))

    phases = [watched.wait(9, progress=True) for _ in range(4)]

    assert phases == [None, None, None, "total"]


def test_no_limit_needs_no_timer() -> None:
    assert Watched(Timeouts(idle=None)).clock.timers == []


def test_a_stream_of_many_tokens_needs_few_timers() -> None:
    watched = Watched(Timeouts(idle=10))
    made = 0
    later = watched.clock.call_later

    def counted(delay: float, callback: Callable[[], None]) -> Timer:
        nonlocal made
        made += 1
        return later(delay, callback)

    watched.clock.call_later = counted  # type: ignore[method-assign]
    for _ in range(1000):
        watched.wait(0.01, progress=True)

    assert watched.clock.now == pytest.approx(10)
    assert made <= 2


def test_closing_it_leaves_no_timer() -> None:
    watched = Watched(Timeouts(total=30))
    watched.dog.close()
    watched.dog.close()

    assert watched.clock.timers == []
