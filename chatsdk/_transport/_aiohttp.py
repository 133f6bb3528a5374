"""HTTP by aiohttp. Its exceptions hold the request's headers, and so the key: none is chained to, or kept in, an error
that leaves this file.
"""

from __future__ import annotations

import asyncio
import io
import math
import ssl
import weakref
from functools import partial
from http import HTTPStatus
from time import time

import aiohttp

from .._error_text import PROXY_HINT, shorten
from .._head import Head, Headers
from .._loops import run_in
from .._secret import Secret
from ..errors import APIConnectionError, APITimeoutError, ChatError, ClientClosedError
from . import HttpRequest
from ._proxies import environment_proxy
from ._sessions import ConnectionUse, Connector, Sessions
from ._unpacking import Unpacker, unpacker_for

LINGER = 0.1
"""Seconds in which a body may still end after its reader has seen enough; then the connection is dropped."""

FAILURES = (aiohttp.ClientError, OSError, ValueError, RuntimeError)
"""What aiohttp raises; a `RuntimeError` where a session was closed."""

LARGE = 1 << 20
"""Bytes of a body that are sent as one."""

NO_LIMITS = aiohttp.ClientTimeout(total=None, sock_connect=None)

READ_BUFFER = 1 << 18
"""Bytes aiohttp keeps for a slow reader before it stops reading from the socket (twice this, in fact)."""


class AiohttpResponse:
    """A response of aiohttp's, and the place it takes in the pool. `unpacks`: aiohttp does that already."""

    __slots__ = ("_live", "_place", "_response", "_unpacker", "head", "is_cut", "loop")

    def __init__(
        self, response: aiohttp.ClientResponse, place: Place | None, live: set[AiohttpResponse], *, unpacks: bool
    ) -> None:
        self._response = response
        self._place = place
        self._live = live
        self.is_cut = False
        self.loop = asyncio.get_running_loop()
        given = response.headers
        headers = Headers(given, given.getall)
        self.head = Head(response.status, headers, time())
        packing = None if unpacks else headers.get("content-encoding")
        self._unpacker = None if packing is None else unpacker_for(packing)
        live.add(self)

    @property
    def is_over(self) -> bool:
        return self._unpacker is None and self._response.content.at_eof()

    async def read_some(self) -> bytes:
        try:
            if self._unpacker is None:
                return await self._response.content.readany()
            return await self._unpack_some(self._unpacker)
        except (aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError, OSError) as error:
            failure = translate(error)
        raise failure

    async def _unpack_some(self, unpacker: Unpacker) -> bytes:
        piece = unpacker.take()
        if piece:
            await asyncio.sleep(0)  # a small body may hold many pieces
        while not piece:
            data = await self._response.content.readany()
            if not data:
                self.is_cut = unpacker.is_within
                break
            unpacker.feed(data)
            piece = unpacker.take()
        return piece

    def release(self) -> None:
        content = self._response.content
        if self._response.connection is None:  # then aiohttp has given it back, as the body has ended
            self._live.discard(self)
            if self._place is not None:
                self._place.give_back()
        elif content.at_eof() or content.exception() is not None:
            self.close()
        else:
            self.loop.call_later(LINGER, self.close)

    def abort(self, error: ChatError) -> None:
        run_in(self.loop, partial(self._abort, error))

    def _abort(self, error: ChatError) -> None:
        if self not in self._live:
            return
        if not self._response.content.at_eof():
            self._response.content.set_exception(error)
            connection = self._response.connection  # without it, the transport may serve another request already
            transport = connection.transport if connection else None
            if transport is not None and not self.loop.is_closed():
                transport.abort()
        self.close()

    def close(self) -> None:
        """Give everything back; a connection whose body has ended is kept by aiohttp all the same."""
        if self._place is not None:
            self._place.give_back()
        if self in self._live:
            self._live.discard(self)
            self._response.close()

    def disown(self) -> object:
        """What is behind it, which is a parent process's: to be left alone."""
        return self._response


