"""What type checkers make of the client: read by mypy and pyright, never run."""

from __future__ import annotations

from typing import assert_type

from chatsdk import (
    AsyncChatClient,
    BatchResult,
    ChatCompletion,
    ChatCompletionChunk,
    ChatStream,
    Delta,
    Event,
    system,
    user,
)


async def create_gives_what_stream_says(client: AsyncChatClient, streamed: bool) -> None:
    assert_type(await client.create("Hi"), ChatCompletion)
    assert_type(await client.create("Hi", stream=False), ChatCompletion)
    assert_type(await client.create("Hi", stream=True), ChatStream)
    assert_type(await client.create("Hi", stream=streamed), ChatCompletion | ChatStream)


async def messages_are_text_structs_or_dicts(client: AsyncChatClient, role: str) -> None:
    assert_type(await client.create([system("Be brief."), user("Hi")], temperature=0.2), ChatCompletion)
    assert_type(await client.create([{"role": role, "content": "Hi"}]), ChatCompletion)
    assert_type(await client.create(messages=[{"role": "user", "content": "Hi"}, user("there")]), ChatCompletion)


async def structured_parameters_may_be_dicts(client: AsyncChatClient) -> None:
    assert_type(await client.create("Hi", response_format={"type": "json_object"}, stop=["a"]), ChatCompletion)
    assert_type(await client.create("Hi", tool_choice="auto", tools=[{"type": "function"}]), ChatCompletion)
    assert_type(await client.create("Hi", temperature=None, extra_body={"top_k": 1}), ChatCompletion)


async def views_of_a_stream(client: AsyncChatClient) -> None:
    stream = client.stream("Hi", temperature=0.2)
    assert_type(stream, ChatStream)
    async for chunk in stream:
        assert_type(chunk, ChatCompletionChunk)
    async for text in stream.text(index=1):
        assert_type(text, str)
    async for delta in stream.deltas():
        assert_type(delta, Delta)
    async for event in stream.events():
        assert_type(event, Event)
    async with client.stream("Hi") as opened:
        assert_type(await opened.completion(), ChatCompletion)


async def a_batch_gives_results(client: AsyncChatClient) -> None:
    async for result in client.batch(["Hi", [user("Hi")], {"messages": "Hi"}], concurrency=2):
        assert_type(result, BatchResult)
        assert_type(result.completion, ChatCompletion | None)


async def wrong_calls_are_errors(client: AsyncChatClient) -> None:
    await client.create("Hi", temprature=1)  # type: ignore[call-overload]  # pyright: ignore
    await client.create()  # type: ignore[call-overload]  # pyright: ignore
    client.stream("Hi", temperature="hot")  # type: ignore[arg-type]  # pyright: ignore
