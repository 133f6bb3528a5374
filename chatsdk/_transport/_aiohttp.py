"""HTTP by aiohttp.

aiohttp binds a session to one event loop, so each loop that is used gets a session of its own. Its exceptions hold
the request's headers, and so the key: none is chained to, or kept in, an error that leaves this file.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from time import time
from types import SimpleNamespace

import aiohttp
import anyio

from .._head import Head
from ..errors import APIConnectionError, APITimeoutError, ChatError, ClientClosedError
from . import HttpRequest

LINGER = 0.1
"""Seconds in which a body may still end after its reader has seen enough; then the connection is dropped."""

READ_BUFFER = 1 << 18
"""Bytes aiohttp keeps for a slow reader before it stops reading from the socket (twice this, in fact)."""


class AiohttpResponse:
    """A response of aiohttp's, and the place it takes in the pool. The transport knows it until it is closed."""

    __slots__ = ("_place", "_response", "_transport", "head")

    def __init__(self, response: aiohttp.ClientResponse, place: Place, transport: AiohttpTransport) -> None:
        self._response = response
        self._place = place
        self._transport = transport
        self.head = Head(response.status, response.headers.items(), time())
        transport.live.add(self)

    async def read(self, idle_limit: float | None) -> bytes:
        pieces: list[bytes] = []
        try:
            while not pieces or pieces[-1]:
                with anyio.fail_after(idle_limit):
                    pieces.append(await self.read_some())
        except TimeoutError:
            raise APITimeoutError("idle", idle_limit) from None
        finally:
            self.close()
        return b"".join(pieces)

    async def read_some(self) -> bytes:
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise self._transport.translate(error) from None

    def release(self) -> None:
        self._place.give_back()
        content = self._response.content
        if content.at_eof() or content.exception() is not None:
            self.close()
        else:
            asyncio.get_running_loop().call_later(LINGER, self.close)

    def abort(self, error: ChatError) -> None:
        if not self._response.content.at_eof():
            self._response.content.set_exception(error)
        self.close()

    def close(self) -> None:
        """Give everything back; a connection whose body has ended is kept by aiohttp all the same."""
        self._place.give_back()
        self._response.close()
        self._transport.live.discard(self)


class ConnectionUse:
    """Whether the connection of a request has served before."""

    __slots__ = ("is_reused",)

    def __init__(self) -> None:
        self.is_reused = False


def watch_reuse() -> aiohttp.TraceConfig:
    """Notes reuse in the `ConnectionUse` that a request carries; aiohttp tells it in no other way."""

    async def note(session: object, context: SimpleNamespace, parameters: object) -> None:
        context.trace_request_ctx.is_reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note)
    return trace


class Place:
    """A place in the pool, given back once."""

    __slots__ = ("_places",)

    def __init__(self, places: asyncio.Semaphore | None) -> None:
        self._places = places

    def give_back(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()


class AiohttpTransport:
    """Connections to servers; `session` is the caller's own and is never closed here."""

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._proxy = proxy
        self._trust_env = trust_env
        self._ssl_context = ssl_context
        self._given_session = session
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}
        self.live: set[AiohttpResponse] = set()
        self._closed = False

    async def send(self, request: HttpRequest) -> AiohttpResponse:
        if self._closed:
            raise ClientClosedError("the client is closed")
        session = self._session()
        place = await self._take_place(request)
        try:
            response = await self._request(session, request)
        except BaseException:
            place.give_back()
            raise
        return AiohttpResponse(response, place, self)

    async def aclose(self) -> None:
        self._closed = True
        for response in list(self.live):
            response.abort(ClientClosedError("the client was closed while this was being read"))
        sessions, self._sessions = self._sessions, {}
        own = sessions.pop(asyncio.get_running_loop(), None)
        for session in sessions.values():
            discard(session)
        if own is not None:
            await own.close()

    def __del__(self) -> None:
        for session in self.__dict__.get("_sessions", {}).values():
            discard(session)

    def translate(self, error: Exception) -> ChatError:
        """Ours for theirs. Only the words are kept: some of aiohttp's errors hold the request."""
        if self._closed:
            return ClientClosedError("the client was closed while this was going on")
        words = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
        return APIConnectionError(f"the connection failed: {words or type(error).__name__}")

    async def _request(self, session: aiohttp.ClientSession, request: HttpRequest) -> aiohttp.ClientResponse:
        try:
            with anyio.fail_after(request.headers_limit):
                return await self._send_once_more_if_stale(session, request)
        except aiohttp.ConnectionTimeoutError:
            raise APITimeoutError("connect", request.connect_limit) from None
        except TimeoutError:
            raise APITimeoutError("headers", request.headers_limit) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self.translate(error) from None
        except RuntimeError:
            if self._closed or session.closed:
                raise ClientClosedError("the client, or the session it was given, is closed") from None
            raise

    async def _send_once_more_if_stale(
        self, session: aiohttp.ClientSession, request: HttpRequest
    ) -> aiohttp.ClientResponse:
        """A kept connection may turn out to be closed by the server, which then has seen nothing of the request."""
        connection = ConnectionUse()
        try:
            return await self._send(session, request, connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not connection.is_reused or isinstance(error, aiohttp.ClientConnectorError):
                raise
        return await self._send(session, request, connection)

    async def _send(
        self, session: aiohttp.ClientSession, request: HttpRequest, connection: ConnectionUse
    ) -> aiohttp.ClientResponse:
        return await session.request(
            request.method,
            request.url,
            data=request.body,
            headers=request.headers,
            timeout=aiohttp.ClientTimeout(total=None, connect=request.connect_limit, ceil_threshold=math.inf),
            allow_redirects=False,
            proxy=self._proxy,
            ssl=self._ssl_context or True,
            trace_request_ctx=connection,
        )

    async def _take_place(self, request: HttpRequest) -> Place:
        if self._max_connections is None:
            return Place(None)
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            places = self._places[loop] = asyncio.Semaphore(self._max_connections)
        try:
            with anyio.fail_after(request.pool_limit):
                await places.acquire()
        except TimeoutError:
            raise APITimeoutError("pool", request.pool_limit) from None
        return Place(places)

    def _session(self) -> aiohttp.ClientSession:
        if self._given_session is not None:
            return self._given_session
        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            self._forget_closed_loops()
            self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=READ_BUFFER,
                trust_env=self._trust_env,
                trace_configs=[watch_reuse()],
            )
        return self._sessions[loop]

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._sessions if loop.is_closed()]:
            discard(self._sessions.pop(loop))
            self._places.pop(loop, None)


def discard(session: aiohttp.ClientSession) -> None:
    """Let go of a session that cannot be awaited any more: its loop is closed, or another thread's."""
    connector = session.connector
    session.detach()
    if connector is not None:
        connector._close()
