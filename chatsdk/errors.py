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
├── ToolError                      a call of a tool failed; `.call` is which
└── OutputError                    the answer was read and is not what was asked for
    ├── LengthLimitError  ContentFilterError  RefusedError  ValidationError
    └── TurnLimitError             the model calls tools and finds no end

An error is born with its facts and makes its own text of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ._error_body import COMMON_WORDS, ErrorWords, answer_facts
from ._error_body import QUOTA_WORDS as QUOTA_WORDS
from ._error_text import MAX_SHOWN, PATH_HINT, SPECIAL_STATUS, origin, shorten, told_cure, told_facts, told_words
from ._head import Head
from .types.attempt import Attempt
from .types.rate_limit import RateLimitSnapshot
from .types.response import ChatCompletion, ToolCall

MAX_EVENT_KEPT = 1 << 16
"""Bytes of the event that an error in a stream came in which the error keeps."""


class ChatError(Exception):
    """The root of everything this package raises. Facts are attributes; `str()` is made of them.

    `head` is that of the answer which the error is about, if there was one. `partial` is the `ChatCompletion` of what
    had come of a stream when it failed, else `None`. `attempts` are those of the call that failed, this one's last.
    `run` is the `ToolRun` so far of a run of tools that the error ended, from which it can be continued, else `None`.
    """

    head: Head | None = None
    partial: ChatCompletion | None = None
    attempts: tuple[Attempt, ...] = ()
    run: Any = None

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
    """Nothing usable came back: no connection, or it broke. `is_permanent`: and it will be so the next time too."""

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent


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
        said = message if message and any(map(str.isalpha, message)) else None
        self.message = said or SPECIAL_STATUS.get(head.status, self.default_message)
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
        told = told_facts(
            status=self.status, code=self.code, type=self.type, param=self.param, request_id=self.request_id
        )
        return f"{told_words(self.message, self.cause)}{told_cure(self.message)} ({told})"


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
    """The server sent an error inside a stream, with the facts of an `APIStatusError`.

    `status` is its number if it named one, `body` the start of the event's data; `is_quota`: waiting does not help.
    """

    def __init__(
        self,
        message: str | None = None,
        body: bytes = b"",
        *,
        code: str | int | None = None,
        type: str | None = None,
        param: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        cause: str | None = None,
        words: ErrorWords = COMMON_WORDS,
    ) -> None:
        self.message = message or "the server sent an error"
        self.body = body[:MAX_EVENT_KEPT]
        self.code = code
        self.type = type
        self.param = param
        self.status = status
        self.retry_after = retry_after
        self.cause = cause
        self.is_quota = status == 402 or words.is_quota(code, type)
        self._request_id = request_id
        number = None if str(code) == str(status) else status
        told = told_facts(status=number, code=code, type=type, param=param, request_id=request_id)
        super().__init__(f"{told_words(self.message, cause)} (in the stream{', ' if told else ''}{told})")

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, from the headers or else the event."""
        return super().request_id or self._request_id


class ResponseDecodeError(ChatError):
    """The answer came and could not be read; `body` is the start of it."""

    def __init__(self, reason: str, body: bytes = b"") -> None:
        shown = shorten(body.decode("utf-8", "replace"))
        super().__init__(f"{reason}: {shown!r}" if shown else reason)
        self.reason = reason
        self.body = body[:MAX_SHOWN]


class ResponseTooLargeError(ResponseDecodeError):
    """The answer is over a size limit."""


class ToolError(ChatError):
    """A call failed: its tool raised (`__cause__`), the model made a mistake in it again, or it cancelled itself."""

    def __init__(self, message: str, call: ToolCall) -> None:
        super().__init__(message)
        self.call = call


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
    """The answer does not have the form asked for; `path` is where, such as `$.days[3].price`, if that can be said."""

    def __init__(self, message: str, completion: ChatCompletion, path: str | None = None) -> None:
        super().__init__(message, completion)
        self.path = path


class TurnLimitError(OutputError):
    """The model called tools in every answer that it was allowed; `run` can be continued with a higher `max_turns`."""


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
    words: ErrorWords = COMMON_WORDS,
) -> APIStatusError:
    """The error that an answer is, whatever it holds: any status with any body gives one.

    An error body under a status of success is of the class that its own numeric code names. `quota_words` are what the
    server says of a used-up quota beyond `QUOTA_WORDS`, and `rate_words` what it says of none, though it sounds so;
    `words` are both in one. `received_at` (Unix time) is needed only for a `retry-after` date in an answer without a
    `Date`.
    """
    head = Head(status, headers, received_at)
    facts = answer_facts(head, body)
    named = facts.pop("status", None)
    if status < 300:
        head.status = named or status
    cls = STATUS_ERRORS.get(head.status) or HUNDREDS_ERRORS.get(head.status // 100, APIStatusError)
    words = ErrorWords(words.quota | quota_words, words.rate | rate_words)
    if (cls is RateLimitError or head.status < 300) and words.is_quota(facts.get("code"), facts.get("type")):
        cls = QuotaExceededError
    return cls(head, body, **facts)


def _restore(cls: type[ChatError], args: tuple[Any, ...], facts: dict[str, Any]) -> ChatError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(facts)
    return error
