"""Reads a little of a stream without end, and then nothing for a while: `main(base_url)`."""

from __future__ import annotations

import asyncio
import json
import time

from chatsdk import AsyncChatClient, Timeouts

from .process import Numbers, resident

IDLE = 0.4
SOME = 2000


async def written(base_url: str) -> int:
    """Bytes that the server has got rid of."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(base_url.rpartition(":")[2]))
    writer.write(b"GET /account HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
    writer.close()
    await writer.wait_closed()
    number: int = json.loads(body)["written"]
    return number


async def standstill(base_url: str) -> int:
    """What it has got rid of once that grows no more. Raises TimeoutError if it goes on growing."""
    last = -1
    async with asyncio.timeout(20):
        while (now := await written(base_url)) != last:
            last = now
            await asyncio.sleep(1.25 * IDLE)
    return now


async def main(base_url: str) -> Numbers:
    """Bytes: what the server wrote until it stood still, and again after a second round, and the client's memory."""
    timeout = Timeouts(idle=IDLE)
    async with AsyncChatClient(base_url=f"{base_url}/endless/v1", model="m", timeout=timeout, max_retries=0) as client:
        stream = client.stream("Hi")
        texts = stream.text()
        for _ in range(SOME):
            await anext(texts)
        memory = resident()
        ahead = await standstill(base_url)
        growth = resident() - memory

        for _ in range(50 * SOME):
            await anext(texts)
        later = await standstill(base_url)

        for _ in range(3):
            time.sleep(1.25 * IDLE)  # noqa: ASYNC251 - a consumer that holds up the whole loop
            for _ in range(SOME):
                await anext(texts)
        stream.stop()
        return {"ahead": ahead, "later": later, "growth": growth, "outcome": stream.outcome}
