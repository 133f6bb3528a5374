"""One timer for all waits of a loop: when it is set, and what it ends."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from chatsdk import APITimeoutError, ClientClosedError, Timeouts
from chatsdk._timing import TURNS, CallTimer, OpenCalls


def timers_of(calls: OpenCalls) -> list[float]:
    """When the alarms of these calls ring."""
    return [alarm.rings_at for alarm in calls._alarms.values()]


async def guarded(calls: OpenCalls, inside: asyncio.Event | None = None, **limits: Any) -> None:
    timer = CallTimer(Timeouts(**limits), calls)

    async def wait() -> None:
        timer.enter("headers")
        if inside is not None:
            inside.set()
        await asyncio.Event().wait()

    await timer.guard(wait)


async def test_many_waits_have_one_timer_which_an_earlier_limit_moves_and_a_later_one_does_not() -> None:
    calls = OpenCalls()
    moments = []
    for limit in (50.0, 60.0, 40.0):
        inside = asyncio.Event()
        task = asyncio.create_task(guarded(calls, inside, headers=limit))
        await inside.wait()
        moments.append(timers_of(calls))
        task.cancel()

    (first,), (second,), (third,) = moments
    assert first == second
    assert third < first


async def test_each_wait_ends_at_its_own_limit_though_the_timer_was_set_for_another() -> None:
    calls = OpenCalls()
    ended: list[float] = []

    async def end(limit: float) -> None:
        with pytest.raises(APITimeoutError, match="headers"):
            await guarded(calls, headers=limit)
        ended.append(limit)

    await asyncio.gather(*(end(limit) for limit in (0.06, 0.02, 0.04)))

    assert ended == [0.02, 0.04, 0.06]
    assert [len(alarm.waits) for alarm in calls._alarms.values()] == [0]


async def test_no_wait_begins_after_the_close() -> None:
    calls = OpenCalls()
    calls.close()

    with pytest.raises(ClientClosedError):
        await guarded(calls)
    assert [len(alarm.waits) for alarm in calls._alarms.values()] == [0]


def test_a_closed_loop_is_forgotten_by_the_next() -> None:
    calls = OpenCalls()

    async def once() -> None:
        with pytest.raises(APITimeoutError):
            await guarded(calls, headers=0.001)

    asyncio.run(once())
    asyncio.run(once())

    assert len(calls._alarms) == 1


async def test_what_came_while_the_loop_was_held_up_is_read_before_a_wait_is_ended() -> None:
    timer = CallTimer(Timeouts(headers=0.02), OpenCalls())
    came = asyncio.get_running_loop().create_future()

    def hold_up() -> None:
        time.sleep(0.05)  # the loop does nothing else meanwhile: that is what is tested
        came.set_result("an answer")

    async def wait() -> str:
        timer.enter("headers")
        asyncio.get_running_loop().call_soon(hold_up)
        answer: str = await came
        for _ in range(TURNS - 2):  # as the steps of a library that read it take
            await asyncio.sleep(0)
        return answer

    assert await timer.guard(wait) == "an answer"
