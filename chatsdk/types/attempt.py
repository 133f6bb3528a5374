"""What a call went through until it succeeded or was given up."""

from __future__ import annotations

from msgspec import Struct


class Attempt(Struct, frozen=True):
    """One sending of a request. Times are in seconds: `started` since the call began, `waited` just before it."""

    started: float
    waited: float
    status: int | None = None
    """Of the answer, `None` where none came."""
    error: str | None = None
    """What went wrong, `None` if nothing did."""
    request_id: str | None = None
    """The server's."""
