"""One call: settings and a body become HTTP requests, the answer becomes a value or an error."""

from __future__ import annotations

import inspect
import platform
import uuid
from dataclasses import dataclass, field
from functools import partial
from os.path import commonprefix
from typing import Any, Protocol, TypeVar

import anyio

from ._error_body import ErrorWords
from ._head import Head
from ._options import Options, checked_key
from ._protocol.chunks import too_large
from ._protocol.retry import RetryAccount
from ._retrying import Attempts
from ._secret import MASK, Secret, SecretHeaders
from ._timing import CallTimer, OpenCalls
from ._transport import HttpRequest, HttpResponse, Transport
from ._version import __version__
from .errors import APIConnectionError, APIStatusError, ChatError, UsageError, from_response
from .providers._address import auth_header
from .types._base import Answer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=ChatError)

USER_AGENT = f"chatsdk/{__version__} Python/{platform.python_version()}"

JSON = "application/json"
EVENT_STREAM = "text/event-stream"

MIN_LEAK = 4
"""Characters of a key that may be told: so many begin the keys of half a vendor's customers."""

ERROR_BODY_SECONDS = 5.0
"""How long the body of an error may take to come, whose status is known already."""


class Read(Protocol[T_co]):
    """Makes something of an answer; `words` are those that the server has for its errors."""

    def __call__(self, body: bytes, head: Head, /, *, words: ErrorWords) -> T_co: ...


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """What all attempts of a call have in common."""

    method: str
    url: str
    body: bytes | None = None
    accept: str = JSON
    idempotency_key: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls with these settings; account and open calls are shared by all of a client's."""

    transport: Transport
    account: RetryAccount
    options: Options
    calls: OpenCalls = field(default_factory=OpenCalls)

    def attempts(self) -> Attempts:
        """Those of a new call, which begins now."""
        options = self.options
        timer = CallTimer(options.timeout, self.calls)
        return Attempts(timer, options.retry, self.account, can_renew_key=callable(options.api_key))

    async def fetch(
        self,
        read: Read[T],
        method: str,
        url: str,
        body: bytes | None = None,
    ) -> T:
        """What `read` makes of the answer. Raises what `read` raises, and `APIStatusError` or `APIConnectionError`."""
        attempts = self.attempts()
        attempt = partial(self._attempt, Call(method, url, body), read, attempts.timer)
        while True:
            try:
                answer, head = await attempts.timer.guard(attempt)
            except ChatError as error:
                await attempts.failed(error)
            else:
                attempts.succeeded(head)
                if isinstance(answer, Answer):
                    answer.__dict__["attempts"] = attempts.made
                return answer

    async def _attempt(self, call: Call, read: Read[T], timer: CallTimer) -> tuple[T, Head]:
        key = await self.key()
        response = await self.open(call, key, timer)
        try:
            body = await self._body(response, timer)
            return read(body, response.head, words=self.options.error_words), response.head
        except ChatError as error:
            error.head = error.head or response.head
            raise scrubbed(error, key) from None

    async def open(self, call: Call, key: Secret | None, timer: CallTimer) -> HttpResponse:
        """The answer to one attempt, its body still to be read. Raises `APIStatusError` for anything but a success."""
        headers = self._headers(call, key)
        response = await self.transport.send(HttpRequest(call.method, call.url, headers, call.body, timer.enter))
        if 200 <= response.head.status < 300:
            return response
        raise scrubbed(await self._status_error(response), key)

    async def key(self) -> Secret | None:
        """The key for the next attempt. Raises `UsageError` for a missing or impossible one."""
        key = self.options.api_key
        if self.options.needs_key:
            variables = self.options.provider.key_variables or ("OPENAI_API_KEY",)
            raise UsageError(f"no API key: pass api_key= or set {' or '.join(variables)}")
        if key is None or isinstance(key, Secret):
            return key
        answer = key()
        return checked_key(await answer if inspect.isawaitable(answer) else answer)

    async def _body(self, response: HttpResponse, timer: CallTimer) -> bytes:
        """The whole body. White space keeps a connection alive and is no progress. Raises `ResponseTooLargeError`."""
        limit, length = self.options.size_limits.body, response.head.content_length or 0
        pieces: list[bytes] = []
        received = 0
        timer.enter("idle")
        try:
            while length <= limit:
                piece = await response.read_some()
                if not piece:
                    response.release()
                    return b"".join(pieces)
                pieces.append(piece)
                received += len(piece)
                length = max(length, received)
                if not piece.isspace():
                    timer.enter("idle")
        except BaseException:
            response.abort(APIConnectionError("the answer was left"))
            raise
        error = too_large("the answer", limit, "body")
        response.abort(error)
        raise error

    async def _status_error(self, response: HttpResponse) -> APIStatusError:
        """The error that an answer is, with as much of its body as comes in time and is not over the limit."""
        head, left = response.head, self.options.size_limits.error_body
        pieces: list[bytes] = []
        patience = min(self.options.timeout.idle or ERROR_BODY_SECONDS, ERROR_BODY_SECONDS)
        try:
            with anyio.move_on_after(patience):
                while left > 0 and (piece := await response.read_some()):
                    pieces.append(piece[:left])
                    left -= len(piece)
        except APIConnectionError:
            pass  # the status says enough
        finally:
            response.release()
        body = b"".join(pieces)
        pieces.clear()
        return from_response(
            head.status,
            head.headers,
            body,
            received_at=head.received_at,
            words=self.options.error_words,
        )

    def _headers(self, call: Call, key: Secret | None) -> SecretHeaders:
        headers = {"accept": call.accept, "user-agent": USER_AGENT}
        if call.accept == EVENT_STREAM:
            headers["accept-encoding"] = "identity"
        if call.body is not None:
            headers["content-type"] = JSON
        if call.method == "POST" and self.options.idempotency_header:
            headers[self.options.idempotency_header.lower()] = call.idempotency_key
        if key is not None:
            is_token = callable(self.options.api_key)
            name, value = auth_header(self.options.provider, key.reveal(), is_token=is_token)
            headers[name] = value
        return SecretHeaders({**headers, **self.options.headers})


def scrubbed(error: E, secret: Secret | None) -> E:
    """The error without the secret, which some servers repeat in their words, bodies and headers."""
    if secret is not None:
        error.args = tuple(_without(secret, value) for value in error.args)
        for name, value in list(vars(error).items()):
            setattr(error, name, _without(secret, value))
    return error


def _without(secret: Secret, value: Any) -> Any:
    if isinstance(value, str):
        return _masked(value, secret.reveal())
    if isinstance(value, bytes):
        return _without(secret, value.decode("latin-1")).encode("latin-1")
    if isinstance(value, Head):
        pairs = {name: _without(secret, text) for name, text in value.headers.items()}
        return Head(value.status, pairs, value.received_at)
    return value


def _masked(text: str, key: str) -> str:
    """The text without the key, and without a beginning of it where the text was cut."""
    text = text.replace(key, MASK)
    start = text.find(key[:MIN_LEAK])
    while start >= 0:
        end = start + len(commonprefix([text[start : start + len(key)], key]))  # noqa: RUF071 - of characters
        if end == len(text) or text.startswith("...", end):
            text = f"{text[:start]}{MASK}{text[end:]}"
        start = text.find(key[:MIN_LEAK], start + 1)
    return text
