"""A server that writes the bytes it is told to, in the pieces it is told to: also what no decent server sends.

Beside it what the tests here do with it: ask it once, as a stream or plainly, and note everything that came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chatsdk import AsyncChatClient, ChatCompletion, ChatCompletionChunk, ChatError

REASON = {200: "OK", 400: "Bad Request", 429: "Too Many Requests"}


class RawServer:
    """Gives every request on its port the same answer, byte for byte, and closes the connection."""

    def __init__(self) -> None:
        self.answer: list[bytes] = []
        self.request = b""
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}/v1"

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.request = await read_request(reader)
            for piece in self.answer:
                writer.write(piece)
                await asyncio.sleep(0)
                if writer.is_closing():
                    break  # the client has read enough
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A request with its body, as it came."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].partition(b":")[2]) if lengths else 0)


@asynccontextmanager
async def raw_server_and_client() -> AsyncIterator[tuple[RawServer, AsyncChatClient]]:
    """A server, and a client of it that tries once."""
    async with (
        RawServer() as server,
        AsyncChatClient(base_url=server.base_url, api_key="sk-test", model="test", max_retries=0) as client,
    ):
        yield server, client


def head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """A status line and headers. The connection serves one request, which the client is told."""
    pairs = [("connection", "close"), *headers]
    lines = [f"HTTP/1.1 {status} {REASON.get(status, 'Unknown')}", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunked(pieces: Iterable[bytes], *, cut: bool = False) -> list[bytes]:
    """Pieces of a body in the framing of HTTP/1.1 (RFC 9112, 7.1), with the end that belongs there or without."""
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
    return framed if cut else [*framed, b"0\r\n\r\n"]


@dataclass
class Told:
    """What a client made of an answer."""

    completion: ChatCompletion
    chunks: list[ChatCompletionChunk] = field(default_factory=list)
    error: ChatError | None = None
    outcome: str = ""


async def ask_for_stream(client: AsyncChatClient) -> Told:
    """All that a stream gives to one who iterates over it."""
    chunks: list[ChatCompletionChunk] = []
    error: ChatError | None = None
    stream = client.stream("Hi")
    try:
        async for chunk in stream:
            chunks.append(chunk)
    except ChatError as caught:
        error = caught
    return Told(stream.so_far, chunks, error, stream.outcome)


async def ask_plainly(client: AsyncChatClient) -> Told:
    """All that a call gives that asks for no stream."""
    try:
        return Told(await client.create("Hi"))
    except ChatError as error:
        return Told(error.partial or ChatCompletion(), error=error)
