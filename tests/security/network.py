"""What a client may meet on its way: servers with certificates, forward proxies, traps, peers that misbehave.

All of it on loopback. Each notes what reached it; what it notes is never printed.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

LOCAL = "127.0.0.1"


class Listener:
    """A port. `connections` counts the connections, those included whose TLS handshake fails; `received` is what came.

    By itself a trap: it notes, and answers nothing until the client leaves.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.visited = asyncio.Event()
        self.received = bytearray()
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def origin(self) -> str:
        return f"http{'s' if self._tls else ''}://{LOCAL}:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, LOCAL, 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, closed afterwards."""
        while data := await reader.read(65536):
            self.received += data

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        self.connections += 1
        self.visited.set()
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._connected)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve_and_close(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_and_close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
        finally:
            writer.transport.abort() if asyncio.current_task().cancelling() else writer.close()  # type: ignore[union-attr]


class Speaker(Listener):
    """Reads a request and answers with these bytes, whoever asks for what; then it waits until the client leaves."""

    def __init__(self, answer: bytes, *, endlessly: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self._answer = answer
        self._endlessly = endlessly

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received += await reader.readuntil(b"\r\n\r\n")
        writer.write(self._answer)
        while self._endlessly:
            writer.write(self._endlessly)
            await writer.drain()
            await asyncio.sleep(0)
        await super().serve(reader, writer)


class Front(Listener):
    """Passes all that comes on to a port and back: TLS before a server that has none."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await relay(reader, writer, LOCAL, self._port, self.received)


class UnixFront(Front):
    """The same behind a Unix socket."""

    def __init__(self, path: str, port: int) -> None:
        super().__init__(port)
        self._path = path

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_unix_server(self._protocol, self._path)
        return self


class ForwardProxy(Listener):
    """A proxy (RFC 9110, 7.3.2 and 9.3.6): CONNECT tunnels, and plain requests passed on, one per connection.

    With `credentials` (`user:password`) it wants them. `heads` is what it was asked itself; `received` the rest.
    """

    def __init__(self, *, credentials: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.heads: list[bytes] = []
        self._wanted = credentials and base64.b64encode(credentials.encode())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        first, *fields = head.rstrip().split(b"\r\n")
        method, target, _ = first.split(b" ")
        own = [field for field in fields if field.lower().startswith(b"proxy-")]
        if self._wanted and not any(field.endswith(b"Basic " + self._wanted) for field in own):
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="here"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
            )
        elif method == b"CONNECT":
            host, _, port = target.decode().rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await relay(reader, writer, host, int(port), self.received)
        else:
            url = urlsplit(target.decode())
            assert url.hostname
            path = url._replace(scheme="", netloc="").geturl().encode()
            passed_on = [b" ".join((method, path, b"HTTP/1.1")), *(field for field in fields if field not in own)]
            await relay(
                reader, writer, url.hostname, url.port or 80, self.received, b"\r\n".join(passed_on) + b"\r\n\r\n"
            )


async def relay(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: str,
    port: int,
    seen: bytearray,
    first: bytes = b"",
) -> None:
    """All that comes from either side to the other, until one of them ends; `seen` is what came from the client."""
    there, back = await asyncio.open_connection(host, port)
    try:
        back.write(first)
        onward = asyncio.ensure_future(pump(reader, back, seen))
        homeward = asyncio.ensure_future(pump(there, writer))
        try:
            await asyncio.wait([onward, homeward], return_when=asyncio.FIRST_COMPLETED)
        finally:
            onward.cancel()
            homeward.cancel()
            await asyncio.gather(onward, homeward, return_exceptions=True)
    finally:
        back.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray | None = None) -> None:
    while data := await reader.read(65536):
        if seen is not None:
            seen += data
        writer.write(data)
        await writer.drain()
