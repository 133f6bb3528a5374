"""How fast a stream and a batch were. The clock is an argument; nothing here waits or prints."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import chatsdk

T = TypeVar("T")
Clock = Callable[[], float]


class StreamMeter:
    """When the pieces of a streamed text came. Starts when it is made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock()
        self._arrivals: list[float] = []

    def add(self) -> None:
        """A piece has come."""
        self._arrivals.append(self._clock())

    @property
    def pieces(self) -> int:
        """How many have come."""
        return len(self._arrivals)

    @property
    def first(self) -> float | None:
        """Seconds until the first piece."""
        return self._arrivals[0] - self._start if self._arrivals else None

    def rate(self, count: int) -> float | None:
        """Per second, once it had begun: the first of `count` took the time to the first piece. `None` for one lump."""
        seconds = self._arrivals[-1] - self._arrivals[0] if self._arrivals else 0.0
        return (count - 1) / seconds if seconds and count > 1 else None


def visible_tokens(usage: chatsdk.CompletionUsage | None) -> int | None:
    """Tokens of the answer without those of the thinking before it; `None` where the server did not count."""
    if usage is None or not usage.completion_tokens:
        return None
    details = usage.completion_tokens_details
    return usage.completion_tokens - (details.reasoning_tokens or 0 if details else 0)


class Tally:
    """What a batch came to. Starts when it is made.

    An item's latency runs from the moment the batch takes it up until its result is handed out: waits between
    attempts count, waiting for a free place does not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = self._now = clock()
        self._taken_up: dict[int, float] = {}
        self._latencies: list[float] = []
        self.errors: list[chatsdk.ChatError] = []
        self.prompt_tokens = 0
        self.completion_tokens = 0

    def watch(self, items: Iterable[T]) -> Iterator[T]:
        """The items, noting when each is taken up."""
        for index, item in enumerate(items):
            self._taken_up[index] = self._clock()
            yield item

    def add(self, result: chatsdk.BatchResult) -> None:
        """A result has come."""
        self._now = self._clock()
        taken_up = self._taken_up.pop(result.index)
        if result.error is not None:
            self.errors.append(result.error)
            return
        self._latencies.append(self._now - taken_up)
        if result.completion and (usage := result.completion.usage):
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens

    @property
    def succeeded(self) -> int:
        """How many completions have come."""
        return len(self._latencies)

    @property
    def failures(self) -> list[tuple[str, int]]:
        """The classes of the errors, the most frequent first."""
        return Counter(type(error).__name__ for error in self.errors).most_common()

    @property
    def seconds(self) -> float:
        """From the start to the last result."""
        return self._now - self._start

    @property
    def seconds_of_calls(self) -> float:
        """What the latencies add up to."""
        return sum(self._latencies)

    def latency(self, share: float) -> float:
        """The latency that this share of the completions did not exceed. There has to be one."""
        return sorted(self._latencies)[math.ceil(share * self.succeeded) - 1]
