"""The other side of the load tests, in a process of its own: bytes built beforehand, and an account of what it did.

python -m tests.load.server        prints its port on the first line, ends when its stdin does

/hold/v1/...           a first token, and then silence
/count/<n>/v1/...      a stream of `n` tokens, whole; each thousand of them are `TOKENS`
/roles/<n>/v1/...      the same behind `n` chunks that bring no token
/endless/v1/...        tokens as long as somebody takes them
/ticking/v1/...        a token every 50 ms
/framing/v1/...        a good chunk of the transfer, and bad framing in a segment of its own
/answer/v1/...         one answer; a stream of three tokens if a stream was asked for
/mood/v1/...           the same, but each tenth request is refused with 503, and each tenth answer is cut
GET /account           {"connections": open ones, "written": bytes of endless streams that the kernel took}
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import sys
from collections.abc import Iterable, Iterator

from .process import raise_descriptor_limit

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def in_frame(data: bytes) -> bytes:
    """A chunk of chunked transfer encoding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(choice: bytes) -> bytes:
    return in_frame(
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[%b]}\n\n'
        % choice
    )


def document(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


ROLE = event(b'{"index":0,"delta":{"role":"assistant","content":""}}')
TOKEN = event(b'{"index":0,"delta":{"content":"x"}}')
TOKENS = [f" w{number:03}" for number in range(1000)]
THOUSAND = b"".join(event(b'{"index":0,"delta":{"content":"%b"}}' % token.encode()) for token in TOKENS)
END = event(b'{"index":0,"delta":{},"finish_reason":"stop"}') + in_frame(b"data: [DONE]\n\n") + LAST
COMPLETION = document(
    b"200 OK",
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"Hello"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
)
SHORT = STREAM + TOKEN * 3 + END
CUT = STREAM + TOKEN * 3 + LAST
BUSY = document(b"503 Service Unavailable", b'{"error":{"message":"busy"}}')

Blocks = Iterable[bytes]


class Connection(asyncio.Protocol):
    """One kept connection; what its peer does not take is not produced."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._blocks: Iterator[bytes] = iter(())
        self._may_write = True
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._account.connections += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._account.connections -= 1
        self._blocks = iter(())

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._pump()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not found:
            return
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0
        )
        if len(rest) >= length:
            self._received.clear()
            self._answer(head.split(b" ")[1].decode().strip("/").split("/"), rest)

    def _answer(self, path: list[str], body: bytes) -> None:
        kind, write = path[0], self._transport.write
        if kind == "account":
            write(self._account.document())
        elif kind == "hold":
            write(STREAM + TOKEN)
        elif kind in ("count", "roles"):
            thousands = int(path[1]) // 1000
            block, last = (THOUSAND, END) if kind == "count" else (ROLE * 1000, TOKEN + END)
            self._send([STREAM], itertools.repeat(block, thousands), [last])
        elif kind == "endless":
            self._is_counted = True
            self._send([STREAM], itertools.repeat(TOKEN * 100))
        elif kind == "ticking":
            write(STREAM)
            self._tick()
        elif kind == "framing":
            self._send_badly(body)
        else:
            write(self._whole_answer(kind, b'"stream":true' in body))

    def _whole_answer(self, kind: str, is_stream: bool) -> bytes:
        mood = next(self._account.moods) % 10 if kind == "mood" else 0
        if mood == 9:
            return BUSY
        if is_stream:
            return CUT if mood == 4 else SHORT
        return COMPLETION

    def _send(self, *parts: Blocks) -> None:
        self._blocks = itertools.chain.from_iterable(parts)
        self._pump()

    def _pump(self) -> None:
        """Write on, a block each turn, until the peer takes no more."""
        block = next(self._blocks, None) if self._may_write else None
        if block is None or self._transport.is_closing():
            return
        self._transport.write(block)
        if self._is_counted:
            self._account.written += len(block)
        self._loop.call_soon(self._pump)

    def _tick(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(TOKEN)
            self._loop.call_later(0.05, self._tick)

    def _send_badly(self, body: bytes) -> None:
        """The second write is another read of the client's: the socket does not wait for more (TCP_NODELAY)."""
        is_stream = b'"stream":true' in body
        kind = b"text/event-stream" if is_stream else b"application/json"
        first = TOKEN if is_stream else in_frame(b'{"choices":[')
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n" % kind + first
        )
        self._loop.call_later(0.1, self._transport.write, b"xyz\r\nno number\r\n")


class Account:
    """What all connections did."""

    def __init__(self) -> None:
        self.connections = 0
        self.written = 0
        self.moods = itertools.count()

    def document(self) -> bytes:
        return document(b"200 OK", b'{"connections":%d,"written":%d}' % (self.connections, self.written))


async def serve() -> None:
    raise_descriptor_limit()
    account = Account()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(account), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    gc.freeze()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
