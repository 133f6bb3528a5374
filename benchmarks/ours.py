"""chatsdk: each way of reading a stream, and the one-shot call. Imported in the rows: it may be missing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.rows import Ask

if TYPE_CHECKING:
    from chatsdk import AsyncChatClient, ChatStream

_PROMPT = "Say hello."

Make = Callable[[str], AbstractAsyncContextManager[Ask]]


def _row(once: Callable[["AsyncChatClient"], Awaitable[str]]) -> Make:
    @asynccontextmanager
    async def make(base_url: str) -> AsyncIterator[Ask]:
        from chatsdk import AsyncChatClient

        async with AsyncChatClient(base_url=base_url, api_key="bench", model="bench") as client:

            async def ask() -> str:
                return await once(client)

            yield ask

    return make


def _stream_row(read: Callable[["ChatStream"], Awaitable[list[str]]]) -> Make:
    async def once(client: "AsyncChatClient") -> str:
        async with client.stream(_PROMPT) as stream:
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


async def _call(client: "AsyncChatClient") -> str:
    return (await client.create(_PROMPT)).text


text = _stream_row(_text)
chunks = _stream_row(_chunks)
deltas = _stream_row(_deltas)
events = _stream_row(_events)
call = _row(_call)
