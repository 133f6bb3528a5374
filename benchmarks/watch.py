"""What a process looks like from inside while it works: its memory, its descriptors, how late its loop is.

Memory and descriptors are read from /proc; where there is none they are not told.
"""

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path

_TICK = 0.01
_STATM = Path("/proc/self/statm")
_IS_TOLD = _STATM.exists()


def raise_descriptor_limit() -> None:
    """To what the system allows, within reason: every held stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@contextlib.asynccontextmanager
async def watched(units: int) -> AsyncIterator[dict[str, float]]:
    """Filled on leaving: `memory` (KiB per unit), `open` (descriptors, if there are more than before), both at most;
    `lag` (p99, microseconds).

    Empty where `units` is 0, and then nothing runs beside.
    """
    seen: dict[str, float] = {}
    if not units:
        yield seen
        return
    lags: list[float] = []
    before, already_open = _resident(), _open()
    peaks = [before, already_open]
    ticking = asyncio.create_task(_tick(lags, peaks))
    try:
        yield seen
    finally:
        ticking.cancel()
    if lags:
        seen["lag"] = sorted(lags)[len(lags) * 99 // 100] * 1e6
    if _IS_TOLD:
        seen["memory"] = (max(peaks[0], _resident()) - before) / units / 1024
        if peaks[1] > already_open:
            seen["open"] = peaks[1] - already_open


async def _tick(lags: list[float], peaks: list[int]) -> None:
    while True:
        start = time.perf_counter()
        await asyncio.sleep(_TICK)
        lags.append(time.perf_counter() - start - _TICK)
        if len(lags) % 20 == 0:
            peaks[:] = max(peaks[0], _resident()), max(peaks[1], _open())


def _resident() -> int:
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if _IS_TOLD else 0


def _open() -> int:
    return len(os.listdir("/proc/self/fd")) if _IS_TOLD else 0  # noqa: PTH208 - thousands of Paths are memory
