"""Everything this package raises.

ChatError                          str() never holds a key
├── UsageError                     the program is wrong
│   └── ClientClosedError          used after close
├── APIConnectionError             nothing usable came back
│   ├── APITimeoutError            `.phase` says which limit ran out
│   └── StreamInterruptedError     `.partial` is what had come
├── APIStatusError                 the server said no, and how
│   ├── RedirectError 3xx
│   ├── BadRequestError 400  AuthenticationError 401  PermissionDeniedError 403  NotFoundError 404
│   ├── ConflictError 409  UnprocessableEntityError 422
│   ├── RateLimitError 429
│   │   └── QuotaExceededError     waiting does not help
│   └── InternalServerError 5xx
├── StreamError                    an error object inside a stream
├── ResponseDecodeError            the answer came and could not be read
│   └── ResponseTooLargeError
└── OutputError                    the answer was read and is not what was asked for
    └── LengthLimitError  ContentFilterError  RefusedError  ValidationError

An error is born with its facts and makes its own text of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ._error_body import QUOTA_WORDS as QUOTA_WORDS
from ._error_body import answer_facts, is_quota
from ._head import Head
from .types.rate_limit import RateLimitSnapshot
from .types.response import ChatCompletion

MAX_SHOWN = 500
"""Characters of a server's words, or of an unreadable body, that go into an error's text."""

MAX_FACT_SHOWN = 100
"""Characters of any other fact in it."""

WRONG_PATH = re.compile(r"unexpected endpoint|invalid url|(404 )?(page |file |resource )?not found\.?$", re.IGNORECASE)
"""How a server's words begin where it is the path that it does not know."""

PATH_HINT = "does base_url end in the API's prefix, such as /v1?"


class ChatError(Exception):
    """The root of everything this package raises. Facts are attributes; `str()` is made of them.

    `head` is that of the answer which the error is about, if there was one. `partial` is the `ChatCompletion` of what
    had come of a stream when it failed, else `None`.
    """

    head: Head | None = None
    partial: ChatCompletion | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, names in any case; empty where there was none."""
        return self.head.headers if self.head else {}

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, to be named in a complaint."""
        return self.head.request_id if self.head else None

    @property
    def rate_limit(self) -> RateLimitSnapshot | None:
        """What the server said of its rate limits; `None` where it said nothing."""
        return self.head.rate_limit if self.head else None

    def __reduce__(self) -> Any:
        return _restore, (type(self), self.args, dict(self.__dict__))


class UsageError(ChatError):
    """The program is wrong: a parameter, a message, a setting, or the order of calls."""


class ClientClosedError(UsageError):
    """The client was used after `aclose()`, or closed under a live call."""


class APIConnectionError(ChatError):
    """Nothing usable came back: no connection, or it broke."""


class APITimeoutError(APIConnectionError):
    """A time limit ran out: `phase` is `pool`, `connect`, `headers`, `first_token`, `idle` or `total`."""

    def __init__(self, phase: str, seconds: float | None = None) -> None:
        limit = "" if seconds is None else f" of {seconds:g} s"
        super().__init__(f"the time limit{limit} for phase {phase!r} ran out")
        self.phase = phase
        self.seconds = seconds


class StreamInterruptedError(APIConnectionError):
    """A stream ended before its end; `partial` is the `ChatCompletion` of what had come."""

    def __init__(self, message: str, partial: ChatCompletion) -> None:
        super().__init__(message)
        self.partial: ChatCompletion = partial


class APIStatusError(ChatError):
    """The server answered with an error. `message` is its own words, `body` its bytes, `code` as it came.

    `cause` is what it tells of what stood behind: a router the words of the server that it asked, Azure its filter's.
    """

    default_message: ClassVar[str] = "the server answered with an error"

    def __init__(
        self,
        head: Head,
        body: bytes = b"",
        *,
        message: str | None = None,
        code: str | int | None = None,
        type: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        cause: str | None = None,
    ) -> None:
        self.message = message if message and any(map(str.isalpha, message)) else self.default_message
        self.head = head
        self.status = head.status
        self.body = body
        self.code = code
        self.type = type
        self.param = param
        self.cause = cause
        self._request_id = request_id
        self.retry_after: float | None = retry_after if head.retry_after is None else head.retry_after
        self.should_retry: bool | None = head.should_retry
        super().__init__(self._text())

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, from the headers or else the body."""
        return super().request_id or self._request_id

    def _text(self) -> str:
        words = f"{self.message}: {self.cause}" if self.cause else self.message
        words = shorten(words) + (f"; {PATH_HINT}" if WRONG_PATH.match(self.message) else "")
        told = _facts_told(
            status=self.status, code=self.code, type=self.type, param=self.param, request_id=self.request_id
        )
        return f"{words} ({told})"


class RedirectError(APIStatusError):
    """A redirect, which is never followed: key and prompt stay with the origin they were meant for."""

    default_message = "the server redirects, which is not followed; point base_url at the right place"

    @property
    def location(self) -> str | None:
        """Where the server wanted to send us."""
        return self.headers.get("location")

    def _text(self) -> str:
        return f"{super()._text()}, to {shorten(origin(self.location))}"


class BadRequestError(APIStatusError):
    """400: the request is wrong."""

    default_message = "the server calls the request wrong"


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""

    default_message = "the server wants a valid API key"


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""

    default_message = "the server forbids this"


class NotFoundError(APIStatusError):
    """404: no such model, completion or path."""

    default_message = f"the server knows no such path; {PATH_HINT}"


class ConflictError(APIStatusError):
    """409: something else is going on with the same thing."""

    default_message = "the server reports a conflict"


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed and still wrong."""

    default_message = "the server can't process the request"


