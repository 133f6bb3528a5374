"""`ChatServer`: a socket on loopback and a thin loop around `_api`. It waits and counts; it decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

from aiohttp import web
from multidict import CIMultiDict

from ._api import Api, Callback, Sendable
from ._demo_model import DEMO_MODEL
from ._reply import Cut, Pieces, Reply, Whole, check_reply
from ._request import RecordedRequest

_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_BACKLOG = 4096
_CLOSE = 1.0
_WAIT = 5.0


class ChatServer:
    """A Chat Completions server on a loopback port, in the running event loop.

    `pace` is the seconds between two events of a stream. With an `api_key`, requests have to carry it.
    `models` are those that `GET /models` lists; completions come under any name. `prefix` is the path before
    `/chat/completions`. The `port` is any free one, or the one given.

    A completion is answered by the next reply in the script, by the callback, or by the demo model:
    see `enqueue`, `respond` and `DEMO_MODEL`. It is usable again after it was closed, with what it remembers.
    """

    def __init__(
        self,
        *,
        pace: float = 0.0,
        api_key: str | None = None,
        models: Iterable[str] = (DEMO_MODEL,),
        prefix: str = "/v1",
        port: int = 0,
    ) -> None:
        self.pace = pace
        self.requests: list[RecordedRequest] = []
        """What came, in order of arrival, whatever its path."""
        self.aborted = 0
        """How many answers a client left before their end."""
        self._api = Api(prefix=prefix, api_key=api_key, models=models, clock=time.time)
        self._prefix = prefix
        self._port = port
        self._http: _Http | None = None
        self._listener: asyncio.Server | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> Self:
        """Listen; a connection made after this is answered. RuntimeError if it runs already."""
        if self._http is not None:
            raise RuntimeError("this ChatServer runs already")
        self._http = _Http(self._handle, self._notify)
        self._listener = await asyncio.get_running_loop().create_server(
            self._http, "127.0.0.1", self._port, backlog=_BACKLOG
        )
        return self

    async def aclose(self) -> None:
        """Cut what is still open and stop listening. Live streams are not waited for."""
        http, listener = self._http, self._listener
        if http is None or listener is None:
            return
        self._http = self._listener = None

        listener.close()
        for connection in http.connections:
            if connection.transport is not None:
                connection.transport.abort()
        with contextlib.suppress(TimeoutError):  # a gate may refuse to be cancelled
            async with asyncio.timeout(_CLOSE):
                while http.connections:  # noqa: ASYNC110 - their tasks end within a few turns, and tell no one
                    await asyncio.sleep(0)
        await listener.wait_closed()

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL. RuntimeError while the server does not run."""
        if self._listener is None:
            raise RuntimeError("this ChatServer does not run: use `async with` or `await server.start()`")
        port = self._listener.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}{self._prefix}"

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return self._http.open if self._http is not None else 0

    @property
    def pending(self) -> int:
        """How many replies of the script are left."""
        return len(self._api.script)

    def enqueue(self, *replies: Reply) -> None:
        """Each of the next `POST /chat/completions` takes one of these, in order; one without a key takes none.

        What a model is to say (`Reply.text`, ...) needs a valid request and is spent on an invalid one, which
        gets its 400; all other replies are given whatever was asked. TypeError for what is no reply.
        """
        self._api.script.extend(map(check_reply, replies))

    def respond(self, callback: Callback | None) -> None:
        """Where the script has nothing, ask `callback(request)` for a reply.

        Where that is `None`, and where there is no callback (`None` takes it away), the demo model answers.
        """
        self._api.callback = callback

    async def wait_until(self, condition: Callable[[], object]) -> None:
        """Return as soon as the condition holds: `await server.wait_until(lambda: server.aborted == 1)`.

        It is looked at whenever a request arrives, an answer ends, or a connection opens or closes.
        TimeoutError after five seconds, for a test that fails is better than one that hangs.
        """
        async with asyncio.timeout(_WAIT):
            while not condition():
                await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        recorded = RecordedRequest(
            method=request.method,
            path=request.rel_url.raw_path,
            query=dict(request.query),
            headers=request.headers,
            body=await request.content.read(),
        )
        self.requests.append(recorded)
        self._notify()
        reply = self._api.answer(recorded)

        try:
            return await self._send(request, reply)
        except asyncio.CancelledError:
            if self._http is not None:
                self.aborted += 1
            raise
        except ConnectionError:
            self.aborted += 1
            return web.Response()  # goes nowhere
        finally:
            self._notify()

    async def _send(self, request: web.BaseRequest, reply: Sendable) -> web.StreamResponse:
        for gate in reply.gates:
            await gate.wait()
        match reply:
            case Whole():
                return web.Response(status=reply.status, body=reply.body, headers=_headers(reply))
            case Pieces():
                return await self._stream(request, reply)
            case Cut():
                _hang_up(request)
                return web.Response()

    async def _stream(self, request: web.BaseRequest, reply: Pieces) -> web.StreamResponse:
        """The end follows the last piece in the same turn of the loop: who has read all has not left early."""
        response = web.StreamResponse(status=reply.status, headers=_headers(reply))
        await response.prepare(request)
        last = len(reply.pieces) - 1
        for position, piece in enumerate(reply.pieces):
            if not isinstance(piece, bytes):
                await piece.wait()
                continue
            if position > 0:
                await asyncio.sleep(self.pace if reply.paced and position < last else 0)
            await response.write(piece)

        if reply.hang_up:
            _hang_up(request)
        else:
            await response.write_eof()
        return response


class _Http(web.Server):
    """aiohttp's connections, counted. A handler is cancelled when its client leaves."""

    def __init__(self, handler: _Handler, notify: Callable[[], None]) -> None:
        super().__init__(handler, handler_cancellation=True, access_log=None)
        self.open = 0
        self._notify = notify

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self.open += 1
        self._notify()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self.open -= 1
        self._notify()


def _headers(reply: Reply) -> CIMultiDict[str]:
    """The headers to send: of one name, in whatever case, the last counts, and `None` takes it away."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in reply.headers.items():
        headers.pop(name, None)
        if value is not None:
            headers[name] = value
    return headers


def _hang_up(request: web.BaseRequest) -> None:
    """End the connection once what was written is out; aiohttp takes the missing rest for a client that left."""
    if request.transport is not None:
        request.transport.close()
