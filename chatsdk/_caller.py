"""One call: settings and a body become HTTP requests, the answer becomes a value or an error."""

from __future__ import annotations

import inspect
import platform
from dataclasses import dataclass, field
from functools import partial
from os import urandom
from typing import Protocol, TypeAlias, TypeVar

import anyio
import msgspec
from msgspec import Struct

from ._error_body import ErrorWords
from ._head import Head
from ._options import Options, checked_key
from ._protocol.chunks import SSE_LINE, too_large
from ._protocol.retry import RetryAccount
from ._retrying import Attempts
from ._scrubbing import scrubbed, without
from ._secret import Secret, SecretHeaders
from ._timing import CallTimer, OpenCalls
from ._transport import HeaderName, HttpRequest, HttpResponse, RequestHeaders, Transport
from ._version import __version__
from .errors import APIConnectionError, APIStatusError, ChatError, ResponseDecodeError, UsageError, from_response
from .providers._address import auth_header
from .types._base import Answer

Common: TypeAlias = tuple[RequestHeaders, HeaderName | None]
"""The headers that all requests of a kind have, and the name of the one for the idempotency key, where one is sent."""

T = TypeVar("T")
E = TypeVar("E", bound=ChatError)
T_co = TypeVar("T_co", covariant=True)

USER_AGENT = f"chatsdk/{__version__} Python/{platform.python_version()}"

JSON = "application/json"
EVENT_STREAM = "text/event-stream"

ACCEPT = {
    JSON: {"accept": JSON, "user-agent": USER_AGENT, "accept-encoding": "gzip, deflate"},
    EVENT_STREAM: {"accept": EVENT_STREAM, "user-agent": USER_AGENT, "accept-encoding": "identity"},
}
"""Headers of all requests for this kind of answer."""

ERROR_BODY_SECONDS = 5.0
"""How long the body of an error may take to come, whose status is known already."""


class Read(Protocol[T_co]):
    """Makes something of an answer; `words` are those that the server has for its errors."""

    def __call__(self, body: bytes, head: Head, /, *, words: ErrorWords) -> T_co: ...


