"""The seam to the world: a request goes out, a response comes back. The only floor that speaks HTTP.

A transport raises errors of `chatsdk.errors` only, follows no redirect, keeps no cookie and reads no netrc.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from .._head import Head
from ..errors import ChatError


class HttpRequest(Struct, frozen=True):
    """What to send. Limits are in seconds, `None` is none; `headers_limit` covers connecting and sending too."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None
    pool_limit: float | None = None
    connect_limit: float | None = None
    headers_limit: float | None = None


class HttpResponse(Protocol):
    """An answer whose head has come and whose body is being read by one task."""

    @property
    def head(self) -> Head:
        """Status and headers."""

    async def read(self, idle_limit: float | None) -> bytes:
        """The whole body, at most `idle_limit` seconds between its bytes. Raises `APIConnectionError`."""

    async def read_some(self) -> bytes:
        """The bytes that are there, or the next ones; `b""` at the end. Raises `APIConnectionError`."""

    def release(self) -> None:
        """Done: the connection may serve again once the body has ended, and is dropped if it doesn't soon."""

    def abort(self, error: ChatError) -> None:
        """Drop the connection at once. A task waiting in `read_some` is given the error."""


class Transport(Protocol):
    """Sends requests."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The response, its head read. Raises `APIConnectionError`, `APITimeoutError`, `ClientClosedError`."""

    async def aclose(self) -> None:
        """Give everything back. Calling it again does nothing."""
