"""The attempts of a call: their record, and the waits between them. A policy decides; here it is only waited."""

from __future__ import annotations

import inspect
import random
from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from ._head import Head
from ._protocol.retry import RetryAccount, RetryPolicy
from ._timing import CallTimer
from .errors import AuthenticationError, ChatError
from .types.attempt import Attempt


class Attempts:
    """Those of one call. Tell `succeeded` or `failed` of each; after `failed` has returned another may begin."""

    __slots__ = (
        "_account",
        "_can_renew_key",
        "_dice",
        "_policy",
        "_retries",
        "_sleep",
        "_started",
        "_waited",
        "made",
        "timer",
    )

    def __init__(
        self,
        timer: CallTimer,
        policy: RetryPolicy,
        account: RetryAccount,
        *,
        can_renew_key: bool = False,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.timer = timer
        self.made: tuple[Attempt, ...] = ()
        self._policy = policy
        self._account = account
        self._can_renew_key = can_renew_key
        self._sleep = sleep
        self._dice = dice
        self._retries = 0
        self._started = 0.0
        self._waited = 0.0

    def succeeded(self, head: Head) -> None:
        """An attempt has done what was wanted."""
        self._account.refund()
        self._record(head, None)

    def undo(self, error: ChatError) -> None:
        """The attempt that had succeeded so far has failed after all, too late for another."""
        self.made = self.made[:-1]
        self._record(error.head, error)

    async def failed(self, error: ChatError) -> None:
        """Wait as long as the next attempt has to. Raises the error where there is none, at once."""
        self._record(error.head, error)
        error.attempts = self.made
        delay = self._next_delay(error)
        if delay is None:
            raise error
        try:
            await self.timer.guard(partial(self._pause, error, delay))
        except ChatError as end:
            end.attempts = self.made
            raise
        self._waited = delay
        self._started = self.timer.deadline.elapsed

    def _record(self, head: Head | None, error: ChatError | None) -> None:
        self.made += (
            Attempt(
                self._started,
                self._waited,
                head.status if head else None,
                None if error is None else f"{type(error).__name__}: {error}",
                head.request_id if head else None,
            ),
        )

    def _next_delay(self, error: ChatError) -> float | None:
        """A wait that the deadline does not allow leads nowhere, and a key that can be asked for is asked for once."""
        if self._can_renew_key and isinstance(error, AuthenticationError):
            self._can_renew_key = False
            return 0.0
        delay = self._policy.next_delay(
            error, attempt=self._retries + 1, elapsed=self.timer.deadline.elapsed, jitter=self._dice()
        )
        if delay is None or not self.timer.deadline.allows(delay):
            return None
        if self._policy.draws_on_budget(error) and not self._account.draw():
            return None
        self._retries += 1
        return delay

    async def _pause(self, error: ChatError, delay: float) -> None:
        if self._policy.before_retry is not None:
            answer = self._policy.before_retry(error, delay)
            if inspect.isawaitable(answer):
                await answer
            self.timer.check()
        await self._sleep(delay)
