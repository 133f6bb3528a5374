"""`client.parse`: answers as types, over a socket."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest

from chatsdk import (
    AsyncChatClient,
    ContentFilterError,
    LengthLimitError,
    OutputError,
    ParsedCompletion,
    RefusedError,
    UsageError,
    ValidationError,
    response_format,
    system,
    user,
)
from chatsdk.testing import ChatServer, Reply
from chatsdk.types import OutputMode


class Day(msgspec.Struct):
    city: str
    price: Annotated[float, msgspec.Meta(ge=0)]


class Trip(msgspec.Struct):
    """A trip."""

    name: str
    days: list[Day]


@dataclass
class Point:
    x: int
    y: int


class Tag(TypedDict):
    name: str


ROME = '{"name":"Rome","days":[{"city":"Rome","price":10.5}]}'
TRIP = Trip("Rome", [Day("Rome", 10.5)])
MODES: list[OutputMode] = ["json_schema", "tool", "json_object", "prompt"]


def answer_in(mode: OutputMode, text: str, name: str = "Trip") -> Reply:
    return Reply.tool_call(name, text) if mode == "tool" else Reply.text(text)


def sent(server: ChatServer, at: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = server.requests[at].json
    return body


@pytest.mark.parametrize(
    ("response_type", "text", "value"),
    [
        (Trip, ROME, TRIP),
        (Point, '{"x":1,"y":2}', Point(1, 2)),
        (Tag, '{"name":"a"}', {"name": "a"}),
        (list[Point], '{"value":[{"x":1,"y":2}]}', [Point(1, 2)]),
        (int, '{"value":3}', 3),
        (Literal["a", "b"], '{"value":"b"}', "b"),
        (list[Point] | int, '{"value":[{"x":1,"y":2}]}', [Point(1, 2)]),
    ],
)
async def test_an_answer_is_read_as_the_type_it_was_asked_for(
    client: AsyncChatClient, server: ChatServer, response_type: Any, text: str, value: object
) -> None:
    server.enqueue(Reply.text(text))

    completion = await client.parse("Go", response_type=response_type)

    assert completion.parsed == completion.message.parsed == value
    assert isinstance(completion, ParsedCompletion)
    assert sent(server)["response_format"] == response_format(response_type)


async def test_a_type_that_cannot_be_said_is_refused_before_anything_is_sent(
    client: AsyncChatClient, server: ChatServer
) -> None:
    with pytest.raises(UsageError, match="dict"):
        await client.parse("Go", response_type=dict[str, int])

    assert not server.requests


@pytest.mark.parametrize("mode", MODES)
async def test_each_mode_tells_the_type_and_reads_it(
    client: AsyncChatClient, server: ChatServer, mode: OutputMode
) -> None:
    server.enqueue(answer_in(mode, ROME))

    completion = await client.parse([system("Be brief."), user("Go")], response_type=Trip, output_mode=mode)

    body = sent(server)
    assert (completion.parsed, completion.output_mode, completion.reasks) == (TRIP, mode, 0)
    assert body.get("response_format", {}).get("type") == (mode if mode.startswith("json") else None)
    assert ("tools" in body) == ("tool_choice" in body) == (mode == "tool")
    in_words = '"additionalProperties":false' in body["messages"][0]["content"]
    assert in_words == (mode in ("json_object", "prompt"))
    assert len(body["messages"]) == 2


async def test_the_tool_that_stands_for_the_type_has_to_be_called(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.tool_call("Trip", ROME))

    await client.parse("Go", response_type=Trip, output_mode="tool")

    function = sent(server)["tools"][0]["function"]
    schema = response_format(Trip)["json_schema"]
    assert function == {"name": "Trip", "description": "A trip.", "parameters": schema["schema"], "strict": True}
    assert sent(server)["tool_choice"] == "required"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [f"```json\n{ROME}\n```", f"Here it is: {ROME} Have fun!"])
async def test_words_and_a_fence_around_the_json_are_passed_over(
    client: AsyncChatClient, server: ChatServer, mode: OutputMode, text: str
) -> None:
    server.enqueue(Reply.text(text))

    assert (await client.parse("Go", response_type=Trip, output_mode=mode)).parsed == TRIP


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (Reply.text(ROME, finish_reason="length"), LengthLimitError, "token limit"),
        (Reply.text(ROME, finish_reason="content_filter"), ContentFilterError, "content filter"),
        (Reply.refusal("I will not."), RefusedError, "I will not."),
        (Reply.text('{"name":"Rome","days":[{"city":"R"}]}'), ValidationError, r"`price` - at `\$.days\[0\]`"),
        (Reply.text("No."), ValidationError, "malformed"),
        (Reply.text(""), ValidationError, "truncated"),
    ],
)
async def test_an_answer_that_is_no_value_is_an_error_that_carries_it(
    client: AsyncChatClient, server: ChatServer, reply: Reply, error: type[OutputError], words: str
) -> None:
    server.enqueue(reply)

    with pytest.raises(error, match=words) as raised:
        await client.parse("Go", response_type=Trip)

    assert raised.value.completion.id
    assert raised.value.completion.usage is not None
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.completion) == (str(raised.value), raised.value.completion)


async def test_an_error_tells_where_the_answer_is_wrong(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text('{"name":"Rome","days":[{"city":"R","price":-1}]}'))

    with pytest.raises(ValidationError) as raised:
        await client.parse("Go", response_type=Trip)

    assert raised.value.path == "$.days[0].price"


@pytest.mark.parametrize("mode", MODES)
async def test_the_model_is_asked_again_with_what_is_wrong(
    client: AsyncChatClient, server: ChatServer, mode: OutputMode
) -> None:
    wrong = '{"name":"Rome","days":[{"city":"Rome","price":"cheap"}]}'
    server.enqueue(answer_in(mode, wrong), answer_in(mode, ROME))

    completion = await client.parse("Go", response_type=Trip, output_mode=mode, reask=2)

    *_, answer, complaint = sent(server)["messages"]
    told = "Expected `float`, got `str` - at `$.days[0].price`"
    assert (completion.parsed, completion.reasks) == (TRIP, 1)
    assert told in complaint["content"]
    if mode == "tool":
        assert complaint["role"] == "tool"
        assert complaint["tool_call_id"] == answer["tool_calls"][0]["id"]
    else:
        assert (answer["content"], complaint["role"]) == (wrong, "user")


async def test_usage_is_that_of_all_answers_right_or_wrong(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("{}"), Reply.text("{}"), Reply.text("{}"), Reply.text(ROME))
    single = (await client.create("Go")).usage
    assert single is not None

    with pytest.raises(ValidationError) as raised:
        await client.parse("Go", response_type=Trip, reask=1)

    usage = raised.value.completion.usage
    assert usage is not None
    assert usage.completion_tokens == 2 * single.completion_tokens
    assert usage.prompt_tokens > 2 * single.prompt_tokens


async def test_each_of_n_choices_is_read(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(
        Reply.choices(Reply.text(ROME), Reply.text('{"name":"Oslo","days":[]}')),
        Reply.choices(Reply.text(ROME), Reply.text('{"name":"Oslo"}')),
    )

    completion = await client.parse("Go", response_type=Trip, n=2)
    with pytest.raises(ValidationError, match="choice 1: ") as raised:
        await client.parse("Go", response_type=Trip, n=2)

    assert [choice.message.parsed for choice in completion.choices] == [TRIP, Trip("Oslo", [])]
    assert raised.value.completion.message.parsed == TRIP


async def weather(city: str, days: int = 1) -> str:
    """How the weather will be."""
    return f"{city}: sun for {days}"


@pytest.mark.parametrize("mode", MODES)
async def test_an_answer_may_be_calls_of_the_callers_tools_instead(
    client: AsyncChatClient, server: ChatServer, mode: OutputMode
) -> None:
    server.enqueue(Reply.tool_calls([("weather", '{"city":"Rome"}')], text="I look."))

    completion = await client.parse("Go", response_type=Trip, output_mode=mode, tools=[weather])

    (call,) = completion.tool_calls
    assert completion.parsed is None
    assert call.parsed == {"city": "Rome", "days": 1}
    assert sent(server).get("tool_choice") == ("required" if mode == "tool" else None)


async def test_the_call_that_is_the_answer_is_an_error_if_it_is_wrong_whatever_else_is_called(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.tool_calls([("weather", '{"city":"Rome"}'), ("Trip", "{}")]))

    with pytest.raises(ValidationError, match="name"):
        await client.parse("Go", response_type=Trip, output_mode="tool", tools=[weather])


async def test_a_call_that_nobody_offered_is_no_answer(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.tool_call("weather", "{}"))

    with pytest.raises(ValidationError):
        await client.parse("Go", response_type=Trip)


async def test_calls_of_functions_have_their_arguments_read_wherever_they_are_offered(
    client: AsyncChatClient, server: ChatServer
) -> None:
    calls = [("weather", '{"city":"Rome","days":2}'), ("weather", '{"town":1}'), ("other", '{"a":1}'), ("other", "[]")]
    server.enqueue(Reply.tool_calls(calls), Reply.tool_calls(calls), Reply.tool_calls(calls))
    other: dict[str, Any] = {"type": "function", "function": {"name": "other"}}
    expected = [{"city": "Rome", "days": 2}, None, {"a": 1}, None]

    created = await client.create("Go", tools=[weather, other])
    streamed = await client.stream("Go", tools=[weather, other]).completion()
    opened = await client.create("Go", tools=[weather, other], stream=True)

    assert [call.parsed for call in created.tool_calls] == expected
    assert [call.parsed for call in streamed.tool_calls] == expected
    assert [call.parsed for call in (await opened.completion()).tool_calls] == expected
    assert sent(server)["tools"][0]["function"]["name"] == "weather"
    assert pickle.loads(pickle.dumps(created)).tool_calls[0].parsed == expected[0]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "response_type is missing"),
        ({"response_type": Trip, "output_mode": "xml"}, "output_mode is one of json_schema, tool, json_object, prompt"),
        ({"output_mode": "tool"}, "output_mode says how response_type is asked for"),
        ({"response_type": Trip, "reask": -1}, "reask is a whole number of 0 or more"),
        ({"response_type": Trip, "reask": 1, "n": 2}, "leave out n=, or reask="),
        ({"response_type": Trip, "stream": True}, "client.stream"),
        ({"response_type": Trip, "response_format": {"type": "text"}}, "leave out response_format"),
        ({"response_type": Trip, "output_mode": "tool", "tool_choice": "auto"}, "leave out tool_choice"),
        ({"response_type": Trip, "temprature": 1}, "did you mean 'temperature'"),
        ({"response_typ": Trip}, "did you mean 'response_type'"),
        ({"response_type": Trip, "tools": [weather, weather]}, "two tools are called weather"),
        ({"response_type": Trip, "messages": []}, "at least one"),
    ],
)
async def test_calls_that_cannot_work_are_refused_before_anything_is_sent(
    client: AsyncChatClient, server: ChatServer, parameters: dict[str, Any], words: str
) -> None:
    mode = {"output_mode": "prompt"} if "messages" in parameters else {}
    call: Any = client.parse
    with pytest.raises(UsageError, match=words):
        await call(**{"messages": "Go", **parameters, **mode})

    assert not server.requests


async def test_create_takes_no_type(client: AsyncChatClient) -> None:
    call: Any = client.create
    with pytest.raises(UsageError, match=r"call client.parse\(\)"):
        await call("Go", response_type=Trip)


async def test_a_tool_named_like_the_type_is_refused(client: AsyncChatClient) -> None:
    def Trip_(name: str) -> str:  # noqa: N802
        return name

    Trip_.__name__ = "Trip"
    with pytest.raises(UsageError, match="the name of the type"):
        await client.parse("Go", response_type=Trip, output_mode="tool", tools=[Trip_])


async def test_a_parsed_completion_pickles_and_encodes_as_the_plain_one(
    client: AsyncChatClient, server: ChatServer
) -> None:
    from chatsdk import to_json

    server.enqueue(Reply.text(ROME), Reply.text(ROME))
    completion = await client.parse("Go", response_type=Trip)
    again = pickle.loads(pickle.dumps(completion))

    assert (again, again.parsed, again.output_mode) == (completion, TRIP, "json_schema")
    assert "parsed" not in to_json(completion).decode()
    assert completion.raw["choices"][0]["message"]["content"] == ROME
    assert completion.request_id
