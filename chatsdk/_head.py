"""The head of an answer: its status and headers, and what they say of request id, waiting and rate limits.

Everything is worked out when it is asked for: most callers never look.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar, overload

from .types.rate_limit import RateLimitSnapshot, RateLimitWindow

T = TypeVar("T")

Pairs: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
Find: TypeAlias = Callable[[str, Sequence[str]], Sequence[str]]
"""The values of a name, or what is given where there is none."""

REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "apim-request-id",
    "x-generation-id",
    "x-ds-trace-id",
    "mistral-correlation-id",
    "nvcf-reqid",
    "x-amzn-requestid",
    "x-litellm-call-id",
    "cf-ray",
)
"""Names of the server's id of a request; those of gateways, which are often there too, come last."""

UPSTREAM = "llm_provider-"
"""What LiteLLM puts before the names of headers that it passes on; its own say more of what it will do itself."""

LIMIT_HEADERS: Mapping[str, str] = {
    "x-ratelimit-{what}-{window}": "{window}",
    "x-ratelimit-{what}": "default",
    "ratelimit-{what}": "default",
    "anthropic-ratelimit-{window}-{what}": "{window}",
    "x-tokenlimit-{what}": "tokens",
    "x-tokenlimit-{what}-{window}": "tokens-{window}",
    "ratelimitbysize-{what}": "size",
    "x-ratelimitbysize-{what}-{window}": "size-{window}",
}
"""Names of headers, and of the window that each speaks of. What Mistral calls a size is counted in tokens."""

REQUEST_WINDOWS = ("requests", "req-minute", "requests-minute", "requests-hour", "requests-day")
TOKEN_WINDOWS = ("tokens", "tokens-minute", "size-minute", "size", "tokens-hour", "tokens-day")
"""Windows that `requests` and `tokens` of a snapshot can be: the first that is there, the shorter periods first."""

DURATION_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}

LEAST_UNIX_TIME = 1e9
"""A number this large is no wait but an instant: September 2001, in seconds."""

EXACT_DIGITS = 15
"""A number of no more digits is the same whether it was read as a whole number or not."""

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_DURATION_PART = re.compile(rf"({_NUMBER.pattern})(ms|us|µs|ns|h|m|s)")

_LIMIT_PARTS = {"what": "(?P<what>limit|remaining|reset)", "window": "(?P<window>.+)"}
_LIMIT_HEADERS = [(re.compile(name.format(**_LIMIT_PARTS)), window) for name, window in LIMIT_HEADERS.items()]


class Headers(Mapping[str, str]):
    """Headers of an answer; names in any case, different values of one name joined by `, ` (RFC 9110, 5.3).

    `find` gives the values of a name in any case, where the pairs can; then they are put in order only for somebody
    who asks for all of them.
    """

    __slots__ = ("_find", "_pairs", "_values")

    def __init__(self, pairs: Pairs = (), find: Find | None = None) -> None:
        self._pairs = pairs
        self._find = find
        self._values = _by_name(pairs) if find is None else None

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: T | str) -> T | str: ...
    def get(self, name: str, /, default: object = None) -> object:  # the inherited one raises and catches
        if self._find is None:
            return self._all().get(name.lower(), default)
        values = self._find(name, ())
        if len(values) > 1:
            return _joined(values)
        return values[0] if values else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"Headers({self._all()!r})"

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str]]]:
        return Headers, (self._all(),)

    def _all(self) -> dict[str, str]:
        if self._values is None:
            self._values = _by_name(self._pairs)
        return self._values


