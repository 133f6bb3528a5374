"""Sessions of aiohttp's, one for each event loop, since aiohttp binds a session to one.

A session lives in an async generator: `asyncio.run` closes those that are left before it closes its loop, so that a
client which nobody closed leaves nothing behind. A forked child forgets the parent's sessions before it does anything:
to close them would take the parent's sockets out of the parent's poll.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakSet, ref

import aiohttp

from .._loops import run_in
from ..errors import ChatError

if TYPE_CHECKING:
    from ._aiohttp import AiohttpResponse

Life = AsyncGenerator[aiohttp.ClientSession, None]

INHERITED: list[Any] = []
"""What a fork brought along, kept so that nothing of it is finalized here."""


class ConnectionUse:
    """The connection that a request was given, told by the `Connector` while it is being sent."""

    __slots__ = ("enter", "is_reused", "transport")

    current: ContextVar[ConnectionUse | None] = ContextVar("connection use", default=None)

    def __init__(self, enter: Callable[[Literal["headers"]], None]) -> None:
        self.enter = enter
        self.is_reused = False
        self.transport: asyncio.Transport | None = None

    def abort(self) -> None:
        """Drop the connection without sending what is left in its buffer, which may never be read."""
        if self.transport is not None:
            self.transport.abort()


class Connector(aiohttp.TCPConnector):
    """Tells of each request when its connection is ready, and whether it has served before."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self._served: set[ref[Any]] = set()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as it is overridden
    ) -> aiohttp.connector.Connection:
        connection = await super().connect(req, traces, timeout)
        use, protocol = ConnectionUse.current.get(), connection.protocol
        is_reused = ref(protocol) in self._served  # as a `WeakSet` does it, in a fifth of the time
        if not is_reused:
            self._served.add(ref(protocol, self._served.discard))
        if use is not None:
            use.transport, use.is_reused = connection.transport, is_reused
            use.enter("headers")
        return connection


class Sessions:
    """Those of one transport, and the responses that are open in them."""

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self._make = make
        self._lives: dict[asyncio.AbstractEventLoop, tuple[Life, aiohttp.ClientSession]] = {}
        self.live: set[AiohttpResponse] = set()
        ALL.add(self)

    def known(self) -> aiohttp.ClientSession | None:
        """That of the running loop; `None` where there is none yet."""
        known = self._lives.get(asyncio.get_running_loop())
        return None if known is None or known[1].closed else known[1]

    async def new(self) -> aiohttp.ClientSession:
        """One for the running loop."""
        self._forget_closed_loops()
        life = self._life()
        session = await anext(life)
        self._lives[asyncio.get_running_loop()] = (life, session)
        return session

    async def aclose(self, error: ChatError) -> None:
        """Drop all responses, whose readers are given the error, and all connections."""
        for response in list(self.live):
            response.abort(error)
        lives, self._lives = self._lives, {}
        own = lives.pop(asyncio.get_running_loop(), None)
        for loop, (_, session) in lives.items():
            run_in(loop, partial(discard, session))
        if own is not None:
            await own[0].aclose()

    def abandon(self) -> None:
        """Drop everything without waiting: nobody can ask for it any more."""
        for response in list(self.live):
            run_in(response.loop, response.close)
        for loop, (_, session) in self._lives.items():
            run_in(loop, partial(discard, session))
        self._lives.clear()

    async def _life(self) -> Life:
        session = self._make()
        try:
            yield session
        finally:
            for response in [response for response in list(self.live) if response.loop is asyncio.get_running_loop()]:
                response.close()
            await session.close()

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in list(self._lives) if loop.is_closed()]:
            _, session = self._lives.pop(loop, (None, None))
            if session is not None:
                discard(session)

    def forget(self) -> None:
        """Let go of everything without touching any of it."""
        for life, session in self._lives.values():
            INHERITED.append((life, session.connector))
            session.detach()
        INHERITED.extend(response.disown() for response in self.live)
        self._lives.clear()
        self.live.clear()


ALL: WeakSet[Sessions] = WeakSet()


def forget_parent() -> None:
    """What a forked child does first."""
    for sessions in list(ALL):
        sessions.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_parent)


def discard(session: aiohttp.ClientSession) -> None:
    """Let go of a session that cannot be awaited: its loop is closed, or another thread's."""
    connector = session.connector
    session.detach()
    if connector is not None:
        connector._close()
