"""The demo's numbers, by a clock that is wound by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from chatsdk import BatchResult, ChatCompletion, CompletionUsage, UsageError
from chatsdk.cli._measure import StreamMeter, Tally, visible_tokens
from chatsdk.types import CompletionTokensDetails


def clock(*times: float) -> Callable[[], float]:
    """Says these times, one after the other."""
    return iter(times).__next__


@pytest.mark.parametrize(
    ("arrivals", "first", "rate"),
    [
        ([], None, None),
        ([12.0], 2.0, None),
        ([12.0, 12.0], 2.0, None),
        ([12.0, 12.5, 13.0], 2.0, 2.0),
    ],
)
def test_a_rate_is_that_of_what_followed_the_first_piece(
    arrivals: Iterable[float], first: float | None, rate: float | None
) -> None:
    meter = StreamMeter(clock(10.0, *arrivals))
    for _ in arrivals:
        meter.add()
    assert (meter.first, meter.rate(meter.pieces)) == (first, rate)


@pytest.mark.parametrize(
    ("usage", "visible"),
    [
        (None, None),
        (CompletionUsage(), None),
        (CompletionUsage(completion_tokens=9), 9),
        (CompletionUsage(9, 9, 18, completion_tokens_details=CompletionTokensDetails()), 9),
        (
            CompletionUsage(completion_tokens=9, completion_tokens_details=CompletionTokensDetails(reasoning_tokens=5)),
            4,
        ),
    ],
)
def test_thinking_is_not_counted_as_text(usage: CompletionUsage | None, visible: int | None) -> None:
    assert visible_tokens(usage) == visible


def test_latency_runs_from_being_taken_up_to_being_handed_out() -> None:
    tally = Tally(clock(0, 1, 2, 3, 5, 6))
    assert list(tally.watch("ab")) == ["a", "b"]
    done = ChatCompletion(usage=CompletionUsage(prompt_tokens=10, completion_tokens=2))
    tally.add(BatchResult(1, "1", completion=done))
    tally.add(BatchResult(0, "0", completion=ChatCompletion()))
    assert (tally.succeeded, tally.seconds, tally.seconds_of_calls) == (2, 5, 5)
    assert (tally.latency(0.5), tally.latency(0.95)) == (1, 4)
    assert (tally.prompt_tokens, tally.completion_tokens) == (10, 2)


def test_failures_are_counted_and_have_no_latency() -> None:
    tally = Tally(clock(0, 1, 2))
    list(tally.watch("a"))
    tally.add(BatchResult(0, "0", error=UsageError("no")))
    assert (tally.succeeded, tally.failures, tally.seconds_of_calls) == (0, [("UsageError", 1)], 0)
