"""Opens many streams at once, holds them, and cancels them: `main(base_url, client, count)`.

`client` is `chatsdk`, or `aiohttp` for a loop written by hand on that alone, which shows what a stream costs at least.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp

from chatsdk import AsyncChatClient

from .process import Numbers, descriptors, objects, resident, tasks

Opened = Callable[[], None]
Hold = Callable[[Opened], Awaitable[None]]


@asynccontextmanager
async def of_chatsdk(base_url: str) -> AsyncIterator[Hold]:
    async with AsyncChatClient(base_url=f"{base_url}/hold/v1", model="m") as client:

        async def hold(opened: Opened) -> None:
            async for _ in client.stream("Hi").text():
                opened()

        yield hold


@asynccontextmanager
async def of_aiohttp(base_url: str) -> AsyncIterator[Hold]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        url = f"{base_url}/hold/v1/chat/completions"
        question = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}

        async def hold(opened: Opened) -> None:
            async with session.post(url, json=question) as response:
                async for _ in response.content.iter_any():
                    opened()

        yield hold


CLIENTS = {"chatsdk": of_chatsdk, "aiohttp": of_aiohttp}


async def hold_and_cancel(hold: Hold, count: int) -> Numbers:
    """The seconds it took, and the memory that all of them hold together."""
    left = count
    all_open = asyncio.Event()

    def opened() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            all_open.set()

    before, start = resident(), time.perf_counter()
    running = [asyncio.create_task(hold(opened)) for _ in range(count)]
    await all_open.wait()
    opening = time.perf_counter() - start
    memory, open_descriptors = resident() - before, descriptors()

    start = time.perf_counter()
    for task in running:
        task.cancel()
    results = await asyncio.gather(*running, return_exceptions=True)
    cancelling = time.perf_counter() - start
    return {
        "memory": memory,
        "opening": opening,
        "cancelling": cancelling,
        "descriptors": open_descriptors,
        "cancelled": sum(isinstance(result, asyncio.CancelledError) for result in results),
    }


async def main(base_url: str, client: str, count: str) -> Numbers:
    """The numbers of one go, and what is left of it."""
    async with CLIENTS[client](base_url) as hold:
        await hold_and_cancel(hold, 10)
        await asyncio.sleep(0)
        descriptors_before, objects_before = descriptors(), objects()
        numbers = await hold_and_cancel(hold, int(count))
        await asyncio.sleep(0)  # the turn in which sockets that were aborted are closed
        left = objects()
        numbers["left"] = {
            "descriptors": descriptors() - descriptors_before,
            "tasks": tasks(),
            **{name: left[name] - objects_before.get(name, 0) for name in left if name != "all"},
        }
        again = await hold_and_cancel(hold, 1)
        return {**numbers, "again": again["cancelled"]}