class Head:
    """Status and headers of an answer. `received_at` is Unix time, needed only to read dates and instants."""

    __slots__ = ("headers", "received_at", "status")

    def __init__(
        self,
        status: int,
        headers: Pairs = (),
        received_at: float | None = None,
    ) -> None:
        self.status = status
        self.headers = headers if type(headers) is Headers else Headers(headers)
        self.received_at = received_at

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, by whichever name it goes."""
        for name in REQUEST_ID_HEADERS:
            value = self.headers.get(name)
            if value:
                return value
        return None

    @property
    def content_length(self) -> int | None:
        """Bytes of the body as it is sent, packed or not."""
        return _count(self.headers.get("content-length"))

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait: `retry-after-ms` if above 0, else `retry-after` (RFC 9110, 10.2.3)."""
        for name in ("retry-after-ms", "x-ms-retry-after-ms"):
            if milliseconds := parse_number(self._own_or_upstream(name)):
                return milliseconds / 1000
        value = self._own_or_upstream("retry-after")
        for read in (parse_number, self._seconds_until_date, parse_duration):
            seconds = read(value)
            if seconds is not None:
                return seconds
        return None

    @property
    def should_retry(self) -> bool | None:
        """What `x-should-retry` says, if it is `true` or `false`."""
        return {"true": True, "false": False}.get(self.headers.get("x-should-retry", "").strip().lower())

    @property
    def rate_limit(self) -> RateLimitSnapshot | None:
        """What the headers of `LIMIT_HEADERS` say, or `None` where there are none.

        One that stands in for `requests` or `tokens` is in `other` too, under the name that tells its period.
        """
        limits = {**self._limits(UPSTREAM), **self._limits()}
        windows = {name: self._window(values) for name, values in limits.items()}
        if not windows:
            return None
        requests, tokens = (
            next((windows[name] for name in names if name in windows), RateLimitWindow())
            for names in (REQUEST_WINDOWS, TOKEN_WINDOWS)
        )
        other = {name: window for name, window in windows.items() if name not in ("requests", "tokens")}
        return RateLimitSnapshot(requests, tokens, other)

    def _limits(self, prefix: str = "") -> dict[str, dict[str, str]]:
        """The values of each window by what they say: `limit`, `remaining`, `reset`."""
        found: dict[str, dict[str, str]] = {}
        for name, value in self.headers.items():
            bare = name[len(prefix) :] if name.startswith(prefix) else ""
            for pattern, window in _LIMIT_HEADERS:
                if match := pattern.fullmatch(bare):
                    said = match.groupdict()
                    found.setdefault(window.format(**said), {})[said["what"]] = value
        return found

    def _own_or_upstream(self, name: str) -> str | None:
        return self.headers.get(name, self.headers.get(UPSTREAM + name))

    def _seconds_until_date(self, value: str | None) -> float | None:
        """Counted from the answer's own `Date`, so that a wrong clock here does no harm."""
        return self._seconds_until(parse_date(value))

    def _seconds_until(self, then: float | None) -> float | None:
        if then is None:
            return None
        now = parse_date(self.headers.get("date"))
        now = self.received_at if now is None else now
        return None if now is None else max(0.0, then - now)

    def _window(self, values: Mapping[str, str]) -> RateLimitWindow:
        """A limit of 0 is none: Azure means that it does not know, and what is left of it says nothing either."""
        limit, remaining = (_count(values.get(name)) for name in ("limit", "remaining"))
        return RateLimitWindow(limit or None, None if limit == 0 else remaining, self._reset_after(values.get("reset")))

    def _reset_after(self, value: str | None) -> float | None:
        """Seconds as such, or until an instant: Unix time in seconds or milliseconds, or a date of RFC 3339."""
        number = parse_number(value)
        if number is None:
            seconds = parse_duration(value)
            return self._seconds_until(parse_instant(value)) if seconds is None else seconds
        if number < LEAST_UNIX_TIME:
            return number
        return self._seconds_until(number if number < LEAST_UNIX_TIME * 100 else number / 1000)


def _by_name(pairs: Pairs) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
        values.setdefault(name.lower(), []).append(value)
    return {name: _joined(told) for name, told in values.items()}


def _joined(values: Sequence[str]) -> str:
    joined = values[0]
    for value in values[1:]:
        joined = joined if joined == value else f"{joined}, {value}"
    return joined


def _count(value: str | None) -> int | None:
    if value is not None and len(value) <= EXACT_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    number = parse_number(value)
    return None if number is None else int(number)


def parse_number(value: str | None) -> float | None:
    """A finite number of 0 or more, in plain decimal digits."""
    number = float(value) if value is not None and _NUMBER.fullmatch(value.strip()) else math.inf
    return number if math.isfinite(number) else None


def parse_duration(value: str | None) -> float | None:
    """Seconds of a duration as Go writes it: `6m0s`, `17ms`, `1.5s`."""
    parts = _DURATION_PART.findall(value or "")
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    seconds = sum(float(number) * DURATION_SECONDS[unit] for number, unit in parts)
    return seconds if math.isfinite(seconds) else None


def parse_date(value: str | None) -> float | None:
    """Unix time of an HTTP date (RFC 9110, 5.6.7)."""
    from email.utils import parsedate_to_datetime  # loads sockets, which few answers are worth

    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def parse_instant(value: str | None) -> float | None:
    """Unix time of a date and time after RFC 3339; without an offset it is UTC."""
    try:
        instant = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
