"""A consumer takes its time: the server has to wait, memory stays as it is, and no limit runs out."""

from __future__ import annotations

import asyncio
import time

from chatsdk import AsyncChatClient, Timeouts
from tests.test_watchdog import Watched

from .process import measured

MIB = 1 << 20

SOCKETS = 24 * MIB
"""What the kernel may hold between two processes."""


def test_a_consumer_that_stops_reading_stops_the_server_and_is_no_timeout(base_url: str) -> None:
    found = measured("slow", base_url, timeout=60)

    assert found["outcome"] == "stopped"
    assert found["ahead"] <= SOCKETS
    assert found["ahead"] < found["later"] <= 2 * SOCKETS
    assert found["growth"] <= 8 * MIB


async def test_a_task_that_holds_up_the_loop_is_no_timeout_of_a_stream(base_url: str) -> None:
    timeout = Timeouts(idle=0.3)
    async with AsyncChatClient(base_url=f"{base_url}/ticking/v1", model="m", timeout=timeout) as client:
        stream = client.stream("Hi")
        texts = stream.text()
        await anext(texts)

        for _ in range(3):
            waiting = asyncio.create_task(anext(texts))
            await asyncio.sleep(0)
            time.sleep(0.5)  # noqa: ASYNC251 - that is what is tested
            assert await waiting == "x"

        assert stream.outcome == "open"
        stream.stop()


def hold_up(watched: Watched, seconds: float) -> str | None:
    """The phase that has run out once a loop that did nothing for so long has run its timers, late."""
    clock = watched.clock
    clock.now += seconds
    for timer in [timer for timer in clock.timers if timer.at <= clock.now]:
        timer.cancel()
        timer.callback()
    return watched.response.phase


def test_what_came_while_the_loop_was_held_up_counts() -> None:
    watched = Watched(Timeouts(idle=10))
    watched.dog.start_waiting()

    assert hold_up(watched, 20) is None
    watched.dog.stop_waiting(progress=True)

    assert [watched.wait(9, progress=True) for _ in range(3)] == [None] * 3
    assert watched.wait(10, progress=True) == "idle"


def test_silence_while_the_loop_was_held_up_is_silence() -> None:
    watched = Watched(Timeouts(idle=10))
    watched.dog.start_waiting()

    assert hold_up(watched, 20) is None
    watched.clock.advance(0.1)

    assert watched.response.phase == "idle"


def test_a_loop_that_is_held_up_again_and_again_ends_a_silent_stream_all_the_same() -> None:
    watched = Watched(Timeouts(idle=10))
    watched.dog.start_waiting()

    assert [hold_up(watched, 20), hold_up(watched, 1), hold_up(watched, 1)] == [None, None, "idle"]
