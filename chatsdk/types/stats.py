"""How a stream came: what it took until the first token, and the pace after it. Times are in seconds."""

from __future__ import annotations

from msgspec import Struct


class Gaps(Struct, frozen=True):
    """The waits between two arrivals of tokens. All 0 where there was none."""

    count: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p95: float = 0.0
    max: float = 0.0


class StreamStats(Struct, frozen=True):
    """What has come of a stream so far, as it came: what its reader made of it takes no part."""

    time_to_first_token: float | None = None
    """Since the call began, retries included; `None` before it."""
    gaps: Gaps = Gaps()
    tokens: int = 0
    """As the server counted them, else the chunks that held one."""
    tokens_per_second: float | None = None
    """From the first arrival to the last; `None` before the second."""
    bytes: int = 0
    """Of all attempts' bodies, unpacked."""
    attempts: int = 0
