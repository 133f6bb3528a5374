"""The server's side of one connection: bytes in and out, counted, perhaps through TLS, and all the ways to end it.

A socket is used as it is, without asyncio's transports: only so can a server be deaf, or cut a connection hard.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass

TASK_NAME = "chatsdk.testing.FaultServer"
"""Of every task of a server, so that they can be told from those of its client."""

_READ = 1 << 16
_RST_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass
class Counts:
    """What went over all connections of a server; `live` ones, to its knowledge, are open at the client's side."""

    live: int = 0
    connections: int = 0
    sends: int = 0
    sent: int = 0
    received: int = 0


class Pipe:
    """One connection. `on_left` is called when the client has ended it, `on_change` whenever bytes come."""

    def __init__(
        self, sock: socket.socket, counts: Counts, *, on_left: Callable[[], object], on_change: Callable[[], None]
    ) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inbox = bytearray()
        self.dropping = False  # what comes from now on
        self.closed = False
        self._sock = sock
        self._counts = counts
        self._on_left = on_left
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._is_new = True  # nothing of the next request has come
        self._from_client, self._to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None

    async def handshake(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on. `ssl.SSLError` if the client does not like it."""
        tls = context.wrap_bio(self._from_client, self._to_client, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self._receive()
                if not data:
                    raise ConnectionAbortedError("the client left in the handshake") from None
                self._from_client.write(data)
            except ssl.SSLError:
                await self._flush()  # the alert
                raise
        await self._flush()
        self._tls = tls

    def next_request(self) -> None:
        """What comes from now on is another request, and counted as one."""
        self._is_new = True
        if self.inbox:
            self._count_send()

    def listen(self) -> None:
        """Read what comes."""
        if self._pump is None and not self.closed:
            self._pump = asyncio.create_task(self._read(), name=TASK_NAME)

    async def deafen(self) -> None:
        """Read nothing, until asked to listen again."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])

    async def heard(self, ready: Callable[[bytearray], bool]) -> None:
        """Wait until what has come is enough."""
        self.listen()
        while not ready(self.inbox):
            self._heard.clear()
            await self._heard.wait()

    async def send(self, data: bytes) -> None:
        """Write, as fast as the client reads. ConnectionError when it has left."""
        if self._tls is None:
            await self._write(data)
        else:
            self._tls.write(data)
            await self._flush()

    async def finish(self, *, notify: bool) -> None:
        """Send FIN and wait for the client to leave, with TLS's own announcement before it or without."""
        if self._tls is not None and notify:
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
            await self._flush()
        self._sock.shutdown(socket.SHUT_WR)
        await self.left()

    async def left(self) -> None:
        """Wait for the client to leave; `on_left` is expected to end this."""
        self.dropping = True
        self.inbox.clear()
        self.listen()
        await asyncio.Event().wait()

    async def reset(self) -> None:
        """End it by RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        await self.close()

    async def close(self) -> None:
        """End it at once. Calling it again does nothing."""
        await self.deafen()  # the loop has to forget the socket's number before another socket gets it
        self.closed = True
        self._sock.close()

    async def _read(self) -> None:
        with contextlib.suppress(OSError):  # a reset, or a broken TLS record, is an end like another
            self._take(b"")
            while data := await self._receive():
                self._take(data)
        self._on_left()

    def _take(self, data: bytes) -> None:
        if self._tls is not None:
            data = self._decrypted(self._tls, data)
        if not data:
            return
        if self._is_new:
            self._count_send()
        if not self.dropping:
            self.inbox += data
            self._heard.set()
        self._on_change()

    def _decrypted(self, tls: ssl.SSLObject, data: bytes) -> bytes:
        self._from_client.write(data)
        pieces = []
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while piece := tls.read(_READ):
                pieces.append(piece)
        return b"".join(pieces)

    def _count_send(self) -> None:
        self._is_new = False
        self._counts.sends += 1

    async def _receive(self) -> bytes:
        data = await self._loop.sock_recv(self._sock, _READ)
        self._counts.received += len(data)
        return data

    async def _flush(self) -> None:
        if data := self._to_client.read():
            await self._write(data)

    async def _write(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)
        self._counts.sent += len(data)
