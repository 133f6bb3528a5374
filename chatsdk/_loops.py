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


def run_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Call it in its loop: soon, if that runs in another thread, else now."""
    if loop.is_running() and running_loop() is not loop:
        try:
            loop.call_soon_threadsafe(callback)
        except RuntimeError:
            pass  # it was closed in between
        else:
            return
    callback()