class RateLimitError(APIStatusError):
    """429: too much in too short a time; `retry_after` is the wait the server asks for."""

    default_message = "the server asks to slow down"


class QuotaExceededError(RateLimitError):
    """The quota or the money is used up: no retry cures it."""

    default_message = "the quota is used up"


class InternalServerError(APIStatusError):
    """5xx: the server failed."""

    default_message = "the server failed"


class StreamError(ChatError):
    """The server sent an error inside a stream; `status` is its number if it named one."""

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        type: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        told = _facts_told(code=code, type=type)
        super().__init__(f"{shorten(message)} (in the stream{', ' if told else ''}{told})")
        self.message = message
        self.code = code
        self.type = type
        self.status = status
        self.retry_after = retry_after


class ResponseDecodeError(ChatError):
    """The answer came and could not be read; `body` is the start of it."""

    def __init__(self, reason: str, body: bytes = b"") -> None:
        shown = shorten(body.decode("utf-8", "replace"))
        super().__init__(f"{reason}: {shown!r}" if shown else reason)
        self.reason = reason
        self.body = body[:MAX_SHOWN]


class ResponseTooLargeError(ResponseDecodeError):
    """The answer is over a size limit."""


class OutputError(ChatError):
    """The answer was read and is not what was asked for; `completion` is the answer."""

    def __init__(self, message: str, completion: ChatCompletion) -> None:
        super().__init__(message)
        self.completion = completion


class LengthLimitError(OutputError):
    """The answer was cut at the token limit."""


class ContentFilterError(OutputError):
    """The answer was cut by a content filter."""


class RefusedError(OutputError):
    """The model declined."""


class ValidationError(OutputError):
    """The answer does not have the form asked for."""


STATUS_ERRORS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
"""The class of each status; the rest goes by hundreds."""

HUNDREDS_ERRORS: Mapping[int, type[APIStatusError]] = {3: RedirectError, 5: InternalServerError}


def from_response(
    status: int,
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
    body: bytes,
    *,
    received_at: float | None = None,
    quota_words: frozenset[str] = frozenset(),
    rate_words: frozenset[str] = frozenset(),
) -> APIStatusError:
    """The error that an answer is, whatever it holds: any status with any body gives one.

    An error body under a status of success is of the class that its own numeric code names. `quota_words` are what the
    server says of a used-up quota beyond `QUOTA_WORDS`, and `rate_words` what it says of none, though it sounds so.
    `received_at` (Unix time) is needed only for a `retry-after` date in an answer without a `Date`.
    """
    head = Head(status, headers, received_at)
    facts = answer_facts(head, body)
    named = facts.pop("status", None)
    if status < 300:
        head.status = named or status
    cls = STATUS_ERRORS.get(head.status) or HUNDREDS_ERRORS.get(head.status // 100, APIStatusError)
    if cls is RateLimitError and is_quota(facts.get("code"), facts.get("type"), quota_words, rate_words):
        cls = QuotaExceededError
    return cls(head, body, **facts)


def shorten(text: str, limit: int = MAX_SHOWN) -> str:
    """The text on one line, without control characters, and cut where it is too long to be read in an error."""
    line = "".join(character if character.isprintable() else " " for character in text[: limit + 1])
    return line if len(line) <= limit else f"{line[:limit]}..."


def origin(url: str | None) -> str:
    """Scheme, host and port of a URL: what may be shown of it."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return "an address that cannot be read"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}{':' if parts.scheme else ''}//{host}" if host else "the same origin"


def _facts_told(**facts: str | int | None) -> str:
    return ", ".join(f"{name} {shorten(str(fact), MAX_FACT_SHOWN)}" for name, fact in facts.items() if fact is not None)


def _restore(cls: type[ChatError], args: tuple[Any, ...], facts: dict[str, Any]) -> ChatError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(facts)
    return error
