"""Asks a server whose framing goes bad in a later read: `main(base_url, way)`, where `way` is `create` or `stream`."""

from __future__ import annotations

from aiohttp.http_parser import HttpResponseParser

from chatsdk import AsyncChatClient, ChatError, Timeouts

from .process import Numbers, descriptors, tasks


async def main(base_url: str, way: str) -> Numbers:
    """How it ended, with which parser, and what is left of it."""
    before = descriptors()
    numbers: Numbers = {"parser": "C" if "_http_parser" in HttpResponseParser.__module__ else "Python"}
    timeout = Timeouts(idle=0.5)
    async with AsyncChatClient(base_url=f"{base_url}/framing/v1", model="m", timeout=timeout, max_retries=0) as client:
        stream = client.stream("Hi")
        try:
            await (client.create("Hi") if way == "create" else stream.completion())
        except ChatError as error:
            numbers |= {"error": type(error).__name__, "phase": getattr(error, "phase", None)}
        numbers |= {"text": stream.so_far.text, "outcome": stream.outcome}
        again = client.with_options(timeout=Timeouts(idle=0.2)).stream("Hi")
        numbers["again"] = await anext(again.text())
        again.stop()
    return {**numbers, "descriptors": descriptors() - before, "tasks": tasks()}
