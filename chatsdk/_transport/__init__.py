"""The seam to the world: a request goes out, a response comes back. The only floor that speaks HTTP.

A transport raises errors of `chatsdk.errors` only, follows no redirect, keeps no cookie and reads no netrc. It keeps no
time either: it tells what it waits for, and whoever called it ends the wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NoReturn, Protocol

from msgspec import Struct
from multidict import CIMultiDict, istr

from .._head import Head
from .._secret import MASK
from ..errors import ChatError

SendPhase = Literal["pool", "connect", "headers"]

HeaderName = istr
"""A header's name that is ready to be sent: a plain `str` is made one several times on its way."""


class RequestHeaders(CIMultiDict[str]):
    """Headers as they are sent, so that none is put in order anew for each request; they show their names only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, MASK))

    def __reduce__(self) -> NoReturn:
        raise TypeError("headers may hold a key, and are neither pickled nor copied")


class HttpRequest(Struct, frozen=True):
    """What to send. `enter` is told of each phase that begins, `connect` and `headers` again for another connection."""

    method: str
    url: str
    headers: RequestHeaders
    body: bytes | None
    enter: Callable[[SendPhase], None]
    connect_limit: float | None = None
    """Seconds, for a transport that cannot tell when a connection is ready."""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method})"


class HttpResponse(Protocol):
    """An answer whose head has come and whose body is being read by one task."""

    @property
    def head(self) -> Head:
        """Status and headers."""

    @property
    def is_cut(self) -> bool:
        """Whether the body has ended before its packing did."""

    @property
    def is_over(self) -> bool:
        """Whether all of the body has been read, where that is known before `read_some` gives `b""`."""

    async def read_some(self) -> bytes:
        """The bytes that are there, or the next ones, unpacked; `b""` at the end.

        Raises `APIConnectionError`, and `ResponseDecodeError` for bad packing.
        """

    def release(self) -> None:
        """Done: the connection may serve again once the body has ended, and is dropped if it doesn't soon."""

    def abort(self, error: ChatError) -> None:
        """Drop the connection at once. A task waiting in `read_some` is given the error."""


class Transport(Protocol):
    """Sends requests."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The response, its head read. Raises `APIConnectionError`, `ClientClosedError`."""

    async def aclose(self) -> None:
        """Give everything back. Calling it again does nothing."""
