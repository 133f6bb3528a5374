"""Many calls on one client, with good and bad endings, leave it as it was."""

from __future__ import annotations

import pytest

from .process import measured
from .soak import WORKERS

CALLS = [3_000, pytest.param(200_000, marks=pytest.mark.nightly)]

MIB = 1 << 20

BLOCKS = 1_500
"""Allocations by which two counts may differ, for the connections that are kept are not always as many."""

ENDINGS = {
    "plain",
    "tried_once",
    "whole",
    "broken_off",
    "stopped",
    "cancelled",
    "APITimeoutError",
    "InternalServerError",
    "StreamInterruptedError",
}


@pytest.mark.parametrize("calls", CALLS)
def test_calls_of_every_kind_leave_nothing_that_grows(base_url: str, calls: int) -> None:
    found = measured("soak", base_url, calls, timeout=1200)
    before, after = found["before"], found["after"]

    assert found["endings"].keys() == ENDINGS
    assert after["tasks"] == 0
    assert after["descriptors"] <= before["descriptors"] + WORKERS
    assert after["blocks"] <= before["blocks"] + BLOCKS
    assert after["memory"] <= before["memory"] + 4 * MIB
    classes = [name for name in after["objects"] if name != "all"]
    growth = {name: after["objects"][name] - before["objects"].get(name, 0) for name in classes}
    assert {name: number for name, number in growth.items() if number > 2 * WORKERS} == {}
