"""Sends 200 MiB of whatever the first part of the path names. It tells its port, and serves until it is killed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator

MIB = 1 << 20
FLOOD = 200 * MIB
HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
OK = HEAD + b"\r\n"
SSE = HEAD + b"content-type: text/event-stream\r\n\r\n"
ERROR = b"HTTP/1.1 500 Oh\r\nconnection: close\r\n"
ZIPPED = b"content-encoding: gzip\r\n\r\n"
TOKEN = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def zipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def flood(start: bytes, unit: bytes = b"x" * 65536, end: bytes = b"") -> Iterator[bytes]:
    yield start
    for _ in range(FLOOD // len(unit)):
        yield unit
    yield end


FLOODS = {
    "line": (SSE, lambda: flood(TOKEN + b"data: ")),
    "lines": (SSE, lambda: flood(TOKEN, b"data: x\n" * 8192)),
    "empty lines": (SSE, lambda: flood(TOKEN, b"data\n" * 8192)),
    "error field": (SSE, lambda: flood(TOKEN + b"error: ")),
    "comment": (SSE, lambda: flood(TOKEN + b": ", end=b"\n\n" + END)),
    "unknown field": (SSE, lambda: flood(TOKEN + b"foo: ", end=b"\n\n" + END)),
    "comments": (SSE, lambda: flood(TOKEN, (b": " + b"x" * 1021 + b"\n") * 64, b"\n\n" + END)),
    "document": (OK, lambda: flood(b'{"x":"')),
    "spaces": (OK, lambda: flood(b" ", b" " * 65536)),
    "body": (OK, lambda: flood(b'{"x":"')),
    "page": (OK, lambda: flood(b"<html>")),
    "announced": (HEAD + b"content-length: %d\r\n\r\n" % FLOOD, lambda: flood(b"{")),
    "error": (ERROR + b"\r\n", lambda: flood(b'{"error":{"message":"too bad","x":"')),
    "bomb": (HEAD + ZIPPED, lambda: zipped(flood(b'{"x":"'))),
    "bomb stream": (HEAD + ZIPPED, lambda: zipped(flood(TOKEN + b"data: "))),
    "bomb error": (ERROR + ZIPPED, lambda: zipped(flood(b'{"error":{"message":"too bad","x":"'))),
    "header": (HEAD + b"x: ", lambda: flood(b"y")),
    "headers": (HEAD, lambda: flood(b"", b"x: y\r\n" * 8192)),
}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        start, pieces = FLOODS[head.split(b"/")[1].decode().replace("-", " ")]
        writer.write(start)
        for piece in pieces():
            writer.write(piece)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


asyncio.run(main())
