"""Reads a stream of many tokens to its end and watches its own memory: `main(base_url, view, tokens)`."""

from __future__ import annotations

from chatsdk import AsyncChatClient

from .process import Numbers, resident
from .server import TOKENS

VIEWS = {
    "chunks": lambda stream: stream,
    "text": lambda stream: stream.text(),
    "deltas": lambda stream: stream.deltas(),
    "events": lambda stream: stream.events(),
    "sse": lambda stream: stream.sse(),
}


async def main(base_url: str, view: str, tokens: str) -> Numbers:
    """Bytes of memory when a fifth had come, what was added to them until the end, and the length of the text."""
    count = int(tokens)
    async with AsyncChatClient(base_url=f"{base_url}/count/{tokens}/v1", model="m") as client:
        stream = client.stream("Hi")
        seen, before, highest = 0, 0, 0
        async for _ in VIEWS[view](stream):
            seen += 1
            if seen == count // 5:
                before = resident()
            elif seen % (count // 10) == 0:
                highest = max(highest, resident())
        after = resident()
        completion = await stream.completion()
        return {
            "tokens": count,
            "steps": seen,
            "before": before,
            "growth": max(highest, after) - before,
            "text": len(completion.text or ""),
            "is_right": completion.text == "".join(TOKENS) * (count // 1000),
            "outcome": stream.outcome,
        }
