"""One call: settings and a body become HTTP requests, the answer becomes a value or an error."""

from __future__ import annotations

import inspect
import platform
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio

from ._head import Head
from ._options import Options, checked_key
from ._protocol.retry import RetryAccount
from ._retrying import Deadline, with_retries
from ._transport import HttpRequest, HttpResponse, Transport
from ._version import __version__
from .errors import APITimeoutError, ChatError, UsageError, from_response

T = TypeVar("T")

USER_AGENT = f"chatsdk/{__version__} Python/{platform.python_version()}"

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Call:
    """What all attempts of a call have in common."""

    method: str
    url: str
    body: bytes | None = None
    accept: str = JSON
    idempotency_key: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls with these settings over this transport; the retry account is shared by all of a client's."""

    transport: Transport
    account: RetryAccount
    options: Options

    async def fetch(
        self,
        read: Callable[[bytes, Head], T],
        method: str,
        *path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
    ) -> T:
        """What `read` makes of the answer. Raises what `read` raises, and `APIStatusError` or `APIConnectionError`."""
        call = Call(method, self.options.url(*path, query=query), body)

        async def attempt() -> T:
            response = await self.open(call)
            try:
                return read(await response.read(self.options.timeout.idle), response.head)
            except ChatError as error:
                error.head = error.head or response.head
                raise

        return await self.persist(attempt, Deadline(self.options.timeout.total), anyio.CancelScope())

    async def persist(self, attempt: Callable[[], Awaitable[T]], deadline: Deadline, scope: anyio.CancelScope) -> T:
        """The result of the first attempt that succeeds before the deadline; cancelling `scope` gives up on all."""
        if deadline.remaining is not None:
            scope.deadline = anyio.current_time() + deadline.remaining
        with scope:
            return await with_retries(attempt, self.options.retry, self.account, deadline)
        raise APITimeoutError("total", deadline.seconds)

    async def open(self, call: Call) -> HttpResponse:
        """The answer to one attempt, its body still to be read. Raises `APIStatusError` for anything but a success."""
        limits = self.options.timeout
        key = await self._key()
        response = await self.transport.send(
            HttpRequest(
                call.method,
                call.url,
                self._headers(call, key),
                call.body,
                pool_limit=limits.pool,
                connect_limit=limits.connect,
                headers_limit=limits.headers,
            )
        )
        head = response.head
        if 200 <= head.status < 300:
            return response
        body = await response.read(limits.idle)
        if key:
            body = body.replace(key.encode(), b"***")
        raise from_response(head.status, head.headers, body, received_at=head.received_at)

    async def _key(self) -> str | None:
        key = self.options.api_key
        if self.options.needs_key:
            raise UsageError("no API key: pass api_key= or set OPENAI_API_KEY")
        if key is None or isinstance(key, str):
            return key
        answer = key()
        return checked_key(await answer if inspect.isawaitable(answer) else answer)

    def _headers(self, call: Call, key: str | None) -> dict[str, str]:
        headers = {"accept": call.accept, "user-agent": USER_AGENT}
        if call.accept == EVENT_STREAM:
            headers["accept-encoding"] = "identity"
        if call.body is not None:
            headers["content-type"] = JSON
        if call.method == "POST" and self.options.idempotency_header:
            headers[self.options.idempotency_header.lower()] = call.idempotency_key
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return {**headers, **self.options.headers}
