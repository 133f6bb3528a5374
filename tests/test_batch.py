from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from chatsdk import AsyncChatClient, BadRequestError, BatchResult, ChatRequest, InternalServerError, UsageError, user
from chatsdk.testing import ChatServer, RecordedRequest, Reply


def echo(request: RecordedRequest) -> Reply:
    return Reply.text(request.json["messages"][-1]["content"])


async def collect(results: AsyncIterator[BatchResult]) -> list[BatchResult]:
    return [result async for result in results]


async def test_every_item_has_one_result_in_whatever_form_it_comes(client: AsyncChatClient, server: ChatServer) -> None:
    server.respond(echo)
    items = [
        "text",
        [user("messages")],
        {"messages": "parameters", "temperature": 0},
        {"custom_id": "own", "messages": "parameters with an id"},
        {"custom_id": "line", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": "a line"}},
        ChatRequest("a request", model="m"),
    ]

    results = {result.custom_id: result for result in await collect(client.batch(items, concurrency=3))}

    texts = {custom_id: result.completion and result.completion.text for custom_id, result in results.items()}
    assert texts == {
        "0": "text",
        "1": "messages",
        "2": "parameters",
        "own": "parameters with an id",
        "line": "a line",
        "5": "a request",
    }
    assert sorted(result.index for result in results.values()) == list(range(6))


async def test_a_bad_item_is_a_result_and_stops_nothing(client: AsyncChatClient, server: ChatServer) -> None:
    server.respond(lambda request: Reply.error(400, "no") if request.json["messages"][0]["content"] == "no" else None)
    items = ["yes", {"messages": [{"role": "wizard"}]}, {"prompt": "?"}, 42, "no", {"messages": "yes", "n": 0}, "yes"]

    results = await collect(client.batch(items, ordered=True))  # type: ignore[arg-type]

    kinds = [type(result.error) for result in results]
    none = type(None)
    assert kinds == [none, UsageError, UsageError, UsageError, BadRequestError, UsageError, none]
    assert all((result.completion is None) != (result.error is None) for result in results)


async def test_a_streamed_item_is_answered_as_a_whole(client: AsyncChatClient) -> None:
    [result] = await collect(client.batch([{"messages": "Hi", "stream": True}]))

    assert result.error is None


async def test_results_come_as_they_are_ready_or_in_order(client: AsyncChatClient, server: ChatServer) -> None:
    async def run(*, ordered: bool) -> list[int]:
        gate = asyncio.Event()
        server.respond(lambda request: echo(request).after(gate) if "first" in request.body.decode() else echo(request))
        order = []
        async for result in client.batch(["first", "second", "third"], concurrency=2, ordered=ordered):
            order.append(result.index)
            if len(order) == 2 or ordered:
                gate.set()
        return order

    assert await run(ordered=False) == [1, 2, 0]
    server.respond(echo)
    results = await collect(client.batch([str(n) for n in range(50)], concurrency=7, ordered=True))
    assert [result.index for result in results] == list(range(50))


async def test_never_more_in_flight_than_allowed(client: AsyncChatClient, server: ChatServer) -> None:
    gate = asyncio.Event()
    server.respond(lambda request: echo(request).after(gate))
    run = asyncio.ensure_future(collect(client.batch([str(n) for n in range(20)], concurrency=4)))
    await server.wait_until(lambda: len(server.requests) == 4)
    for _ in range(20):
        await asyncio.sleep(0)

    assert len(server.requests) == 4
    gate.set()
    assert len(await run) == 20


async def test_items_are_taken_only_as_results_are(client: AsyncChatClient, server: ChatServer) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "Hi"

    async with client.batch(endless(), concurrency=3) as results:
        await anext(results)
        await server.wait_until(lambda: len(server.requests) >= 6)
        for _ in range(50):
            await asyncio.sleep(0)
        assert taken <= 8
        await anext(results)
        assert taken <= 9


async def test_items_may_come_from_an_async_iterable(client: AsyncChatClient, server: ChatServer) -> None:
    gate = asyncio.Event()

    async def slow() -> AsyncIterator[str]:
        yield "first"
        await gate.wait()
        yield "second"

    results = client.batch(slow(), concurrency=5)
    first = await anext(results)
    gate.set()
    second = await anext(results)

    assert [first.index, second.index] == [0, 1]
    assert [result async for result in results] == []


async def test_a_source_that_fails_raises_after_the_results_that_came_before(client: AsyncChatClient) -> None:
    def failing() -> Iterator[str]:
        yield "Hi"
        raise OSError("disk gone")

    results = client.batch(failing(), concurrency=1)
    assert (await anext(results)).error is None
    with pytest.raises(OSError, match="disk gone"):
        await anext(results)


async def test_nothing_in_gives_nothing_out(client: AsyncChatClient) -> None:
    assert await collect(client.batch([])) == []


@pytest.mark.parametrize(("requests", "concurrency"), [("Hi", 1), ({"messages": "Hi"}, 1), (7, 1), ([], 0), ([], True)])
def test_what_cannot_be_a_batch_is_a_usage_error(requests: object, concurrency: int) -> None:
    with pytest.raises(UsageError):
        AsyncChatClient(model="m").batch(requests, concurrency=concurrency)  # type: ignore[arg-type]


async def test_cancelling_the_consumer_ends_the_calls(client: AsyncChatClient, server: ChatServer) -> None:
    server.respond(lambda request: echo(request).after(asyncio.Event()))
    before = asyncio.all_tasks()
    run = asyncio.ensure_future(collect(client.batch([str(n) for n in range(9)], concurrency=3)))
    await server.wait_until(lambda: len(server.requests) == 3)

    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    assert {task for task in asyncio.all_tasks() - before if task is not run and "_work" in repr(task)} == set()
    await server.wait_until(lambda: server.connections == 0)


async def test_leaving_the_iteration_ends_the_calls(client: AsyncChatClient, server: ChatServer) -> None:
    hang = asyncio.Event()
    server.respond(lambda request: echo(request) if "0" in request.body.decode() else echo(request).after(hang))
    gc.disable()  # it is the lost reference that ends them, not the collector
    try:
        async for _ in client.batch(["0", "1", "2"], concurrency=3):
            break
        await server.wait_until(lambda: server.connections <= 1)
    finally:
        gc.enable()


async def test_calls_are_retried_as_single_ones_are(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.error(500, "oops"), Reply.text("ok"), *[Reply.error(500, "oops")] * 3)

    [first] = await collect(client.batch(["a"], concurrency=1))
    [second] = await collect(client.batch(["b"], concurrency=1))

    assert first.completion is not None
    assert isinstance(second.error, InternalServerError)


async def test_a_thousand_items(client: AsyncChatClient, server: ChatServer) -> None:
    server.respond(echo)

    results = await collect(client.batch((str(n) for n in range(1000)), concurrency=100))

    assert sorted(int(result.completion.text) for result in results if result.completion) == list(range(1000))
