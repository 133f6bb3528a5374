"""F, the floor: what someone would write by hand on bare aiohttp and msgspec, and nothing more.

No retries, no deadline but aiohttp's own, no errors, no accumulation, the least Struct that holds the text. A
client with features is measured against this.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from benchmarks.rows import Ask

_HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}
_MESSAGES = [{"role": "user", "content": "Say hello."}]


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta


class _Chunk(msgspec.Struct):
    choices: list[_Choice]


class _Message(msgspec.Struct):
    content: str


class _Answer(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Answer]


@asynccontextmanager
async def stream(base_url: str) -> AsyncIterator[Ask]:
    url = f"{base_url}/chat/completions"
    decode = msgspec.json.Decoder(_Chunk).decode
    encode = msgspec.json.Encoder().encode
    async with aiohttp.ClientSession() as session:

        async def ask() -> str:
            body = encode({"model": "bench", "messages": _MESSAGES, "stream": True})
            parts: list[str] = []
            rest = b""
            async with session.post(url, data=body, headers=_HEADERS) as response:
                async for data in response.content.iter_any():
                    *events, rest = (rest + data).split(b"\n\n")
                    for event in events:
                        payload = event.removeprefix(b"data: ")
                        if payload == b"[DONE]":
                            break
                        content = decode(payload).choices[0].delta.content
                        if content:
                            parts.append(content)
            return "".join(parts)

        yield ask


@asynccontextmanager
async def call(base_url: str) -> AsyncIterator[Ask]:
    url = f"{base_url}/chat/completions"
    decode = msgspec.json.Decoder(_Completion).decode
    encode = msgspec.json.Encoder().encode
    async with aiohttp.ClientSession() as session:

        async def ask() -> str:
            body = encode({"model": "bench", "messages": _MESSAGES})
            async with session.post(url, data=body, headers=_HEADERS) as response:
                return decode(await response.read()).choices[0].message.content

        yield ask
