"""Bare aiohttp waits for ever after bad chunk framing that comes in a later read, whatever `sock_read` says.

    python docs/aiohttp_bad_chunk_framing.py
    AIOHTTP_NO_EXTENSIONS=1 python docs/aiohttp_bad_chunk_framing.py

Needs aiohttp and nothing else. One line for each kind of bad framing; the exit status is 1 if any of them hung.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
import sys

import aiohttp
from aiohttp.http_parser import HttpResponseParser

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = b"5\r\nhello\r\n"
BAD = {
    "a size that is no number": b"xyz\r\nworld\r\n",
    "a chunk longer than its size": b"1\r\nworld\r\n",
    "a size over 64 bits": b"fffffffffffffffff\r\nworld\r\n",
    "an error page of a proxy": b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
}

SOCK_READ = 0.5
PATIENCE = 3.0
"""Seconds: what aiohttp is told, and how long we wait before we call it for ever."""


async def ask(url: str) -> str:
    """How reading the answer ends."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=SOCK_READ)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
        assert await response.content.readany() == b"hello"
        protocol = response.connection.protocol if response.connection else None
        try:
            async with asyncio.timeout(PATIENCE):
                while await response.content.readany():
                    pass
                return "the end, as if all had come"
        except TimeoutError as error:
            if isinstance(error, aiohttp.ServerTimeoutError):
                return f"{type(error).__name__}: {error}"
            is_open = protocol is not None and protocol.is_connected()
            return f"HUNG for {PATIENCE:g} s, the connection {'open' if is_open else 'closed'}"
        except (aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError) as error:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:60]}"


async def outcome(bad: bytes) -> str:
    """How it ends for a client of a server that sends the good chunk, and this a moment later."""

    is_over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD + GOOD)
            await writer.drain()
            await asyncio.sleep(0.1)  # a segment of its own, and so another read
            writer.write(bad)
            await writer.drain()
            await reader.read()  # keep the connection until the client closes it
        writer.close()
        is_over.set()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        end = await ask(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/")
        await is_over.wait()
    return end


async def main() -> int:
    """Prints the outcomes; how many of them hung."""
    parser = "C" if "_http_parser" in HttpResponseParser.__module__ else "Python"
    print(f"aiohttp {aiohttp.__version__}, {parser} parser, Python {platform.python_version()}")
    outcomes = {name: await outcome(bad) for name, bad in BAD.items()}
    for name, text in outcomes.items():
        print(f"  {name:30} {text}")
    return sum(text.startswith("HUNG") for text in outcomes.values())


if __name__ == "__main__":
    sys.exit(min(asyncio.run(main()), 1))
