"""The pace of a stream, out of a stamp for each read. What is kept does not grow with the stream."""

from __future__ import annotations

from array import array

from ..types.stats import Gaps, StreamStats

KEPT = 4096
"""Gaps that are kept for percentiles; beyond it every second one of them is dropped, and of those to come as well."""


class Pace:
    """`note` what each read brought; `stats` is what that amounts to."""

    __slots__ = ("_bytes", "_first", "_gaps", "_last", "_longest", "_seen", "_step", "_tokens")

    def __init__(self) -> None:
        self._bytes = 0
        self._tokens = 0
        self._first: float | None = None
        self._last = 0.0
        self._gaps = array("d")
        self._seen = 0
        self._step = 1
        self._longest = 0.0

    def note(self, now: float, size: int, tokens: int) -> None:
        """`size` bytes have come, with so many chunks that hold a token. `now` is seconds since the call began."""
        self._bytes += size
        if not tokens:
            return
        self._tokens += tokens
        if self._first is None:
            self._first = self._last = now
            return
        gap, self._last = now - self._last, now
        if gap > self._longest:
            self._longest = gap
        if self._seen % self._step == 0:
            self._gaps.append(gap)
            if len(self._gaps) > KEPT:
                del self._gaps[1::2]
                self._step *= 2
        self._seen += 1

    def stats(self, attempts: int, told: int | None) -> StreamStats:
        """The statistics so far; `told` is how many tokens the server has counted."""
        tokens = told or self._tokens
        time = 0.0 if self._first is None else self._last - self._first
        return StreamStats(
            self._first, self._summary(time), tokens, tokens / time if time > 0 else None, self._bytes, attempts
        )

    def _summary(self, time: float) -> Gaps:
        if not self._seen:
            return Gaps()
        ordered = sorted(self._gaps)
        p50, p95 = (ordered[round(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        return Gaps(self._seen, time / self._seen, p50, p95, self._longest)
