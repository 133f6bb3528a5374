"""The other side of the benchmark: a chat completions server on loopback, in a process of its own.

    python -m benchmarks.server        prints its port on the first line, ends when its stdin does

It speaks just enough HTTP/1.1 (keep-alive, Content-Length requests) and answers with bytes built before the
first request for them is answered: per request one header scan and one write, per packet one write and one
turn of the loop. It must never be the slow side where a client's speed is at stake, and it tells how busy it
was: `GET /busy` gives its CPU seconds so far. `probe` asks it, and the benchmark prints the answer beside its
table.

Paths, with `/chat/completions` or whatever a client puts after them:

    /stream/<body>/<seed>/<chunks>/<per packet>/<pace>   SSE; `pace` microseconds between packets, 0: all at once
    /call/<seed>/<tokens>/<least>                        one JSON completion, if the request has `least` bytes
"""

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Iterator
from functools import cache

from benchmarks import workloads
from benchmarks.watch import raise_descriptor_limit

_HEADERS = (
    b"openai-organization: bench\r\nopenai-processing-ms: 287\r\nopenai-version: 2020-10-01\r\n"
    b"x-request-id: req_5f2c1d7a9be84c0d8f3e6a1b2c3d4e5f\r\nx-ratelimit-limit-requests: 30000\r\n"
    b"x-ratelimit-limit-tokens: 150000000\r\nx-ratelimit-remaining-requests: 29999\r\n"
    b"x-ratelimit-remaining-tokens: 149999967\r\nx-ratelimit-reset-requests: 2ms\r\n"
    b"x-ratelimit-reset-tokens: 0s\r\n"
    b"strict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n"
    + _HEADERS
    + b"\r\n"
)

_LONG = 0.05
"""Seconds between packets from which on a timer is exact enough."""

# As much as asyncio reads at once. Handing it the whole body makes it move the unsent rest after every send.
_SLICE = 256 * 1024


def _json_response(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(body)
    return head + _HEADERS + b"\r\n" + body


@cache
def _call(path: str) -> bytes:
    seed, tokens, _ = map(int, path.split("/")[2:5])
    return _json_response(workloads.completion_body(seed, tokens))


@cache
def _stream(path: str) -> tuple[list[bytes], float]:
    """What to write one by one and the seconds between: the packets, or unpaced the body in big slices."""
    filling = path.split("/")[2]
    seed, count, per_packet, pace = map(int, path.split("/")[3:7])
    framed = workloads.chunked(workloads.packets(seed, count, per_packet, filling))
    if pace:
        return framed, pace / 1e6
    body = b"".join(framed)
    return [body[at : at + _SLICE] for at in range(0, len(body), _SLICE)], 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection: cuts requests out of the bytes, writes the answer its path names.

    asyncio sets TCP_NODELAY on every socket it serves, so a write is a packet.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._may_write = True
        self._packets: Iterator[bytes] = iter(())
        self._pace = 0.0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:head_end])
            length = _content_length(head)
            end = head_end + 4 + length
            if len(self._received) < end:
                return
            del self._received[:end]
            self._answer(head.split(b" ", 2)[1].decode(), length)

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True

    def _answer(self, path: str, length: int) -> None:
        if path.startswith("/call/") and length >= int(path.split("/")[4]):
            self._transport.write(_call(path))
        elif path.startswith("/stream/"):
            packets, self._pace = _stream(path)
            self._packets = iter(packets)
            self._transport.write(_STREAM_HEAD)
            self._due = time.perf_counter() + (self._pace if self._pace < _LONG else 0.0)
            self._loop.call_soon(self._pump)
        elif path == "/busy":
            self._transport.write(_json_response(b"%r" % time.process_time()))
        else:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

    def _pump(self) -> None:
        """Writes the next packet once it is due; turns the loop meanwhile, as its timers are too coarse.

        Not for a wait that they are good enough for: thousands of streams may be held at once.
        """
        if self._transport.is_closing():
            return
        if self._may_write and time.perf_counter() >= self._due:
            packet = next(self._packets, None)
            if packet is None:
                return
            self._transport.write(packet)
            self._due = time.perf_counter() + self._pace
        if self._pace >= _LONG:
            self._loop.call_later(max(0.0, self._due - time.perf_counter()), self._pump)
        else:
            self._loop.call_soon(self._pump)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def serve() -> None:
    raise_descriptor_limit()
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=16_384)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.freeze()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
