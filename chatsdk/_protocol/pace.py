"""The pace of a stream, out of a stamp for each read. What is kept does not grow with the stream."""

from __future__ import annotations

from array import array
from operator import sub

from ..types.stats import Gaps, StreamStats

KEPT = 4096
"""Gaps that are kept for percentiles; beyond it every second one of them is dropped, and of those to come as well."""

FRESH = 256
"""Stamps that are kept until their gaps are worked out, which costs less for many."""


class Pace:
    """`note` what each read brought; `stats` is what that amounts to. All moments are of one clock."""

    __slots__ = ("_bytes", "_first", "_gaps", "_longest", "_seen", "_stamps", "_step", "_tokens")

    def __init__(self) -> None:
        self._bytes = 0
        self._tokens = 0
        self._first: float | None = None
        self._stamps = array("d")  # those whose gaps are not worked out, after the last one whose gap is
        self._gaps = array("d")
        self._seen = 0
        self._step = 1
        self._longest = 0.0

    def note(self, now: float, size: int, tokens: int) -> None:
        """`size` bytes have come, with so many chunks that hold a token."""
        self._bytes += size
        if tokens:
            self._tokens += tokens
            self._stamps.append(now)
            if len(self._stamps) > FRESH:
                self._take_gaps()

    def stats(self, start: float, attempts: int, told: int | None) -> StreamStats:
        """The statistics so far of a call that began at `start`; `told` is how many tokens the server has counted."""
        self._take_gaps()
        tokens, first = told or self._tokens, self._first
        wait, time = (None, 0.0) if first is None else (first - start, self._stamps[-1] - first)
        speed = tokens / time if time > 0 else None
        return StreamStats(wait, self._summary(time), tokens, speed, self._bytes, attempts)

    def _take_gaps(self) -> None:
        stamps = self._stamps
        if self._first is None and stamps:
            self._first = stamps[0]
        gaps = array("d", map(sub, stamps[1:], stamps))
        self._longest = max([self._longest, *gaps])
        self._gaps += gaps[-self._seen % self._step :: self._step]
        self._seen += len(gaps)
        while len(self._gaps) > KEPT:
            del self._gaps[1::2]
            self._step *= 2
        self._stamps = stamps[-1:]

    def _summary(self, time: float) -> Gaps:
        if not self._seen:
            return Gaps()
        ordered = sorted(self._gaps)
        p50, p95 = (ordered[round(share * (len(ordered) - 1))] for share in (0.5, 0.95))
        return Gaps(self._seen, time / self._seen, p50, p95, self._longest)
