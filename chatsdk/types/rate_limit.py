"""What a server's headers say of its rate limits, whatever it calls them."""

from __future__ import annotations

from msgspec import Struct, field


class RateLimitWindow(Struct, frozen=True):
    """One limit. `reset_after` is in seconds from receipt; `None` is what the server did not say."""

    limit: int | None = None
    remaining: int | None = None
    reset_after: float | None = None


class RateLimitSnapshot(Struct, frozen=True):
    """The limits on requests and on tokens, and others under the server's own names."""

    requests: RateLimitWindow = RateLimitWindow()
    tokens: RateLimitWindow = RateLimitWindow()
    other: dict[str, RateLimitWindow] = field(default_factory=dict)
