"""`client.stream(response_type=)`: the value while it comes, its items one by one, and what the end says of it."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import msgspec
import pytest

from chatsdk import (
    AsyncChatClient,
    LengthLimitError,
    ParsedCompletion,
    RefusedError,
    StreamInterruptedError,
    UsageError,
    ValidationError,
)
from chatsdk.testing import ChatServer, Reply
from chatsdk.types import OutputMode


class Day(msgspec.Struct):
    city: str
    price: float = 0


class Trip(msgspec.Struct):
    name: str
    days: list[Day]


class Strict(msgspec.Struct):
    """One that is made whole only, since it looks at itself."""

    name: str

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a name is missing")


ROME = '{"name":"Rome","days":[{"city":"Rome","price":10.5},{"city":"Ostia"}]}'
TRIP = Trip("Rome", [Day("Rome", 10.5), Day("Ostia")])
MODES: list[OutputMode] = ["json_schema", "tool", "json_object", "prompt"]


def letters(text: str, **more: Any) -> Reply:
    return Reply.text(list(text), **more)


def call_chunk(name: str | None, arguments: str, index: int = 0) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    piece = {"index": index, "function": function} | ({} if name is None else {"id": f"call_{index}"})
    return {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None}]}


def called(name: str, text: str) -> Reply:
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    pieces = [call_chunk(None, letter) for letter in text]
    return Reply.sse([call_chunk(name, ""), *pieces, end, b"data: [DONE]\n\n"])


def streamed(mode: OutputMode, text: str) -> Reply:
    return called("Trip", text) if mode == "tool" else letters(text)


@pytest.mark.parametrize("mode", MODES)
async def test_partials_grow_to_the_value(client: AsyncChatClient, server: ChatServer, mode: OutputMode) -> None:
    server.enqueue(streamed(mode, ROME))

    async with client.stream("Go", response_type=Trip, output_mode=mode) as stream:
        views = [copy.deepcopy(view) async for view in stream.partials()]
        completion = await stream.completion()

    names = [view.name for view in views if hasattr(view, "name")]
    assert names == sorted(names, key=len)
    assert names[0] in ("", "R")
    assert views[-1] == completion.parsed == TRIP
    assert (type(completion), completion.output_mode) == (ParsedCompletion, mode)
    assert not hasattr(views[0], "days")


@pytest.mark.parametrize("mode", MODES)
async def test_elements_are_given_as_soon_as_each_is_whole(
    client: AsyncChatClient, server: ChatServer, mode: OutputMode
) -> None:
    head, tail = ROME[: ROME.index(',{"city":"Ostia')], ROME[ROME.index(',{"city":"Ostia') :]
    gate = asyncio.Event()
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if mode == "tool":
        pieces = [call_chunk("Trip", head), gate, call_chunk(None, tail)]
    else:
        pieces = [{"id": "c", "choices": [{"index": 0, "delta": {"content": head}}]}, gate]
        pieces.append({"id": "c", "choices": [{"index": 0, "delta": {"content": tail}}]})
    server.enqueue(Reply.sse([*pieces, end, b"data: [DONE]\n\n"]))

    async with client.stream("Go", response_type=Trip, output_mode=mode) as stream:
        days = stream.elements("days")
        first = await anext(days)
        gate.set()
        rest = [day async for day in days]

    assert [first, *rest] == TRIP.days


@pytest.mark.parametrize("wrapped", [True, False])
async def test_the_items_of_a_list_need_no_name_even_those_that_are_false(
    client: AsyncChatClient, server: ChatServer, wrapped: bool
) -> None:
    text = "[0, 1, 0, 2]"
    server.enqueue(letters(f'{{"value": {text}}}' if wrapped else text))

    stream = client.stream("Go", response_type=list[int])

    assert [item async for item in stream.elements()] == [0, 1, 0, 2]
    assert (await stream.completion()).parsed == [0, 1, 0, 2]


async def test_the_whole_is_read_once(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(letters(ROME))
    stream = client.stream("Go", response_type=Trip)

    assert [day async for day in stream.elements()] == TRIP.days
    assert await stream.completion() is await stream.completion()


async def test_each_choice_has_its_own_value(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.choices(letters(ROME), letters('{"name":"Oslo","days":[]}')))

    async with client.stream("Go", response_type=Trip, n=2) as stream:
        views = [copy.deepcopy(view) async for view in stream.partials(index=1)]

    assert views[-1] == Trip("Oslo", [])
    assert [choice.message.parsed for choice in (await stream.completion()).choices] == [TRIP, Trip("Oslo", [])]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (letters(ROME[:30], finish_reason="length"), LengthLimitError),
        (Reply.refusal("I will not."), RefusedError),
        (letters('{"name":"Rome","days":[{"city":1}]}'), ValidationError),
        (letters('{"name":}'), ValidationError),
        (letters("No."), ValidationError),
    ],
)
@pytest.mark.parametrize("view", ["partials", "elements", "completion"])
async def test_what_is_no_value_is_an_error_at_the_end_of_every_typed_view(
    client: AsyncChatClient, server: ChatServer, reply: Reply, error: type[Exception], view: str
) -> None:
    server.enqueue(reply)
    stream = client.stream("Go", response_type=Trip)

    async def read() -> None:
        if view == "completion":
            await stream.completion()
        else:
            async for _ in getattr(stream, view)():
                pass

    for _ in range(2):
        with pytest.raises(error) as raised:
            await read()
        assert raised.value.completion.id  # type: ignore[attr-defined]
    assert stream.outcome == "complete"


async def test_text_and_chunks_of_a_typed_stream_are_as_they_came(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(letters("No."))

    stream = client.stream("Go", response_type=Trip)

    assert "".join([text async for text in stream.text()]) == "No."


async def test_items_before_a_wrong_one_are_given(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(letters('{"name":"Rome","days":[{"city":"a"},{"city":1},{"city":"b"}]}'))
    stream = client.stream("Go", response_type=Trip)
    days = stream.elements()

    assert await anext(days) == Day("a")
    with pytest.raises(ValidationError, match=r"\$\.days\[1\]\.city"):
        await anext(days)


async def test_a_stream_that_breaks_off_raises_that(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([{"id": "c", "choices": [{"index": 0, "delta": {"content": ROME[:40]}}]}]))
    stream = client.stream("Go", response_type=Trip)
    names: list[str] = []

    async def read() -> None:
        async for view in stream.partials():
            names.append(getattr(view, "name", ""))

    with pytest.raises(StreamInterruptedError) as raised:
        await read()

    assert names[-1] == "Rome"
    assert raised.value.partial is not None


async def test_a_stopped_stream_ends_its_views_and_its_completion_is_no_value(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.text([ROME[:40], asyncio.Event()]))
    stream = client.stream("Go", response_type=Trip)

    names = []
    async for view in stream.partials():
        names.append(getattr(view, "name", None))
        stream.stop()

    assert names == ["Rome"]
    assert [item async for item in stream.elements("days")] == []
    with pytest.raises(ValidationError):
        await stream.completion()


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("prompt", "As in {[1], here: " + ROME),
        ("prompt", "With {} around it: " + ROME),
        ("prompt", 'Not {"days":[]} but ' + ROME),
        ("tool", ROME),
    ],
)
async def test_what_the_views_could_not_follow_comes_at_the_end(
    client: AsyncChatClient, server: ChatServer, mode: OutputMode, text: str
) -> None:
    server.enqueue(letters(text), letters(text))

    views = [view async for view in client.stream("Go", response_type=Trip, output_mode=mode).partials()]
    days = [day async for day in client.stream("Go", response_type=Trip, output_mode=mode).elements()]

    assert (views[-1], days) == (TRIP, TRIP.days)


async def test_a_type_that_looks_at_itself_comes_when_it_is_whole(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(letters('{"name":"Rome"}'))

    assert [view async for view in client.stream("Go", response_type=Strict).partials()] == [Strict("Rome")]


async def test_items_of_another_list_than_the_answers_are_an_error_and_its_view_is_put_right(
    client: AsyncChatClient, server: ChatServer
) -> None:
    text = 'Not {"name":"Rome","days":[{"city":"Milan"}]} but ' + ROME
    server.enqueue(letters(text), letters(text))

    with pytest.raises(ValidationError, match="1 items were given") as raised:
        [day async for day in client.stream("Go", response_type=Trip, output_mode="prompt").elements()]
    views = [view async for view in client.stream("Go", response_type=Trip, output_mode="prompt").partials()]

    assert raised.value.completion.message.parsed == views[-1] == TRIP


async def test_calls_of_the_callers_tools_are_no_value(client: AsyncChatClient, server: ChatServer) -> None:
    def weather(city: str) -> str:
        """How it is."""
        return city

    server.enqueue(Reply.tool_call("weather", '{"city":"Rome"}'))
    stream = client.stream("Go", response_type=Trip, tools=[weather])

    assert [view async for view in stream.partials()] == []
    assert (await stream.completion()).tool_calls[0].parsed == {"city": "Rome"}


async def test_a_stream_without_a_type_has_no_typed_views(client: AsyncChatClient, server: ChatServer) -> None:
    stream = client.stream("Go")

    for view in (stream.partials, stream.elements):
        with pytest.raises(UsageError, match="response_type="):
            view()
    with pytest.raises(UsageError, match="its lists are 'days'"):
        client.stream("Go", response_type=Trip).elements("hotels")
    assert not server.requests
