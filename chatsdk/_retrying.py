"""The loop round a retry policy: the only thing it does itself is wait."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

import anyio

from ._protocol.retry import RetryAccount, RetryPolicy
from .errors import ChatError

T = TypeVar("T")


class Deadline:
    """The end of a call, all its attempts and waits included. `seconds` of `None` never ends."""

    __slots__ = ("_clock", "_start", "seconds")

    def __init__(self, seconds: float | None, clock: Callable[[], float] = monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._start = clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock() - self._start

    @property
    def remaining(self) -> float | None:
        """Seconds left, 0 or less when time is up; `None` without a limit."""
        return None if self.seconds is None else self.seconds - self.elapsed

    def allows(self, seconds: float) -> bool:
        """Whether that much time is left."""
        return self.remaining is None or seconds < self.remaining


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    account: RetryAccount,
    deadline: Deadline,
    *,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    dice: Callable[[], float] = random.random,
) -> T:
    """The result of the first attempt that succeeds, or the error of the last one.

    An error that another attempt cannot mend in time is raised at once, not after a wait that leads nowhere.
    """
    number = 1
    while True:
        try:
            result = await attempt()
        except ChatError as error:
            delay = policy.next_delay(error, attempt=number, elapsed=deadline.elapsed, jitter=dice())
            if delay is None or not deadline.allows(delay):
                raise
            if policy.draws_on_budget(error) and not account.draw():
                raise
        else:
            account.refund()
            return result
        await sleep(delay)
        number += 1
