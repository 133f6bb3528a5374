"""Doing something in an event loop that may be another thread's, or closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> bool:
    """Call it in its loop: now, if that runs here, else soon. `False`: the loop is closed, and nothing was called."""
    if running_loop() is loop:
        callback()
        return True
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return False
    return True