class Place:
    """A place in the pool, given back once."""

    __slots__ = ("_places",)

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def give_back(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()


class AiohttpTransport:
    """Connections to servers; `session` is the caller's own and is never closed here.

    Such a session does not tell when a connection is ready: it is given the request's `connect_limit` itself, and the
    phase `headers` covers waiting for a place in its pool and connecting too.
    """

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        proxy: Secret | None = None,
        trust_env: bool = False,
        ssl_context: ssl.SSLContext | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._proxy = proxy
        self._trust_env = trust_env
        self._may_have_proxy = trust_env or proxy is not None
        self._ssl: ssl.SSLContext | bool = True if ssl_context is None else ssl_context
        self._given_session = session
        self._sessions = Sessions(new_session)
        self._places: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._places = weakref.WeakKeyDictionary()
        self._closed = False
        weakref.finalize(self, self._sessions.abandon)

    async def send(self, request: HttpRequest) -> AiohttpResponse:
        if self._closed:
            raise ClientClosedError("the client is closed")
        place = None if self._max_connections is None else await self._take_place(request, self._max_connections)
        try:
            session = self._given_session or self._sessions.known() or await self._sessions.new()
            response = await self._send_once_more_if_stale(session, request)
        except BaseException:
            if place is not None:
                place.give_back()
            raise
        unpacks = self._given_session is not None and session.auto_decompress
        return AiohttpResponse(response, place, self._sessions.live, unpacks=unpacks)

    async def aclose(self) -> None:
        self._closed = True
        await self._sessions.aclose(ClientClosedError("the client was closed while this was being read"))

    async def _send_once_more_if_stale(
        self, session: aiohttp.ClientSession, request: HttpRequest
    ) -> aiohttp.ClientResponse:
        """A kept connection may turn out to be closed by the server, which then has seen nothing of the request."""
        use = ConnectionUse(request.enter)
        token = ConnectionUse.current.set(use)
        try:
            request.enter("connect" if self._given_session is None else "headers")
            for is_first in (True, False):
                try:
                    return await session.request(
                        request.method,
                        request.url,
                        data=as_data(request.body),
                        headers=request.headers,
                        timeout=NO_LIMITS if self._given_session is None else connect_limit_only(request.connect_limit),
                        allow_redirects=False,
                        raise_for_status=False,
                        proxy=self._proxy_for(request.url) if self._may_have_proxy else None,
                        ssl=self._ssl,
                    )
                except FAILURES as error:
                    use.abort()
                    is_stale = is_first and use.is_reused and was_cut(error)
                    failure = self._translate(error, request.connect_limit)
                if not is_stale:
                    break
                request.enter("connect")
        except BaseException:
            use.abort()
            raise
        finally:
            ConnectionUse.current.reset(token)
        raise failure

    def _proxy_for(self, url: str) -> str | None:
        if self._proxy is not None:
            return self._proxy.reveal()
        proxy = environment_proxy(url) if self._trust_env else None
        return None if proxy is None else proxy.reveal()

    def _translate(self, error: Exception, connect_limit: float | None) -> ChatError:
        session = self._given_session
        if self._closed or (session is not None and session.closed):
            return ClientClosedError("the client, or the session it was given, is closed")
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return APITimeoutError("connect", connect_limit)
        return translate(error)

    async def _take_place(self, request: HttpRequest, max_connections: int) -> Place:
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            places = self._places[loop] = asyncio.Semaphore(max_connections)
        request.enter("pool")
        await places.acquire()
        return Place(places)


def connect_limit_only(seconds: float | None) -> aiohttp.ClientTimeout:
    """For a session that is not ours: TCP and TLS, not the wait for a place in its pool."""
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds, ceil_threshold=math.inf)


def new_session() -> aiohttp.ClientSession:
    """A session that keeps nothing but connections. Trusted with the environment, it would read netrc too."""
    return aiohttp.ClientSession(
        connector=Connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        read_bufsize=READ_BUFFER,
        auto_decompress=False,
        trust_env=False,
    )


def was_cut(error: Exception) -> bool:
    """Whether a connection that stood was lost."""
    cut = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
    return cut and not isinstance(error, aiohttp.ClientConnectorError)


def as_data(body: bytes | None) -> bytes | io.BytesIO | None:
    """A body as aiohttp takes it without a warning: a large one in pieces."""
    return body if body is None or len(body) <= LARGE else io.BytesIO(body)


def translate(error: Exception) -> APIConnectionError:
    """Ours for theirs. Only the words are kept: some of aiohttp's errors hold the request."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
        return APIConnectionError(
            f"the certificate of {error.host} is not trusted: {reason}; "
            "an authority of your own goes into ssl_context=",
            is_permanent=True,
        )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        is_locked = error.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        hint = f": {PROXY_HINT}" if is_locked else ""
        told = f"the proxy refused the tunnel with status {error.status}{hint}"
        return APIConnectionError(told, is_permanent=is_locked)
    if isinstance(error, aiohttp.InvalidURL):
        return APIConnectionError("the address, or the proxy's, cannot be used", is_permanent=True)
    words = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return APIConnectionError(f"the connection failed: {shorten(words) or type(error).__name__}")
