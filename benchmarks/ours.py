"""chatsdk: each way of reading a stream, and the one-shot call. Imported in the rows: it may be missing."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from benchmarks.rows import AT_ONCE, Ask, AskAll, Messages, Stamped
from benchmarks.workloads import items_told

if TYPE_CHECKING:
    from chatsdk import AsyncChatClient, ChatStream


class _Item(msgspec.Struct):
    id: int
    name: str
    price: float


class _Items(msgspec.Struct):
    items: list[_Item]


Make = Callable[[str], AbstractAsyncContextManager[Ask]]


def _row(once: Callable[["AsyncChatClient", Messages], Awaitable[str]]) -> Make:
    @asynccontextmanager
    async def make(base_url: str) -> AsyncIterator[Ask]:
        from chatsdk import AsyncChatClient

        async with AsyncChatClient(base_url=base_url, api_key="bench", model="bench") as client:

            async def ask(messages: Messages) -> str:
                return await once(client, messages)

            yield ask

    return make


def _stream_row(read: Callable[["ChatStream"], Awaitable[list[str]]]) -> Make:
    async def once(client: "AsyncChatClient", messages: Messages) -> str:
        async with client.stream(messages) as stream:
            return "".join(await read(stream))

    return _row(once)


async def _text(stream: "ChatStream") -> list[str]:
    return [piece async for piece in stream.text()]


async def _chunks(stream: "ChatStream") -> list[str]:
    return [content async for chunk in stream if (content := chunk.choices[0].delta.content)]


async def _deltas(stream: "ChatStream") -> list[str]:
    return [delta.content async for delta in stream.deltas() if delta.content]


async def _events(stream: "ChatStream") -> list[str]:
    from chatsdk import TextDelta

    return [event.text async for event in stream.events() if isinstance(event, TextDelta)]


async def _tool_arguments(stream: "ChatStream") -> list[str]:
    """As they stand in the completion: joined by the client."""
    return [call.function.arguments for call in (await stream.completion()).tool_calls if call.function]


async def _alternatives(stream: "ChatStream") -> list[str]:
    entries = [logprobs.content async for chunk in stream if (logprobs := chunk.choices[0].logprobs)]
    return [entry.top_logprobs[-1].token for content in entries for entry in content or ()]


async def _elements(client: "AsyncChatClient", messages: Messages) -> str:
    async with client.stream(messages, response_type=_Items) as stream:
        return items_told([item async for item in stream.elements("items")])


async def _partials(client: "AsyncChatClient", messages: Messages) -> str:
    items: list[_Item] = []
    async with client.stream(messages, response_type=_Items) as stream:
        async for view in stream.partials():
            items = getattr(view, "items", items)
    return items_told(items)


async def _first(client: "AsyncChatClient", messages: Messages) -> str:
    async with client.stream(messages) as stream:
        pieces = stream.text()
        first = Stamped(await anext(pieces), time.perf_counter())
        async for _ in pieces:
            pass
    return first


async def _call(client: "AsyncChatClient", messages: Messages) -> str:
    return (await client.create(messages)).text


@asynccontextmanager
async def batch(base_url: str) -> AsyncIterator[AskAll]:
    from chatsdk import AsyncChatClient

    async with AsyncChatClient(base_url=base_url, api_key="bench", model="bench") as client:

        async def ask_all(lines: Iterator[Messages]) -> Counter[str]:
            answers = Counter[str]()
            async for result in client.batch(lines, concurrency=AT_ONCE):
                assert result.completion, result.error
                answers[result.completion.text] += 1
            return answers

        yield ask_all


text = _stream_row(_text)
chunks = _stream_row(_chunks)
deltas = _stream_row(_deltas)
events = _stream_row(_events)
tool_arguments = _stream_row(_tool_arguments)
alternatives = _stream_row(_alternatives)
elements = _row(_elements)
partials = _row(_partials)
first = _row(_first)
call = _row(_call)
