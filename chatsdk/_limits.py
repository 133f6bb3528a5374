"""How long a call may wait and how much it may read."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .errors import UsageError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits in seconds; `None` is no limit. A bare number wherever these are taken means `total`.

    `total` is one deadline over all attempts, the waits between them and the body. `pool` is the wait for a
    connection where `max_connections` caps them. `connect` is DNS, TCP and TLS. `headers` starts on the ready
    connection, covers sending the body and ends with the answer's head, where `first_token` starts. Only semantic
    progress resets `idle`: comments, empty events and chunks that add nothing do not, nor white space in a plain body.
    """

    total: float | None = None
    connect: float | None = 5.0
    pool: float | None = None
    headers: float | None = 600.0
    first_token: float | None = None
    idle: float | None = 120.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
                raise UsageError(f"the timeout {limit.name!r} is a number of seconds above 0, or None for no limit")


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Limits in bytes, counted after unpacking; an answer over one is a `ResponseTooLargeError` as soon as it is known.

    `event` is the data of one event of a stream, `body` the body of a plain answer. Of the body of an error
    `error_body` bytes are read and the rest is left.
    """

    event: int = 128 * MIB
    body: int = 256 * MIB
    error_body: int = MIB // 16

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise UsageError(f"the size limit {limit.name!r} is a whole number of bytes above 0")
