"""`FaultServer`: a socket on loopback that plays scripts. It accepts, waits and counts; `_faults` says what to do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Self

from ._api import Api
from ._certificates import Certificates
from ._demo_model import DEMO_MODEL
from ._exchange import Exchange
from ._fault_table import FAULTS
from ._faults import Certificate, Fault
from ._http import Wire, wire
from ._pipe import TASK_NAME, Counts, Pipe
from ._reply import Reply
from ._request import RecordedRequest

_HOST = "127.0.0.1"
_BACKLOG = 4096
_MOST_FILLERS = 64
_IS_FULL = 0.05
_WAIT = 5.0

_GOOD_REPLY = Reply.text(["Hello", " there,", " dear", " world."])


class FaultServer:
    """A server on a loopback port that does wrong what it is told to, and the rest right.

    Each exchange takes the next of the `faults`, and the `default` once they are used up, which is a good answer. A
    fault is a `Fault` or the name of one in `FAULTS`. An exchange begins with a new connection, or with the next
    request on one that was left open.

    `tls=True` makes certificates with the package trustme, and `client_context` is then the client's side; an
    `ssl.SSLContext` is the server's side of your own. It is usable again after it was closed.
    """

    def __init__(self, *faults: Fault | str, default: Fault | str = "none", tls: bool | ssl.SSLContext = False) -> None:
        self.requests: list[RecordedRequest] = []
        """What was read, in order of arrival; of a body as much as the script wanted of it."""
        self._certificates = Certificates() if tls is True else None
        self._own_context = tls if isinstance(tls, ssl.SSLContext) else None
        self._default = self._checked(default)
        self._script = deque(map(self._checked, faults))
        self._counts = Counts()
        self._api = Api(prefix="/v1", api_key=None, models=[DEMO_MODEL], clock=time.time)
        self._listener: socket.socket | None = None
        self._acceptor: asyncio.Task[None] | None = None
        self._fillers: set[object] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._failures: list[Exception] = []
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> Self:
        """Listen; a connection made after this is answered. RuntimeError if it runs already."""
        if self._listener is not None:
            raise RuntimeError("this FaultServer runs already")
        self._listen(_bound_socket(0))
        return self

    async def aclose(self) -> None:
        """Cut what is still open and stop listening. Raises what a script's own function raised, if one did."""
        await self._stop_accepting()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        await self._cut()
        failures, self._failures = self._failures, []
        if failures:
            raise failures[0]

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL. RuntimeError while the server does not run."""
        if self._listener is None:
            raise RuntimeError("this FaultServer does not run: use `async with` or `await server.start()`")
        host, port = self._listener.getsockname()
        return f"http{'s' if self._speaks_tls else ''}://{host}:{port}/v1"

    @property
    def client_context(self) -> ssl.SSLContext:
        """What a client takes as its `ssl_context`. RuntimeError unless it was made with `tls=True`."""
        if self._certificates is None:
            raise RuntimeError("only FaultServer(tls=True) has certificates of its own")
        return self._certificates.client_context()

    @property
    def connections_live(self) -> int:
        """How many connections are open now at the client's side. One that the server closed counts until the client
        closes it too, one that it reset does not count any more."""
        return self._counts.live

    @property
    def connections_total(self) -> int:
        """How many connections were accepted."""
        return self._counts.connections

    @property
    def sends(self) -> int:
        """How many requests were read, wholly or in part."""
        return self._counts.sends

    @property
    def bytes_sent(self) -> int:
        """How many bytes went out, with heads, framing and TLS."""
        return self._counts.sent

    @property
    def bytes_received(self) -> int:
        """How many bytes were read."""
        return self._counts.received

    @property
    def pending(self) -> int:
        """How many faults are left."""
        return len(self._script)

    def enqueue(self, *faults: Fault | str) -> None:
        """Each of the next exchanges takes one of these, in order. ValueError for an unknown name."""
        self._script.extend(map(self._checked, faults))

    async def wait_until(self, condition: Callable[[], object]) -> None:
        """Return as soon as the condition holds: `await server.wait_until(lambda: server.connections_live == 0)`.

        It is looked at whenever bytes come, and when a connection opens or closes. TimeoutError after five seconds.
        """
        async with asyncio.timeout(_WAIT):
            while not condition():
                await self._changed.wait()

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Meanwhile connections are refused, and those there were are cut, as if the process had died."""
        address = self._running().getsockname()
        await self._stop_accepting()
        self._running().close()
        await self._cut()
        self._listener = _bound_socket(address[1])
        try:
            yield
        finally:
            self._listen(self._running())

    @asynccontextmanager
    async def unanswering(self) -> AsyncIterator[None]:
        """Meanwhile nobody answers who tries to connect, as if a cable was cut. On Linux; elsewhere RuntimeError."""
        listener = self._running()
        await self._stop_accepting()
        listener.listen(0)
        fillers = await _fill_backlog(listener.getsockname())
        self._fillers = {filler.getsockname() for filler in fillers}
        try:
            yield
        finally:
            for filler in fillers:
                filler.close()
            self._listen(listener)

    @property
    def _speaks_tls(self) -> bool:
        return self._certificates is not None or self._own_context is not None

    def _running(self) -> socket.socket:
        if self._listener is None:
            raise RuntimeError("this FaultServer does not run")
        return self._listener

    def _checked(self, fault: Fault | str) -> Fault:
        if isinstance(fault, str):
            if fault not in FAULTS:
                raise ValueError(f"{fault!r} is none of FAULTS: {', '.join(FAULTS)}")
            fault = FAULTS[fault]
        if not isinstance(fault, Fault):
            raise TypeError(f"a Fault is made by one of its methods, such as Fault.reset; this is {fault!r}")
        if fault.certificate not in ("good", None) and self._certificates is None:
            raise ValueError(f"{fault!r} takes a FaultServer(tls=True)")
        return fault

    def _listen(self, listener: socket.socket) -> None:
        listener.listen(_BACKLOG)
        self._listener = listener
        self._acceptor = asyncio.create_task(self._accept(listener), name=TASK_NAME)

    async def _stop_accepting(self) -> None:
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            acceptor.cancel()
            await asyncio.wait([acceptor])

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            sock, address = await asyncio.get_running_loop().sock_accept(listener)
            if address in self._fillers:
                sock.close()
                continue
            task = asyncio.create_task(self._serve(sock, self._next()), name=TASK_NAME)
            self._connections.add(task)
            task.add_done_callback(partial(self._served, sock))
            self._counts.live += 1
            self._counts.connections += 1
            self._notify()

    async def _serve(self, sock: socket.socket, fault: Fault) -> None:
        task = asyncio.current_task()
        assert task is not None
        pipe = Pipe(sock, self._counts, on_left=task.cancel, on_change=self._notify)
        try:
            await self._play(pipe, fault)
        finally:
            await pipe.close()

    async def _play(self, pipe: Pipe, fault: Fault) -> None:
        if self._speaks_tls and fault.certificate is not None:
            await pipe.handshake(self._context(fault.certificate))
        while True:
            await Exchange(pipe, self._good_answer, self.requests).play(fault)
            if pipe.closed:
                return
            await pipe.heard(bool)
            fault = self._next()

    def _served(self, sock: socket.socket, task: asyncio.Task[None]) -> None:
        sock.close()  # if the task was cancelled before its first step
        self._connections.discard(task)
        self._counts.live -= 1
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):  # those are the client's doing
            self._failures.append(error)
        self._notify()

    def _next(self) -> Fault:
        return self._script.popleft() if self._script else self._default

    def _context(self, certificate: Certificate) -> ssl.SSLContext:
        if self._own_context is not None:
            return self._own_context
        assert self._certificates is not None
        return self._certificates.server_context(certificate)

    def _good_answer(self, request: RecordedRequest, reply: Reply | None) -> Wire:
        self._api.callback = lambda request: reply or _GOOD_REPLY
        return wire(self._api.answer(request))

    async def _cut(self) -> None:
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(set(self._connections))

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _bound_socket(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind((_HOST, port))
    return sock


async def _fill_backlog(address: tuple[str, int]) -> list[socket.socket]:
    """Connections that nobody accepts, as many as the system keeps waiting."""
    fillers: list[socket.socket] = []
    while len(fillers) < _MOST_FILLERS:
        filler = socket.socket()
        filler.setblocking(False)
        try:
            async with asyncio.timeout(_IS_FULL):
                await asyncio.get_running_loop().sock_connect(filler, address)
        except TimeoutError:
            filler.close()
            return fillers
        fillers.append(filler)
    for filler in fillers:
        filler.close()
    raise RuntimeError("this system takes connections for a server that does not")
