"""What type checkers make of answers asked for as types: read by mypy and pyright, never run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, assert_type

import msgspec

from chatsdk import (
    AsyncChatClient,
    ChatCompletion,
    ChatStream,
    ParsedCompletion,
    Pause,
    Tool,
    ToolCall,
    ToolEvent,
    ToolFinished,
    ToolRun,
)
from chatsdk.types import OutputMode


class Trip(msgspec.Struct):
    name: str


@dataclass
class Point:
    x: int


def weather(city: str) -> str:
    return city


async def parse_gives_the_type(client: AsyncChatClient, mode: OutputMode) -> None:
    assert_type(await client.parse("Hi", response_type=Trip), ParsedCompletion[Trip])
    assert_type((await client.parse("Hi", response_type=Trip, temperature=0.2, reask=2)).parsed, Trip)
    assert_type((await client.parse("Hi", response_type=list[Point], output_mode=mode)).parsed, list[Point])
    assert_type((await client.parse("Hi", response_type=int, output_mode="tool")).parsed, int)
    assert_type((await client.parse("Hi", response_type=Trip | Point)).parsed, Trip | Point)
    assert_type((await client.parse("Hi", response_type=Literal["a", "b"])).parsed, Literal["a", "b"])
    assert_type((await client.parse("Hi", response_type=Annotated[int, 3])).parsed, int)


async def any_completion_has_a_value_of_a_kind(completion: ChatCompletion) -> None:
    assert_type(completion.parsed, Any)


async def a_stream_knows_its_type(client: AsyncChatClient) -> None:
    stream = client.stream("Hi", response_type=Trip, temperature=0.2)
    assert_type(stream, ChatStream[Trip])
    assert_type(await stream.completion(), ParsedCompletion[Trip])
    async for view in stream.partials():
        assert_type(view, Trip)
    async for text in stream.text():
        assert_type(text, str)
    async with client.stream("Hi", response_type=Trip) as opened:
        assert_type((await opened.completion()).parsed, Trip)
    async for item in stream.elements("days"):
        assert_type(item, Any)


async def the_items_of_a_list_have_its_type(client: AsyncChatClient) -> None:
    async for item in client.stream("Hi", response_type=list[Point]).elements():
        assert_type(item, Point)


async def a_stream_without_a_type_is_plain(client: AsyncChatClient) -> None:
    stream = client.stream("Hi")
    assert_type(stream, ChatStream)
    assert_type(await stream.completion(), ChatCompletion)


async def tools_are_functions_or_what_the_api_takes(client: AsyncChatClient) -> None:
    await client.create("Hi", tools=[weather, Tool("other", weather), {"type": "function"}])
    client.stream("Hi", tools=[weather])
    await client.parse("Hi", response_type=Trip, tools=[weather])


async def wrong_calls_are_errors(client: AsyncChatClient) -> None:
    await client.parse("Hi")  # type: ignore[call-arg]  # pyright: ignore
    await client.parse("Hi", response_type=Trip, temprature=1)  # type: ignore[call-arg]  # pyright: ignore
    await client.parse("Hi", response_type=Trip, output_mode="xml")  # type: ignore[arg-type]  # pyright: ignore
    client.stream("Hi", response_type=Trip, temprature=1)  # type: ignore[call-arg]  # pyright: ignore


async def tools_are_run(client: AsyncChatClient) -> None:
    def ask_first(call: ToolCall) -> Pause | None:
        return Pause() if call.name == "weather" else None

    async def tell(finished: ToolFinished) -> str | None:
        return finished.content or None

    run = await client.run_tools("Hi", tools=[weather], max_turns=3, before_tool=ask_first, after_tool=tell)
    assert_type(run, ToolRun)
    assert_type(run.text, str)
    assert_type(await client.run_tools(run, tools=[Tool("w", weather)], temperature=0.1), ToolRun)
    stream = client.stream_tools("Hi", tools=[weather], stop_when=lambda run: run.turns > 2)
    async for event in stream:
        assert_type(event, ToolEvent)
    assert_type(await stream.result(), ToolRun)


async def wrong_runs_are_errors(client: AsyncChatClient) -> None:
    await client.run_tools("Hi")  # type: ignore[call-arg]
    await client.run_tools("Hi", tools=[weather], max_turn=1)  # type: ignore[call-arg]  # pyright: ignore
    client.stream_tools("Hi", tools=[weather], max_turns="many")  # type: ignore[arg-type]  # pyright: ignore
