"""Types in, types out against llama.cpp: its grammars make even random weights say values of a type."""

from __future__ import annotations

import copy
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest
from msgspec import Meta

from chatsdk import AsyncChatClient, LengthLimitError, ParsedCompletion

Word = Annotated[str, Meta(pattern="^[a-z]{1,8}$")]
Digit = Annotated[int, Meta(ge=0, le=9)]


@pytest.fixture
async def engine(engine_url: str) -> AsyncIterator[AsyncChatClient]:
    async with AsyncChatClient(base_url=engine_url, model="tiny", max_retries=0, provider="llamacpp") as client:
        yield client


class Mood(enum.Enum):
    GLAD = "glad"
    SAD = "sad"


class Person(msgspec.Struct):
    """Somebody."""

    name: Word
    age: Digit
    mood: Mood
    nick: Word | None


class Cat(msgspec.Struct, tag=True):
    lives: Digit


class Dog(msgspec.Struct, tag=True):
    tricks: Annotated[list[Word], Meta(max_length=3)]


@dataclass
class Point:
    x: Digit
    y: Digit


class Named(TypedDict):
    name: Word


class Pair(NamedTuple):
    left: Digit
    right: bool


class Node(msgspec.Struct):
    value: Digit
    next: Node | None


class Crowd(msgspec.Struct):
    pets: Annotated[list[Cat | Dog], Meta(min_length=1, max_length=3)]
    people: Annotated[list[Person], Meta(min_length=2, max_length=3)]


TYPES: list[Any] = [
    Person,
    Crowd,
    Point,
    Named,
    Pair,
    Cat | Dog,
    Mood,
    Digit,
    Literal["a", "b"],
    bool,
    Annotated[list[Point], Meta(min_length=2, max_length=4)],
    Node,
]


@pytest.mark.parametrize("response_type", TYPES, ids=str)
async def test_random_weights_say_values_of_the_type(engine: AsyncChatClient, response_type: Any) -> None:
    for seed in (1, 2):
        completion = await engine.parse("Who?", response_type=response_type, max_tokens=1200, seed=seed)

        assert isinstance(completion, ParsedCompletion)
        assert completion.output_mode == "json_schema"
        assert completion.parsed is not None
        again = msgspec.convert(msgspec.to_builtins(completion.parsed), response_type, str_keys=True)
        assert again == completion.parsed


@pytest.mark.parametrize("response_type", [Person, Crowd, Point], ids=str)
async def test_a_value_grows_in_a_stream_until_it_is_the_whole(engine: AsyncChatClient, response_type: Any) -> None:
    stream = engine.stream("Who?", response_type=response_type, max_tokens=1200, seed=5)

    views = [copy.deepcopy(view) async for view in stream.partials()]

    assert len(views) >= 3
    assert views[-1] == (await stream.completion()).parsed


async def test_items_of_a_list_come_one_by_one(engine: AsyncChatClient) -> None:
    crowd = engine.stream("Who?", response_type=Crowd, max_tokens=1200, seed=6)
    points = engine.stream("Where?", response_type=TYPES[10], max_tokens=600, seed=6)

    people = [person async for person in crowd.elements("people")]
    places = [point async for point in points.elements()]

    assert people == (await crowd.completion()).parsed.people
    assert places == (await points.completion()).parsed
    assert len(places) >= 2


async def test_a_value_cut_at_the_token_limit_is_no_value(engine: AsyncChatClient) -> None:
    with pytest.raises(LengthLimitError) as raised:
        await engine.parse("Who?", response_type=Crowd, max_tokens=6)

    assert raised.value.completion.text
    assert raised.value.completion.usage is not None
