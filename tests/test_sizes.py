"""What a hostile server sends without end is refused before it is memory, and without holding up the loop.

The server is a process of its own, so that all memory that is measured is the client's.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from chatsdk import (
    APIConnectionError,
    AsyncChatClient,
    ChatError,
    InternalServerError,
    ResponseTooLargeError,
    SizeLimits,
)

MIB = 1 << 20
LIMIT = 4 * MIB
LIMITS = SizeLimits(event=LIMIT, body=LIMIT, error_body=LIMIT)

STREAMS = {
    "line": ResponseTooLargeError,
    "lines": ResponseTooLargeError,
    "empty lines": ResponseTooLargeError,
    "error field": ResponseTooLargeError,
    "comment": None,
    "unknown field": None,
    "comments": None,
    "document": ResponseTooLargeError,
    "page": ResponseTooLargeError,
    "spaces": ChatError,
    "error": InternalServerError,
    "bomb stream": ResponseTooLargeError,
    "header": APIConnectionError,
    "headers": APIConnectionError,
}

BODIES = {
    "body": ResponseTooLargeError,
    "announced": ResponseTooLargeError,
    "spaces": ResponseTooLargeError,
    "line": ResponseTooLargeError,
    "page": ResponseTooLargeError,
    "error": InternalServerError,
    "bomb": ResponseTooLargeError,
    "bomb error": InternalServerError,
    "header": APIConnectionError,
    "headers": APIConnectionError,
}


@pytest.fixture(scope="module")
def flooding() -> object:
    program = Path(__file__).with_name("floods.py")
    process = subprocess.Popen([sys.executable, "-P", str(program)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()
    process.stdout.close()


@contextlib.asynccontextmanager
async def measured(*, traced: bool = True) -> AsyncIterator[dict[str, float]]:
    """`memory`: bytes at the peak, if `traced`; `block`: the longest hold of the loop, in its thread's seconds."""
    loop = asyncio.get_running_loop()
    found = {"memory": 0.0, "block": 0.0}

    async def watch() -> None:
        while True:
            start, used = loop.time(), time.thread_time()
            await asyncio.sleep(0)
            found["block"] = max(found["block"], min(loop.time() - start, time.thread_time() - used))

    watching = asyncio.create_task(watch())
    if traced:
        tracemalloc.start()
    try:
        yield found
    finally:
        if traced:
            found["memory"] = float(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        watching.cancel()


@pytest.mark.parametrize("kind", STREAMS)
async def test_a_flood_in_answer_to_a_stream_is_refused(flooding: str, kind: str) -> None:
    base_url = f"{flooding}/{kind.replace(' ', '-')}/v1"
    expected = STREAMS[kind]
    async with AsyncChatClient(base_url=base_url, model="m", size_limits=LIMITS, max_retries=0) as client:
        stream = client.stream("Hi")
        async with measured() as found:
            with anyio.fail_after(20):
                if expected is None:
                    assert (await stream.completion()).text == "Hi"
                else:
                    with pytest.raises(expected):
                        await stream.completion()
        if expected is ResponseTooLargeError and kind not in ("document", "page"):
            assert stream.so_far.text == "Hi"
    assert found["memory"] <= 3 * LIMIT
    assert found["block"] < 0.5


@pytest.mark.parametrize("kind", BODIES)
async def test_a_flood_in_answer_to_a_plain_call_is_refused(flooding: str, kind: str) -> None:
    base_url = f"{flooding}/{kind.replace(' ', '-')}/v1"
    async with AsyncChatClient(base_url=base_url, model="m", size_limits=LIMITS, max_retries=0) as client:
        with anyio.fail_after(20), pytest.raises(BODIES[kind]) as caught:
            async with measured() as found:
                await client.create("Hi")
    assert found["memory"] <= 3 * LIMIT
    assert found["block"] < 0.5
    if BODIES[kind] is InternalServerError:
        assert "too bad" in str(caught.value)
        assert len(caught.value.body) <= LIMIT


@pytest.mark.parametrize("kind", sorted({*STREAMS, *BODIES}))
async def test_no_flood_holds_up_the_loop(flooding: str, kind: str) -> None:
    base_url = f"{flooding}/{kind.replace(' ', '-')}/v1"
    async with AsyncChatClient(base_url=base_url, model="m", size_limits=LIMITS, max_retries=0) as client:
        for call in (lambda: client.stream("Hi").completion(), lambda: client.create("Hi")):
            async with measured(traced=False) as found:
                with contextlib.suppress(ChatError), anyio.fail_after(20):
                    await call()
            assert found["block"] < 0.05
