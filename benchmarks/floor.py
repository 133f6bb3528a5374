"""F, the floor: what someone would write by hand on bare aiohttp and msgspec, and nothing more.

No retries, no deadline but aiohttp's own, no errors, no accumulation, the least Struct that holds the text. A
client with features is measured against this.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import msgspec

from benchmarks.rows import AT_ONCE, Ask, AskAll, Messages, Stamped
from benchmarks.workloads import items_told

_HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta


class _Chunk(msgspec.Struct):
    choices: list[_Choice]


class _Function(msgspec.Struct):
    arguments: str


class _ToolCall(msgspec.Struct):
    function: _Function


class _ToolDelta(msgspec.Struct):
    tool_calls: list[_ToolCall] = []


class _ToolChoice(msgspec.Struct):
    delta: _ToolDelta


class _ToolChunk(msgspec.Struct):
    choices: list[_ToolChoice]


class _Alternative(msgspec.Struct):
    token: str
    logprob: float


class _Entry(_Alternative):
    top_logprobs: list[_Alternative]


class _Logprobs(msgspec.Struct):
    content: list[_Entry]


class _LogprobsChoice(msgspec.Struct):
    delta: _Delta
    logprobs: _Logprobs | None


class _LogprobsChunk(msgspec.Struct):
    choices: list[_LogprobsChoice]


class _Item(msgspec.Struct):
    id: int
    name: str
    price: float


class _Items(msgspec.Struct):
    items: list[_Item]


class _Message(msgspec.Struct):
    content: str


class _Answer(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Answer]


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


@asynccontextmanager
async def stream(base_url: str) -> AsyncIterator[Ask]:
    url = f"{base_url}/chat/completions"
    decode = msgspec.json.Decoder(_Chunk).decode
    encode = msgspec.json.Encoder().encode
    async with _session() as session:

        async def ask(messages: Messages) -> str:
            body = encode({"model": "bench", "messages": messages, "stream": True})
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
    async with _session() as session:

        async def ask(messages: Messages) -> str:
            body = encode({"model": "bench", "messages": messages})
            async with session.post(url, data=body, headers=_HEADERS) as response:
                return decode(await response.read()).choices[0].message.content

        yield ask


@asynccontextmanager
async def batch(base_url: str) -> AsyncIterator[AskAll]:
    async with call(base_url) as ask:

        async def ask_all(lines: Iterator[Messages]) -> Counter[str]:
            answers = Counter[str]()

            async def run() -> None:
                for messages in lines:
                    answers[await ask(messages)] += 1

            await asyncio.gather(*(run() for _ in range(AT_ONCE)))
            return answers

        yield ask_all


async def _payloads(response: aiohttp.ClientResponse) -> AsyncIterator[list[bytes]]:
    """The data of the events of each read."""
    rest = b""
    async for data in response.content.iter_any():
        *events, rest = (rest + data).split(b"\n\n")
        yield [payload for event in events if (payload := event.removeprefix(b"data: ")) != b"[DONE]"]


Read = Callable[[aiohttp.ClientResponse], Awaitable[str]]


def _reading(read: Read) -> Callable[[str], AbstractAsyncContextManager[Ask]]:
    @asynccontextmanager
    async def make(base_url: str) -> AsyncIterator[Ask]:
        url = f"{base_url}/chat/completions"
        encode = msgspec.json.Encoder().encode
        async with _session() as session:

            async def ask(messages: Messages) -> str:
                body = encode({"model": "bench", "messages": messages, "stream": True})
                async with session.post(url, data=body, headers=_HEADERS) as response:
                    return await read(response)

            yield ask

    return make


_decode_text = msgspec.json.Decoder(_Chunk).decode
_decode_tools = msgspec.json.Decoder(_ToolChunk).decode
_decode_logprobs = msgspec.json.Decoder(_LogprobsChunk).decode
_decode_items = msgspec.json.Decoder(_Items).decode


async def _tools(response: aiohttp.ClientResponse) -> str:
    parts: list[str] = []
    async for payloads in _payloads(response):
        for payload in payloads:
            parts += [call.function.arguments for call in _decode_tools(payload).choices[0].delta.tool_calls]
    return "".join(parts)


async def _logprobs(response: aiohttp.ClientResponse) -> str:
    parts: list[str] = []
    async for payloads in _payloads(response):
        for payload in payloads:
            if logprobs := _decode_logprobs(payload).choices[0].logprobs:
                parts.append(logprobs.content[0].top_logprobs[-1].token)
    return "".join(parts)


async def _items(response: aiohttp.ClientResponse) -> str:
    """Read once, at the end."""
    parts: list[str] = []
    async for payloads in _payloads(response):
        for payload in payloads:
            if content := _decode_text(payload).choices[0].delta.content:
                parts.append(content)
    return items_told(_decode_items("".join(parts)).items)


async def _first(response: aiohttp.ClientResponse) -> str:
    first = Stamped("", 0.0)
    async for payloads in _payloads(response):
        for payload in payloads:
            content = _decode_text(payload).choices[0].delta.content
            if content and not first:
                first = Stamped(content, time.perf_counter())
    return first


tools = _reading(_tools)
logprobs = _reading(_logprobs)
items = _reading(_items)
first = _reading(_first)
