"""The client, the LiteLLM proxy and behind it a server of ours, which says what the proxy has to pass on.

Seen with LiteLLM 1.106, which is no faithful messenger. Of an error it passes on the status and the words and puts its
own code and type. To a stream that ends without an end it adds one: see `MADE_WHOLE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from chatsdk import (
    APIStatusError,
    AsyncChatClient,
    AuthenticationError,
    BadRequestError,
    ChatCompletion,
    ChatStream,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RetryPolicy,
    StreamError,
    ToolFinished,
    UnprocessableEntityError,
)
from chatsdk.testing import ChatServer, Reply
from chatsdk.types import OutputMode

from .server import MASTER_KEY, UPSTREAM_KEY

pytestmark = pytest.mark.engines

FAILURE = {"error": {"message": "The model fell over.", "type": "server_error", "code": "overloaded", "param": None}}
DONE = "data: [DONE]\n\n"


@pytest.fixture
async def proxy(proxy_url: str) -> AsyncIterator[AsyncChatClient]:
    retry = RetryPolicy(max_retries=0, initial_delay=0)
    async with AsyncChatClient(base_url=f"{proxy_url}/v1", api_key=MASTER_KEY, model="behind", retry=retry) as client:
        yield client


@pytest.fixture
def to_server(server: ChatServer) -> dict[str, str]:
    """The `extra_body` that tells the proxy where the server is."""
    return {"api_base": server.base_url}


def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def says(text: str) -> dict[str, Any]:
    return chunk({"role": "assistant", "content": text})


def calls(arguments: str) -> dict[str, Any]:
    function = {"name": "get_weather", "arguments": arguments}
    return chunk(
        {"role": "assistant", "tool_calls": [{"index": 0, "id": "c", "type": "function", "function": function}]}
    )


FINISH = chunk({}, "stop")


async def test_one_shot(proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]) -> None:
    server.enqueue(Reply.text("Hello from behind."))

    completion = await proxy.create("Hi", extra_body=to_server)

    assert completion.text == "Hello from behind."
    assert completion.model == "behind"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 3
    (request,) = server.requests
    assert request.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert request.json["model"] == "anything"
    assert "api_base" not in request.json


async def test_a_stream(proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]) -> None:
    server.enqueue(Reply.text("Hello from behind."))

    async with proxy.stream("Hi", extra_body=to_server) as stream:
        pieces = [text async for text in stream.text()]

    assert pieces == ["Hello", " from", " behind."]
    assert stream.outcome == "complete"
    assert stream.so_far.finish_reason == "stop"


async def test_a_stream_is_passed_on_as_it_comes(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.text(["Hel", gate, "lo"]))

    async with proxy.stream("Hi", extra_body=to_server) as stream:
        pieces = stream.text()
        assert await anext(pieces) == "Hel"
        gate.set()
        assert [text async for text in pieces] == ["lo"]

    assert stream.outcome == "complete"


async def test_tool_calls(proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]) -> None:
    said = Reply.tool_calls([("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Oslo"})])
    server.enqueue(said, said)

    whole = await proxy.create("Weather?", extra_body=to_server)
    streamed = await proxy.stream("Weather?", extra_body=to_server).completion()

    for answer in (whole, streamed):
        assert answer.finish_reason == "tool_calls"
        assert [call.function.arguments for call in answer.tool_calls if call.function] == [
            '{"city":"Rome"}',
            '{"city":"Oslo"}',
        ]
        assert len({call.id for call in answer.tool_calls}) == 2


ERRORS = [
    (400, BadRequestError),
    (401, AuthenticationError),
    (403, PermissionDeniedError),
    (404, NotFoundError),
    (422, UnprocessableEntityError),
    (429, RateLimitError),
    (500, InternalServerError),
    (503, InternalServerError),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["one-shot", "stream"])
@pytest.mark.parametrize(("status", "kind"), ERRORS)
async def test_an_error_keeps_its_status_and_words(
    proxy: AsyncChatClient,
    server: ChatServer,
    to_server: dict[str, str],
    status: int,
    kind: type[APIStatusError],
    streamed: bool,
) -> None:
    server.enqueue(Reply.error(status, "Not like this.", code="some_code"))

    with pytest.raises(APIStatusError, match=r"Not like this\.") as caught:
        await ask(proxy, to_server, streamed)

    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.code == str(status)
    assert len(server.requests) == 1


async def test_a_wrong_key_of_the_proxy_is_an_authentication_error(proxy: AsyncChatClient) -> None:
    async with ChatServer(api_key="sk-another") as guarded:
        with pytest.raises(AuthenticationError):
            await proxy.create("Hi", extra_body={"api_base": guarded.base_url})


async def test_a_server_that_is_not_there_is_an_error_of_the_proxy(proxy: AsyncChatClient) -> None:
    async with ChatServer() as server:
        gone = {"api_base": server.base_url}

    with pytest.raises(InternalServerError, match="Connection error"):
        await proxy.create("Hi", extra_body=gone)
    with pytest.raises(InternalServerError, match="Connection error"):
        await proxy.stream("Hi", extra_body=gone).completion()


async def test_an_attempt_that_failed_behind_the_proxy_is_followed_by_another(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    patient = proxy.with_options(max_retries=1)
    server.enqueue(Reply.error(503, "Busy."), Reply.text("Now."), Reply.disconnect(), Reply.text("Again."))

    assert (await patient.create("Hi", extra_body=to_server)).text == "Now."
    assert (await patient.stream("Hi", extra_body=to_server).completion()).text == "Again."
    assert len(server.requests) == 4


async def test_the_servers_rate_limits_and_request_id_come_through(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    completion = await proxy.create("Hi", extra_body=to_server)
    stream = proxy.stream("Hi", extra_body=to_server)
    await stream.completion()
    server.enqueue(Reply.error(429, "Slow down.", headers={"retry-after": "7"}))
    with pytest.raises(RateLimitError) as caught:
        await proxy.create("Hi", extra_body=to_server)

    for answer in (completion, stream, caught.value):
        assert answer.rate_limit is not None
        assert (answer.rate_limit.requests.limit, answer.rate_limit.requests.remaining) == (10_000, 9_999)
        assert answer.rate_limit.tokens.limit == 2_000_000
        assert answer.headers["llm_provider-x-request-id"].startswith("req_")
    assert caught.value.headers["llm_provider-retry-after"] == "7"
    assert caught.value.request_id == caught.value.headers["llm_provider-x-request-id"]


@pytest.mark.parametrize("end", [[FAILURE], [FAILURE, DONE]], ids=["and nothing", "and done"])
async def test_an_error_in_the_middle_of_a_stream_is_a_stream_error(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str], end: list[Any]
) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.sse([says("Hel"), says("lo"), gate, *end]))

    stream = proxy.stream("Hi", extra_body=to_server)
    with pytest.raises(StreamError, match=r"The model fell over\.") as caught:
        await read(stream, gate, after=2)

    assert stream.outcome == "error"
    assert (caught.value.code, caught.value.status) == ("500", 500)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hello"


async def test_a_connection_cut_in_the_middle_of_a_stream_is_a_stream_error(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.sse([says("Hel"), says("lo"), gate], disconnect=True))

    stream = proxy.stream("Hi", extra_body=to_server)
    with pytest.raises(StreamError) as caught:
        await read(stream, gate, after=2)

    assert stream.outcome == "error"
    assert caught.value.status == 500
    assert stream.so_far.text == "Hello"


async def test_chunks_that_cannot_be_read_by_the_proxy_are_a_stream_error(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.sse([says("Hel"), gate, "data: {oops\n\n"]))

    stream = proxy.stream("Hi", extra_body=to_server)
    with pytest.raises(StreamError):
        await read(stream, gate, after=1)

    assert stream.outcome == "error"
    assert stream.so_far.text == "Hel"


@pytest.mark.parametrize(
    "reply", [Reply.sse([FAILURE]), Reply.disconnect(), Reply.sse([], disconnect=True)], ids=["error", "cut", "no body"]
)
async def test_a_stream_that_fails_before_its_first_chunk_is_answered_with_a_status(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str], reply: Reply
) -> None:
    server.enqueue(reply)

    stream = proxy.stream("Hi", extra_body=to_server)
    with pytest.raises(InternalServerError):
        await stream.completion()

    assert stream.outcome == "error"


MADE_WHOLE = [
    ("no end at all", Reply.sse([says("Hel"), says("lo")]), "Hello"),
    ("done without a finish reason", Reply.sse([says("Hel"), says("lo"), DONE]), "Hello"),
    ("a finish reason without done", Reply.sse([says("Hello"), FINISH]), "Hello"),
    ("an empty stream", Reply.sse([]), ""),
    ("nothing but done", Reply.sse([DONE]), ""),
    ("an error that is no stream", Reply.json(FAILURE), ""),
    ("something that is no JSON", Reply.json(b"not json"), ""),
]


@pytest.mark.parametrize(("reply", "text"), [row[1:] for row in MADE_WHOLE], ids=[row[0] for row in MADE_WHOLE])
async def test_the_proxy_makes_a_stream_without_an_end_look_whole(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str], reply: Reply, text: str
) -> None:
    """It adds a chunk with the finish reason `stop` and `[DONE]`: behind it nobody can tell.

    Where this fails, the proxy has been mended: what it sends now should be an error.
    """
    server.enqueue(reply)

    stream = proxy.stream("Hi", extra_body=to_server)
    chunks = [chunk async for chunk in stream]

    assert [(choice.delta.content, choice.finish_reason) for choice in chunks[-1].choices] == [(None, "stop")]
    assert stream.so_far.text == text
    assert stream.outcome == "complete"


async def test_the_proxy_ends_half_a_tool_call_with_the_finish_reason_stop(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    """The one trace that something is missing: calls without the finish reason `tool_calls`."""
    server.enqueue(Reply.sse([calls('{"city": "Ro')]))

    stream = proxy.stream("Hi", extra_body=to_server)
    completion = await stream.completion()

    (call,) = completion.tool_calls
    assert call.function is not None
    assert call.function.arguments == '{"city": "Ro'
    assert completion.finish_reason == "stop"
    assert stream.outcome == "complete"


async def test_leaving_a_stream_early_ends_it_behind_the_proxy_too(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    never = asyncio.Event()
    server.enqueue(Reply.text(["Hel", never, "lo"]))

    async with proxy.stream("Hi", extra_body=to_server) as stream:
        assert await anext(stream.text()) == "Hel"

    assert stream.outcome == "stopped"
    await server.wait_until(lambda: server.aborted == 1)
    assert (await proxy.create("Hi", extra_body=to_server)).text


async def test_parallel_streams_do_not_mix(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    async def run(n: int) -> str:
        stream = proxy.stream(f"Number {n}", extra_body=to_server)
        text = "".join([piece async for piece in stream.text()])
        assert stream.outcome == "complete"
        return text

    server.respond(lambda request: Reply.text(f"You said: {request.json['messages'][-1]['content']}, and that is all."))
    texts = await asyncio.gather(*[run(n) for n in range(20)])

    assert texts == [f"You said: Number {n}, and that is all." for n in range(20)]


async def ask(proxy: AsyncChatClient, to_server: dict[str, str], streamed: bool) -> ChatCompletion:
    if streamed:
        return await proxy.stream("Hi", extra_body=to_server).completion()
    return await proxy.create("Hi", extra_body=to_server)


async def read(stream: ChatStream, gate: asyncio.Event, *, after: int) -> None:
    """Read the stream to its end, and open the gate after so many chunks."""
    seen = 0
    async for _ in stream:
        seen += 1
        if seen == after:
            gate.set()


class Point(msgspec.Struct):
    x: int
    y: int


class Path(msgspec.Struct):
    name: str
    points: list[Point]


PATH = '{"name":"up","points":[{"x":1,"y":2},{"x":3,"y":4}]}'


@pytest.mark.parametrize("mode", ["json_schema", "tool", "json_object", "prompt"])
async def test_values_of_a_type_come_through_in_every_mode(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str], mode: OutputMode
) -> None:
    said = Reply.tool_call("Path", PATH) if mode == "tool" else Reply.text(PATH)
    server.enqueue(said, said)
    expected = Path("up", [Point(1, 2), Point(3, 4)])

    whole = await proxy.parse("Where?", response_type=Path, output_mode=mode, extra_body=to_server)
    stream = proxy.stream("Where?", response_type=Path, output_mode=mode, extra_body=to_server)
    points = [point async for point in stream.elements("points")]

    assert (whole.parsed, whole.output_mode) == (expected, mode)
    assert (points, (await stream.completion()).parsed) == (expected.points, expected)
    asked = server.requests[0].json
    assert asked.get("response_format", {}).get("type") == (mode if mode.startswith("json") else None)
    assert asked.get("tool_choice") == ("required" if mode == "tool" else None)


async def test_tools_are_run_through_it_awaited_and_streamed(
    proxy: AsyncChatClient, server: ChatServer, to_server: dict[str, str]
) -> None:
    def get_weather(city: str) -> dict[str, str]:
        """How it is."""
        return {"city": city}

    said = Reply.tool_calls([("get_weather", {"city": "Rome"}), ("get_weather", {"city": "Oslo"})])
    server.enqueue(said, Reply.text("Fine."), said, Reply.text("Fine."))

    run = await proxy.run_tools("Weather?", tools=[get_weather], extra_body=to_server)
    stream = proxy.stream_tools("Weather?", tools=[get_weather], extra_body=to_server)
    finished = [event.content async for event in stream if isinstance(event, ToolFinished)]

    results = ['{"city":"Rome"}', '{"city":"Oslo"}']
    assert (run.text, run.turns) == ((await stream.result()).text, 2) == ("Fine.", 2)
    assert sorted(finished) == sorted(results)
    for request in (server.requests[1], server.requests[3]):
        assert [message["content"] for message in request.json["messages"] if message["role"] == "tool"] == results
