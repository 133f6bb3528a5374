"""Reads a token that comes after many chunks without one: `main(base_url, chunks)`."""

from __future__ import annotations

from chatsdk import AsyncChatClient

from .process import Numbers, peak, resident


async def main(base_url: str, chunks: str) -> Numbers:
    """Bytes of memory that were in use at most, beyond those at the beginning."""
    async with AsyncChatClient(base_url=f"{base_url}/roles/{chunks}/v1", model="m") as client:
        before = resident()
        completion = await client.stream("Hi").completion()
        return {"growth": peak() - before, "text": completion.text}
