"""Whether a failed attempt is worth another, and after how long. Clock and dice are arguments."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ChatError,
    QuotaExceededError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    StreamError,
    UsageError,
)

RETRY_STATUS = frozenset({408, 409, 425, 429, 498, *range(500, 600)} - {501, 505})
"""Statuses that may pass. 498 is Groq's "no capacity"; 501 and 505 will say the same next time."""

PERMANENT_TYPES = frozenset({"invalid_request_error", "authentication_error", "permission_error", "not_found_error"})
"""Types of errors under a status of success, and in streams, that another attempt only repeats."""


def check_amounts(settings: object, *names: str) -> None:
    """Raise `UsageError` for a setting that is no number of 0 or more."""
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise UsageError(f"{name} is a number of 0 or more, not {value!r}")


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """What a client's calls may spend on retries together, so that a dead server is not stormed.

    The account starts full; a retry costs `cost`, a success brings back `refund`, up to `capacity`. With the
    defaults at most 35 retries go out before something succeeds.
    """

    capacity: float = 500.0
    cost: float = 14.0
    refund: float = 1.0

    def __post_init__(self) -> None:
        check_amounts(self, "capacity", "cost", "refund")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again. Times are in seconds.

    A server's own wait (`retry-after` and its kin) is kept to, with up to a quarter added; one beyond
    `max_retry_after` raises the error at once. Else the wait is `initial_delay`, doubled with each attempt up to
    `max_delay`, minus up to the share `jitter`. `x-should-retry` overrides `statuses`; a used-up quota is final.
    `before_retry` is called with the error and the wait before each retry, and awaited if it wants that; what it
    raises ends the call.
    """

    max_retries: int = 2
    initial_delay: float = 0.5
    max_delay: float = 8.0
    jitter: float = 0.25
    max_retry_after: float = 120.0
    statuses: frozenset[int] = RETRY_STATUS
    budget: RetryBudget | None = field(default_factory=RetryBudget)
    before_retry: Callable[[ChatError, float], Awaitable[None] | None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.statuses, frozenset | set):
            raise UsageError("statuses is a set of numbers")
        if isinstance(self.max_retries, bool) or not isinstance(self.max_retries, int) or self.max_retries < 0:
            raise UsageError(f"max_retries is a whole number of 0 or more, not {self.max_retries!r}")
        check_amounts(self, "initial_delay", "max_delay", "max_retry_after", "jitter")
        if self.jitter > 1:
            raise UsageError("jitter is a share from 0 to 1")

    def next_delay(self, error: ChatError, *, attempt: int, elapsed: float, jitter: float) -> float | None:
        """Seconds to wait before the next attempt; `None`: give up.

        `attempt` is the number of the one that failed, from 1; `elapsed` the seconds since the call began (for
        policies of one's own: this one counts attempts only); `jitter` a draw from [0, 1).
        """
        if attempt > self.max_retries or not self.is_transient(error):
            return None
        wait = getattr(error, "retry_after", None)
        if wait:
            return None if wait > self.max_retry_after else float(wait) * (1 + self.jitter * jitter)
        delay = min(self.initial_delay * 2.0 ** min(attempt - 1, 1000), self.max_delay)
        return delay * (1 - self.jitter * jitter)

    def is_transient(self, error: ChatError) -> bool:
        """Whether the same request may fare better later."""
        match error:
            case QuotaExceededError() | ResponseTooLargeError() | APIConnectionError(is_permanent=True):
                return False
            case StreamError(is_quota=True):
                return False
            case APIStatusError(should_retry=bool() as verdict):
                return verdict
            case APIStatusError(status=status) | StreamError(status=int() as status) if status >= 300:
                return status in self.statuses
            case APIStatusError(type=type_) | StreamError(type=type_):
                return type_ not in PERMANENT_TYPES
            case APITimeoutError(phase="total"):
                return False
            case APIConnectionError() | ResponseDecodeError():
                return True
            case _:
                return False

    def draws_on_budget(self, error: ChatError) -> bool:
        """A 429 that names its wait is the server's own pacing and costs nothing."""
        return not (isinstance(error, RateLimitError) and error.retry_after)


@dataclass(slots=True)
class RetryAccount:
    """What is left of a client's budget."""

    budget: RetryBudget | None
    balance: float = math.inf

    def __post_init__(self) -> None:
        if self.budget is not None:
            self.balance = self.budget.capacity

    def draw(self) -> bool:
        """Pay for a retry; `False`: there is not enough left."""
        if self.budget is None:
            return True
        if self.balance < self.budget.cost:
            return False
        self.balance -= self.budget.cost
        return True

    def refund(self) -> None:
        """Note a success."""
        if self.budget is not None and self.balance < self.budget.capacity:
            self.balance = min(self.budget.capacity, self.balance + self.budget.refund)
