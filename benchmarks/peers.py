"""The peers, used as their documentation does, retries off. Imported in the rows: each may be missing."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from benchmarks.rows import Ask, Stamped
from benchmarks.workloads import items_told


def _openai(base_url: str, *, aiohttp: bool) -> Any:
    import openai

    backend = openai.DefaultAioHttpClient() if aiohttp else None
    return openai.AsyncOpenAI(base_url=base_url, api_key="bench", max_retries=0, http_client=backend)


@asynccontextmanager
async def _openai_chunks(base_url: str, *, aiohttp: bool) -> AsyncIterator[Ask]:
    async with _openai(base_url, aiohttp=aiohttp) as client:

        async def ask(messages: Any) -> str:
            parts: list[str] = []
            stream = await client.chat.completions.create(model="bench", messages=messages, stream=True)
            async for chunk in stream:
                content = chunk.choices[0].delta.content
                if content:
                    parts.append(content)
            return "".join(parts)

        yield ask


@asynccontextmanager
async def _openai_call(base_url: str, *, aiohttp: bool) -> AsyncIterator[Ask]:
    async with _openai(base_url, aiohttp=aiohttp) as client:

        async def ask(messages: Any) -> str:
            completion = await client.chat.completions.create(model="bench", messages=messages)
            return str(completion.choices[0].message.content)

        yield ask


openai_chunks = partial(_openai_chunks, aiohttp=False)
openai_aiohttp_chunks = partial(_openai_chunks, aiohttp=True)
openai_call = partial(_openai_call, aiohttp=False)
openai_aiohttp_call = partial(_openai_call, aiohttp=True)


@asynccontextmanager
async def openai_aiohttp_alternatives(base_url: str) -> AsyncIterator[Ask]:
    async with _openai(base_url, aiohttp=True) as client:

        async def ask(messages: Any) -> str:
            stream = await client.chat.completions.create(model="bench", messages=messages, stream=True)
            entries = [chunk.choices[0].logprobs async for chunk in stream]
            return "".join(entry.content[0].top_logprobs[-1].token for entry in entries if entry)

        yield ask


@asynccontextmanager
async def openai_aiohttp_first(base_url: str) -> AsyncIterator[Ask]:
    async with _openai(base_url, aiohttp=True) as client:

        async def ask(messages: Any) -> str:
            first = Stamped("", 0.0)
            stream = await client.chat.completions.create(model="bench", messages=messages, stream=True)
            async for chunk in stream:
                if not first and (content := chunk.choices[0].delta.content):
                    first = Stamped(content, time.perf_counter())
            return first

        yield ask


@asynccontextmanager
async def openai_events(base_url: str) -> AsyncIterator[Ask]:
    """The `.stream()` helper: events over an accumulated snapshot, the nearest thing to our `.events()`."""
    async with _openai(base_url, aiohttp=False) as client:

        async def ask(messages: Any) -> str:
            parts: list[str] = []
            async with client.chat.completions.stream(model="bench", messages=messages) as stream:
                async for event in stream:
                    if event.type == "content.delta":
                        parts.append(event.delta)
            return "".join(parts)

        yield ask


@asynccontextmanager
async def openai_aiohttp_parsed(base_url: str) -> AsyncIterator[Ask]:
    """The `.stream()` helper with a pydantic model: each event has what has come so far, the end has the model."""
    from pydantic import BaseModel

    class Item(BaseModel):
        id: int
        name: str
        price: float

    class Items(BaseModel):
        items: list[Item]

    async with _openai(base_url, aiohttp=True) as client:

        async def ask(messages: Any) -> str:
            seen: Any = None
            stream = client.chat.completions.stream(model="bench", messages=messages, response_format=Items)
            async with stream as events:
                async for event in events:
                    if event.type == "content.delta":
                        seen = event.parsed
                completion = await events.get_final_completion()
            items = completion.choices[0].message.parsed.items
            assert len(seen["items"]) == len(items)
            return items_told(items)

        yield ask


@asynccontextmanager
async def litellm_chunks(base_url: str) -> AsyncIterator[Ask]:
    import litellm

    async def ask(messages: Any) -> str:
        parts: list[str] = []
        stream: Any = await litellm.acompletion(
            model="openai/bench",
            messages=messages,
            api_base=base_url,
            api_key="bench",
            stream=True,
            max_retries=0,
            num_retries=0,
        )
        async for chunk in stream:
            content = chunk.choices[0].delta.content
            if content:
                parts.append(content)
        return "".join(parts)

    yield ask


@asynccontextmanager
async def litellm_call(base_url: str) -> AsyncIterator[Ask]:
    import litellm

    async def ask(messages: Any) -> str:
        completion: Any = await litellm.acompletion(
            model="openai/bench",
            messages=messages,
            api_base=base_url,
            api_key="bench",
            max_retries=0,
            num_retries=0,
        )
        return str(completion.choices[0].message.content)

    yield ask
