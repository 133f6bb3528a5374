"""Makes calls of every kind, good and bad endings alike, and looks for growth: `main(base_url, calls)`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from chatsdk import AsyncChatClient, ChatError, RetryPolicy, Timeouts
from chatsdk._transport._aiohttp import LINGER

from .process import Numbers, descriptors, objects, resident, tasks

WORKERS = 20

Way = Callable[[AsyncChatClient, AsyncChatClient], Awaitable[object]]


turns = itertools.cycle(range(30))


async def plain(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    assert (await moody.create("Hi")).text == "Hello"


async def tried_once(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    await plain(moody.with_options(max_retries=0), holding)


async def whole(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    assert (await moody.stream("Hi").completion()).text == "xxx"


async def broken_off(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    async for _ in moody.stream("Hi").events():
        break


async def stopped(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    async with holding.stream("Hi") as stream:
        assert await anext(stream.text()) == "x"
        stream.stop()
        assert stream.outcome == "stopped"


async def cancelled(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    call = asyncio.ensure_future(holding.create("Hi"))
    for _ in range(next(turns)):
        await asyncio.sleep(0)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call


async def timed_out(moody: AsyncChatClient, holding: AsyncChatClient) -> None:
    await holding.with_options(timeout=Timeouts(idle=0.01)).stream("Hi").completion()


WAYS: tuple[Way, ...] = (
    *[plain] * 6,
    *[whole] * 6,
    *[broken_off] * 2,
    *[stopped] * 2,
    *[cancelled] * 2,
    timed_out,
    tried_once,
)


async def make(calls: int, moody: AsyncChatClient, holding: AsyncChatClient) -> Counter[str]:
    """How the calls ended."""
    endings: Counter[str] = Counter()
    numbers = iter(range(calls))

    async def work(ways: Iterator[Way]) -> None:
        for _ in numbers:
            way = next(ways)
            try:
                await way(moody, holding)
                endings[way.__name__] += 1
            except ChatError as error:
                endings[type(error).__name__] += 1

    await asyncio.gather(*(work(itertools.islice(itertools.cycle(WAYS), start, None)) for start in range(WORKERS)))
    return endings


async def count() -> Numbers:
    """What there is once the last connections are given back."""
    await asyncio.sleep(2 * LINGER)
    found = objects()
    return {
        "descriptors": descriptors(),
        "tasks": tasks(),
        "memory": resident(),
        "blocks": sys.getallocatedblocks(),
        "objects": found,
    }


async def main(base_url: str, calls: str) -> Numbers:
    """What there was after a fifth of the calls, and after all; and how they ended."""
    retry = RetryPolicy(initial_delay=0)
    async with (
        AsyncChatClient(base_url=f"{base_url}/mood/v1", model="m", retry=retry) as moody,
        AsyncChatClient(base_url=f"{base_url}/hold/v1", model="m", max_retries=0) as holding,
    ):
        warming = int(calls) // 5
        await make(warming, moody, holding)
        before = await count()
        endings = await make(int(calls) - warming, moody, holding)
        return {"before": before, "after": await count(), "endings": endings}