class Call(Struct, frozen=True):
    """What all attempts of a call have in common."""

    method: str
    url: str
    body: bytes | None = None
    accept: str = JSON
    idempotency_key: str = msgspec.field(default_factory=lambda: urandom(16).hex())

    def __repr__(self) -> str:
        return f"Call({self.method})"


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls with these settings; account and open calls are shared by all of a client's."""

    transport: Transport
    account: RetryAccount
    options: Options
    calls: OpenCalls = field(default_factory=OpenCalls)
    _known: dict[tuple[str, str, bool], Common] = field(default_factory=dict, init=False, compare=False)  # by kind

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
            answer = read(await self._body(response, timer), response.head, words=self.options.error_words)
            return answer, response.head
        except ChatError as error:
            error.head = error.head or response.head
            failure = error
        raise self.scrubbed(failure, key)

    async def open(self, call: Call, key: Secret | None, timer: CallTimer) -> HttpResponse:
        """The answer to one attempt, its body still to be read. Raises `APIStatusError` for anything but a success."""
        request = HttpRequest(
            call.method, call.url, self._headers(call, key), call.body, timer.enter, self.options.timeout.connect
        )
        try:
            response = await self.transport.send(request)
        except ChatError as error:
            failure = error
        else:
            if 200 <= response.head.status < 300:
                return response
            timer.enter("total")
            failure = await self._status_error(response, key)
        raise self.scrubbed(failure, key)

    def scrubbed(self, error: E, key: Secret | None) -> E:
        """The error without the key, and those in headers of the caller's own."""
        return scrubbed(error, self._secrets(key))

    async def key(self) -> Secret | None:
        """The key for the next attempt. Raises `UsageError` for a missing or impossible one."""
        key = self.options.api_key
        if isinstance(key, Secret):
            return key
        if self.options.needs_key:
            variables = self.options.provider.key_variables or ("OPENAI_API_KEY",)
            raise UsageError(f"no API key: pass api_key= or set {' or '.join(variables)}")
        if key is None:
            return None
        answer: object = key()
        if inspect.isawaitable(answer):
            answer = await answer
        answer = Secret(answer) if isinstance(answer, str) else None  # a traceback may be shown with its locals
        return checked_key(answer)

    async def _body(self, response: HttpResponse, timer: CallTimer) -> bytes:
        """The whole body. White space keeps a connection alive and is no progress. Raises `ResponseTooLargeError`."""
        limit, length = self.options.size_limits.body, response.head.content_length or 0
        pieces: list[bytes] = []
        received = 0
        is_over = False
        timer.enter("idle")
        try:
            while length <= limit and not is_over:
                piece = await response.read_some()
                pieces.append(piece)
                received += len(piece)
                length = max(length, received)
                is_over = not piece or response.is_over
                if not (is_over or piece.isspace()):
                    timer.enter("idle")
        except BaseException as error:
            response.abort(APIConnectionError("the answer was left"))
            if isinstance(error, APIConnectionError) and SSE_LINE.match(b"".join(pieces).lstrip()):
                return b"".join(pieces)  # a stream that nobody asked for: it tells itself whether it is whole
            raise
        if length > limit:
            refused = too_large("the answer", limit, "body")
            response.abort(refused)
            raise refused
        response.release()
        if response.is_cut:
            raise ResponseDecodeError("the answer is cut inside its packing", b"".join(pieces))
        return b"".join(pieces)

    async def _status_error(self, response: HttpResponse, key: Secret | None) -> APIStatusError:
        """The error that an answer is, with as much of its body as comes in time and is not over the limit."""
        head, left = response.head, self.options.size_limits.error_body
        pieces: list[bytes] = []
        patience = min(self.options.timeout.idle or ERROR_BODY_SECONDS, ERROR_BODY_SECONDS)
        try:
            with anyio.move_on_after(patience):
                while left > 0 and (piece := await response.read_some()):
                    pieces.append(piece[:left])
                    left -= len(piece)
        except (APIConnectionError, ResponseDecodeError):
            pass  # the status says enough
        except BaseException:
            response.abort(APIConnectionError("the answer was left"))
            raise
        response.release()
        body = b"".join(pieces)
        pieces.clear()
        for secret in self._secrets(key):
            body = without(secret, body)
        return from_response(
            head.status,
            head.headers,
            body,
            received_at=head.received_at,
            words=self.options.error_words,
        )

    def _secrets(self, key: Secret | None) -> list[Secret]:
        return [*self.options.header_secrets, *([] if key is None else [key])]

    def _headers(self, call: Call, key: Secret | None) -> RequestHeaders:
        kind = (call.method, call.accept, call.body is not None)
        known = self._known.get(kind)
        if known is None:
            known = self._known[kind] = self._common(*kind)
        common, idempotency_header = known
        headers = RequestHeaders(common)
        if idempotency_header is not None:
            headers[idempotency_header] = call.idempotency_key
        if key is not None and key is not self.options.api_key:
            headers.setdefault(*auth_header(self.options.provider, key.reveal(), is_token=True))
        return headers

    def _common(self, method: str, accept: str, has_body: bool) -> Common:
        """The caller's own headers come last, and win."""
        options = self.options
        headers = SecretHeaders(ACCEPT[accept])
        if has_body:
            headers["content-type"] = JSON
        if isinstance(options.api_key, Secret):
            name, value = auth_header(options.provider, options.api_key.reveal())
            headers[name] = value
        headers.update(options.headers)
        own = (options.idempotency_header or "").lower()
        has_own = method == "POST" and own and own not in headers
        named = RequestHeaders((HeaderName(name), value) for name, value in headers.items())
        return named, HeaderName(own) if has_own else None
