"""HTTP by aiohttp. Its exceptions hold the request's headers, and so the key: none is chained to, or kept in, an error
that leaves this file.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import weakref
from functools import partial
from time import time
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp

from .._head import Head
from ..errors import APIConnectionError, APITimeoutError, ChatError, ClientClosedError
from . import HttpRequest
from ._sessions import ConnectionUse, Connector, Sessions

LINGER = 0.1
"""Seconds in which a body may still end after its reader has seen enough; then the connection is dropped."""

READ_BUFFER = 1 << 18
"""Bytes aiohttp keeps for a slow reader before it stops reading from the socket (twice this, in fact)."""


class AiohttpResponse:
    """A response of aiohttp's, and the place it takes in the pool."""

    __slots__ = ("_live", "_place", "_response", "_transport", "head", "loop")

    def __init__(self, response: aiohttp.ClientResponse, place: Place, live: set[AiohttpResponse]) -> None:
        self._response = response
        self._place = place
        self._live = live
        self._transport = response.connection.transport if response.connection else None
        self.loop = asyncio.get_running_loop()
        self.head = Head(response.status, response.headers.items(), time())
        live.add(self)

    async def read_some(self) -> bytes:
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            raise translate(error) from None

    def release(self) -> None:
        self._place.give_back()
        content = self._response.content
        if content.at_eof() or content.exception() is not None:
            self.close()
        else:
            self.loop.call_later(LINGER, self.close)

    def abort(self, error: ChatError) -> None:
        if self not in self._live:
            return
        if not self._response.content.at_eof():
            self._response.content.set_exception(error)
            if self._transport is not None and not self.loop.is_closed():
                self._transport.abort()
        self.close()

    def close(self) -> None:
        """Give everything back; a connection whose body has ended is kept by aiohttp all the same."""
        self._place.give_back()
        if self in self._live:
            self._live.discard(self)
            self._response.close()

    def disown(self) -> object:
        """What is behind it, which is a parent process's: to be left alone."""
        return self._response, self._transport


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
    """Connections to servers; `session` is the caller's own and is never closed here.

    Such a session does not tell when a connection is ready: `connect_limit`, in seconds, is what it is given itself,
    and the phase `headers` covers connecting too.
    """

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        session: aiohttp.ClientSession | None = None,
        connect_limit: float | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._proxy = proxy
        self._trust_env = trust_env
        self._ssl: ssl.SSLContext | bool = True if ssl_context is None else ssl_context
        self._given_session = session
        self._connect_limit = connect_limit
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_limit if session else None, ceil_threshold=math.inf
        )
        self._sessions = Sessions(new_session)
        self._places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}
        self._closed = False
        weakref.finalize(self, self._sessions.abandon)

    async def send(self, request: HttpRequest) -> AiohttpResponse:
        self._check_open()
        place = await self._take_place(request)
        try:
            session = self._given_session or await self._sessions.current()
            response = await self._send_once_more_if_stale(session, request)
        except BaseException:
            place.give_back()
            raise
        return AiohttpResponse(response, place, self._sessions.live)

    async def aclose(self) -> None:
        self._closed = True
        await self._sessions.aclose(ClientClosedError("the client was closed while this was being read"))

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the client is closed")

    async def _send_once_more_if_stale(
        self, session: aiohttp.ClientSession, request: HttpRequest
    ) -> aiohttp.ClientResponse:
        """A kept connection may turn out to be closed by the server, which then has seen nothing of the request."""
        use = ConnectionUse(partial(request.enter, "headers"))
        request.enter("connect" if self._given_session is None else "headers")
        try:
            return await self._send(session, request, use)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not use.is_reused or isinstance(error, aiohttp.ClientConnectorError):
                raise self._translate(error) from None
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            raise self._translate(error) from None
        request.enter("connect")
        try:
            return await self._send(session, request, use)
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
            raise self._translate(error) from None

    async def _send(
        self, session: aiohttp.ClientSession, request: HttpRequest, use: ConnectionUse
    ) -> aiohttp.ClientResponse:
        token = ConnectionUse.current.set(use)
        try:
            return await session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                timeout=self._timeout,
                allow_redirects=False,
                proxy=self._proxy or (environment_proxy(request.url) if self._trust_env else None),
                ssl=self._ssl,
            )
        except BaseException:
            use.abort()
            raise
        finally:
            ConnectionUse.current.reset(token)

    def _translate(self, error: Exception) -> ChatError:
        session = self._given_session
        if self._closed or (session is not None and session.closed):
            return ClientClosedError("the client, or the session it was given, is closed")
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return APITimeoutError("connect", self._connect_limit)
        if isinstance(error, RuntimeError) and not isinstance(error, aiohttp.ClientError):
            raise error
        return translate(error)

    async def _take_place(self, request: HttpRequest) -> Place:
        if self._max_connections is None:
            return Place(None)
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            places = self._places[loop] = asyncio.Semaphore(self._max_connections)
        request.enter("pool")
        await places.acquire()
        return Place(places)


def new_session() -> aiohttp.ClientSession:
    """A session that keeps nothing but connections. Trusted with the environment, it would read netrc too."""
    return aiohttp.ClientSession(
        connector=Connector(), cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=READ_BUFFER, trust_env=False
    )


def environment_proxy(url: str) -> str | None:
    """The proxy that the environment names for a URL, `NO_PROXY` heeded."""
    parts, proxies = urlsplit(url), getproxies_environment()
    if proxy_bypass_environment(parts.netloc, proxies):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


def translate(error: Exception) -> APIConnectionError:
    """Ours for theirs. Only the words are kept: some of aiohttp's errors hold the request."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
        return APIConnectionError(
            f"the certificate of {error.host} is not trusted: {reason}; "
            "an authority of your own goes into ssl_context=",
            is_permanent=True,
        )
    words = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return APIConnectionError(f"the connection failed: {words or type(error).__name__}")
