"""One call: settings and a body become HTTP requests, the answer becomes a value or an error."""

from __future__ import annotations

import inspect
import platform
import uuid
from collections.abc import Awaitable, Callable
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
from .providers._address import auth_header

T = TypeVar("T")
E = TypeVar("E", bound=ChatError)

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
        url: str,
        body: bytes | None = None,
    ) -> T:
        """What `read` makes of the answer. Raises what `read` raises, and `APIStatusError` or `APIConnectionError`."""
        call = Call(method, url, body)

        async def attempt() -> T:
            key = await self.key()
            response = await self.open(call, key)
            try:
                return read(await response.read(self.options.timeout.idle), response.head)
            except ChatError as error:
                error.head = error.head or response.head
                raise scrubbed(error, key) from None

        return await self.persist(attempt, Deadline(self.options.timeout.total), anyio.CancelScope())

    async def persist(self, attempt: Callable[[], Awaitable[T]], deadline: Deadline, scope: anyio.CancelScope) -> T:
        """The result of the first attempt that succeeds before the deadline; cancelling `scope` gives up on all."""
        if deadline.remaining is not None:
            scope.deadline = anyio.current_time() + deadline.remaining
        with scope:
            return await with_retries(attempt, self.options.retry, self.account, deadline)
        raise APITimeoutError("total", deadline.seconds)

    async def open(self, call: Call, key: str | None) -> HttpResponse:
        """The answer to one attempt, its body still to be read. Raises `APIStatusError` for anything but a success."""
        limits = self.options.timeout
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
        error = from_response(
            head.status,
            head.headers,
            await response.read(limits.idle),
            received_at=head.received_at,
            quota_words=self.options.provider.quota_words,
            rate_words=self.options.provider.rate_words,
        )
        raise scrubbed(error, key)

    async def key(self) -> str | None:
        """The key for the next attempt. Raises `UsageError` for a missing or impossible one."""
        key = self.options.api_key
        if self.options.needs_key:
            variables = self.options.provider.key_variables or ("OPENAI_API_KEY",)
            raise UsageError(f"no API key: pass api_key= or set {' or '.join(variables)}")
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
            name, value = auth_header(self.options.provider, key, is_token=callable(self.options.api_key))
            headers[name] = value
        return {**headers, **self.options.headers}


def scrubbed(error: E, secret: str | None) -> E:
    """The error without the secret, which some servers repeat in their words, bodies and headers."""
    if secret:
        error.args = tuple(_without(secret, value) for value in error.args)
        for name, value in list(vars(error).items()):
            setattr(error, name, _without(secret, value))
    return error


def _without(secret: str, value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(secret, "***")
    if isinstance(value, bytes):
        return value.replace(secret.encode(), b"***")
    if isinstance(value, Head):
        pairs = {name: _without(secret, text) for name, text in value.headers.items()}
        return Head(value.status, pairs, value.received_at)
    return value
