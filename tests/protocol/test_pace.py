"""The pace of a stream, on a clock that the test moves."""

from __future__ import annotations

import pytest

from chatsdk._protocol.pace import FRESH, KEPT, Pace
from chatsdk.types import Gaps, StreamStats


def test_nothing_has_come_yet() -> None:
    assert Pace().stats(0.0, 0, None) == StreamStats()


def test_the_first_token_and_the_gaps_after_it() -> None:
    pace = Pace()
    pace.note(0.5, 100, 0)  # a role
    for now in (1.0, 1.1, 1.3, 2.3):
        pace.note(now, 10, 1)

    stats = pace.stats(0.25, 2, None)

    assert stats.time_to_first_token == 0.75
    assert (stats.tokens, stats.bytes, stats.attempts) == (4, 140, 2)
    assert stats.tokens_per_second == pytest.approx(4 / 1.3)
    gaps = stats.gaps
    assert (gaps.count, gaps.mean, gaps.p50, gaps.p95, gaps.max) == pytest.approx((3, 1.3 / 3, 0.2, 1.0, 1.0))


def test_the_servers_own_count_of_tokens_holds() -> None:
    pace = Pace()
    pace.note(1.0, 10, 3)
    pace.note(2.0, 10, 3)
    assert pace.stats(0.0, 1, 40).tokens == 40
    assert pace.stats(0.0, 1, 40).tokens_per_second == 40
    assert pace.stats(0.0, 1, None).tokens == 6


def test_one_arrival_has_no_pace() -> None:
    pace = Pace()
    pace.note(1.0, 10, 3)
    stats = pace.stats(0.0, 1, None)
    assert stats.tokens_per_second is None
    assert stats.gaps == Gaps()


def test_what_is_kept_does_not_grow_and_tells_the_same() -> None:
    pace, now = Pace(), 0.0
    for number in range(20 * KEPT):
        now += 1.0 if number % 10 == 9 else 0.1
        pace.note(now, 1, 1)

    gaps = pace.stats(0.0, 1, None).gaps

    assert len(pace._gaps) <= KEPT
    assert len(pace._stamps) <= FRESH
    assert gaps.count == 20 * KEPT - 1
    assert (gaps.p50, gaps.p95, gaps.max) == pytest.approx((0.1, 1.0, 1.0))
    assert gaps.mean == pytest.approx(0.19, rel=0.01)
