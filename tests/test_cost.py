"""What a chunk, a call and a stream cost, in calls of functions and bytes, which no other program can change.

A budget that is exceeded says that something new happens for every chunk or call: if it has to, raise the budget here
and say why in the commit; `python -m benchmarks` tells what it costs in time. One that is far too high is lowered.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import msgspec
import pytest

from chatsdk import AsyncChatClient, ChatStream
from chatsdk._head import Head
from chatsdk._transport import HttpRequest

CHUNKS_PER_READ = 64
ROOM = 1.1
"""How much more than the budget is let through: versions of Python differ a little."""

CHUNK_BUDGETS = {
    "alike": {"chunks": 2.8, "text": 1.8, "deltas": 1.8, "events": 1.8, "completion": 0.7},
    "each its own": {"chunks": 2.9, "text": 1.85, "deltas": 1.9, "events": 1.9, "completion": 0.8},
    "unlike": {"chunks": 9.1, "text": 12.1, "deltas": 14.1, "events": 15.1, "completion": 8.1},
}
"""Of chunks that differ in their text only, of those whose padding differs too, and of those that differ elsewhere."""
READ_BUDGETS = {"chunks": 46, "text": 41, "deltas": 44, "events": 43, "completion": 35}
"""Of a read of one chunk that differs from the last one in its text only."""
CALL_BUDGET = 127
STREAM_BYTES = 5700
"""Of an open stream that has given its first chunk, without what the connection takes."""

EVENT = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "service_tier": "default",
    "system_fingerprint": "fp_1",
    "choices": [{"index": 0, "delta": {"content": " word"}, "logprobs": None, "finish_reason": None}],
}
EVENT_READ = b"data: %b\n\n" % msgspec.json.encode(EVENT)
READS = {
    "alike": EVENT_READ * CHUNKS_PER_READ,
    "each its own": b"".join(
        b"data: %b\n\n" % msgspec.json.encode({**EVENT, "obfuscation": "x" * (number % 7)})
        for number in range(CHUNKS_PER_READ)
    ),
    "unlike": b"".join(
        b"data: %b\n\n" % msgspec.json.encode({**EVENT, "created": number}) for number in range(CHUNKS_PER_READ)
    ),
}
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
ANSWER = b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}'


class Response:
    """An answer that has come whole already."""

    is_cut = is_over = False

    def __init__(self, reads: list[bytes]) -> None:
        self.head = Head(200, {"x-request-id": "r"})
        self._reads = iter(reads)

    async def read_some(self) -> bytes:
        return next(self._reads, b"")

    def release(self) -> None:
        pass

    def abort(self, error: Exception) -> None:
        pass


class Transport:
    """Gives the same answer to everything."""

    def __init__(self, reads: list[bytes]) -> None:
        self._reads = reads

    async def send(self, request: HttpRequest) -> Response:
        request.enter("connect")
        request.enter("headers")
        return Response(self._reads)

    async def aclose(self) -> None:
        pass


def client_of(reads: list[bytes]) -> AsyncChatClient:
    client = AsyncChatClient(base_url="http://127.0.0.1:9/v1", api_key="sk-0123456789", model="m")
    client._wire(replace(client._caller, transport=Transport(reads)))  # type: ignore[arg-type]
    return client


async def calls_in(work: Callable[[], Awaitable[object]]) -> int:
    """How many functions are called, those in C included."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        await work()
    finally:
        sys.setprofile(None)
    return count


async def read_all(client: AsyncChatClient, view: str) -> None:
    stream = client.stream("Hi")
    if view == "completion":
        await stream.completion()
        return
    async for _ in stream if view == "chunks" else getattr(stream, view)():
        pass


@pytest.mark.parametrize(("kind", "view"), [(kind, view) for kind in CHUNK_BUDGETS for view in CHUNK_BUDGETS[kind]])
async def test_a_chunk_costs_no_more_than_its_budget_however_many_there_are(kind: str, view: str) -> None:
    read, budget = READS[kind], CHUNK_BUDGETS[kind][view]
    costs = []
    for reads in (5, 50, 500):
        client = client_of([*[read] * reads, END])
        await read_all(client, view)  # what is learned once is learned
        costs.append(await calls_in(lambda client=client: read_all(client, view)))  # type: ignore[misc]
    short = (costs[1] - costs[0]) / (45 * CHUNKS_PER_READ)
    long = (costs[2] - costs[1]) / (450 * CHUNKS_PER_READ)

    assert long <= 1.01 * short, "the later chunks of a stream cost more than the first"
    assert budget / ROOM / ROOM <= long <= budget * ROOM, f"{long:.2f} calls per chunk"


@pytest.mark.parametrize("view", READ_BUDGETS)
async def test_a_read_of_one_chunk_costs_no_more_than_its_budget(view: str) -> None:
    counts = (100, 1100)
    costs = [
        await calls_in(lambda reads=reads: read_all(client_of([EVENT_READ] * reads + [END]), view)) for reads in counts
    ]  # type: ignore[misc]

    cost, budget = (costs[1] - costs[0]) / (counts[1] - counts[0]), READ_BUDGETS[view]
    assert budget / ROOM / ROOM <= cost <= budget * ROOM, f"{cost:.1f} calls per read"


@pytest.mark.parametrize("kind", READS)
async def test_what_comes_with_the_first_token_costs_no_more_than_what_comes_later(kind: str) -> None:
    many, reads = READS[kind] * 10, []
    for first in (many, EVENT_READ):
        client = client_of([first, many, END] if first is EVENT_READ else [many, many, END])
        await read_all(client, "text")
        reads.append(await calls_in(lambda client=client: read_all(client, "text")))  # type: ignore[misc]

    both, later = reads
    assert both <= 2 * later * ROOM


async def test_a_call_costs_no_more_than_its_budget() -> None:
    client = client_of([ANSWER])
    await client.create("Hi")

    async def calls() -> None:
        for _ in range(100):
            await client.create("Hi")

    cost = await calls_in(calls) / 100
    assert CALL_BUDGET / ROOM / ROOM <= cost <= CALL_BUDGET * ROOM, f"{cost:.1f} calls per call"


async def test_a_held_stream_takes_no_more_memory_than_its_budget() -> None:
    client = client_of([EVENT_READ, END])

    async def hold(count: int) -> list[ChatStream]:
        streams = [client.stream("Hi") for _ in range(count)]
        for stream in streams:
            await anext(stream)
        return streams

    await hold(10)  # what is learned once is learned
    gc.collect()
    tracemalloc.start()
    try:
        held = await hold(200)
        each = tracemalloc.get_traced_memory()[0] / len(held)
    finally:
        tracemalloc.stop()

    assert STREAM_BYTES / ROOM / ROOM <= each <= STREAM_BYTES * ROOM, f"{each:.0f} bytes per stream"
