"""Thousands of streams open on one client."""

from __future__ import annotations

import pytest

from .process import measured, raise_descriptor_limit

COUNTS = [1_000, pytest.param(10_000, marks=pytest.mark.nightly)]

PER_STREAM = 20_000
"""Bytes that a stream may hold beyond what bare aiohttp's does."""

OPENING, CANCELLING = 15, 2
"""Seconds that are promised for 10,000 of them."""


@pytest.mark.parametrize("count", COUNTS)
def test_streams_held_open_cost_little_more_than_those_of_bare_aiohttp_and_leave_nothing(
    base_url: str, count: int
) -> None:
    if raise_descriptor_limit() < count + 100:
        pytest.skip(f"this system allows too few descriptors for {count} streams")
    bare = measured("held", base_url, "aiohttp", count, timeout=300)
    ours = measured("held", base_url, "chatsdk", count, timeout=300)

    assert bare["cancelled"] == ours["cancelled"] == count
    assert ours["descriptors"] >= count
    assert ours["memory"] - bare["memory"] <= PER_STREAM * count
    assert ours["opening"] <= OPENING
    assert ours["cancelling"] <= CANCELLING
    assert {name: number for name, number in ours["left"].items() if number > 0} == {}
    assert ours["again"] == 1
