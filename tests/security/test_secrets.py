"""The key is nowhere but in the request: not in what is raised, printed, logged, pickled, nor in frames' locals."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest

import chatsdk
from chatsdk import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncChatClient,
    ChatError,
    ClientClosedError,
    ResponseDecodeError,
    RetryPolicy,
    StreamError,
    StreamInterruptedError,
    Timeouts,
    UsageError,
)
from chatsdk.testing import ChatServer, Reply

from .canary import KEY, assert_clean, assert_masked, error_of
from .network import LOCAL, Listener, Speaker

pytestmark = pytest.mark.usefixtures("_in_debug_mode")

Ask = Callable[[AsyncChatClient], Awaitable[object]]


async def plainly(client: AsyncChatClient) -> object:
    return await client.create("Hi")


async def as_a_stream(client: AsyncChatClient) -> object:
    return await client.stream("Hi").completion()


BOTH = pytest.mark.parametrize("ask", [plainly, as_a_stream])


async def a_key() -> str:
    return KEY


HOLDERS: dict[str, dict[str, Any]] = {
    "a str": {"api_key": KEY},
    "a function": {"api_key": lambda: KEY},
    "a coroutine function": {"api_key": a_key},
    "an authorization header": {"headers": {"Authorization": f"Bearer {KEY}"}},
    "a header of one's own": {"headers": {"X-Gateway-Key": KEY}},
}
"""Where a program may keep its key."""

HELD = pytest.mark.parametrize("settings", HOLDERS.values(), ids=HOLDERS)


# -- errors, by what goes wrong


@HELD
@BOTH
async def test_a_refused_connection(unused_tcp_port: int, ask: Ask, settings: dict[str, Any]) -> None:
    retry = RetryPolicy(max_retries=1, initial_delay=0)
    url = f"http://{LOCAL}:{unused_tcp_port}/v1"
    async with AsyncChatClient(base_url=url, model="m", retry=retry, **settings) as client:
        error = await error_of(ask(client))

    assert isinstance(error, APIConnectionError)
    assert len(error.attempts) == 2
    assert_clean(error)


@BOTH
@pytest.mark.chatsdk_network
async def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    def getaddrinfo(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with AsyncChatClient(base_url="https://no.such.example/v1", api_key=KEY, model="m", max_retries=0) as client:
        error = await error_of(ask(client))

    assert isinstance(error, APIConnectionError)
    assert "no.such.example" in str(error)
    assert_clean(error)


class Resetter(Listener):
    """Hangs up on whoever comes, in the rudest way."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


@HELD
@BOTH
async def test_a_connection_that_is_reset(ask: Ask, settings: dict[str, Any]) -> None:
    retry = RetryPolicy(initial_delay=0)
    async with (
        Resetter() as place,
        AsyncChatClient(base_url=place.base_url, model="m", retry=retry, **settings) as client,
    ):
        error = await error_of(ask(client))

    assert isinstance(error, APIConnectionError)
    assert_clean(error)


GARBAGE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a bad status line": b"HTTP/1.1 abc OK\r\n\r\n",
    "a header too long": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "a key for a header": b"HTTP/1.1 200 OK\r\nbad header " + KEY.encode() + b"\r\n\r\n",
    "a bad length": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
@BOTH
async def test_an_answer_that_is_no_http(ask: Ask, answer: bytes) -> None:
    timeout = Timeouts(headers=0.1)
    async with (
        Speaker(answer) as place,
        AsyncChatClient(base_url=place.base_url, api_key=KEY, model="m", max_retries=0, timeout=timeout) as client,
    ):
        error = await error_of(ask(client))

    assert isinstance(error, APIConnectionError)
    assert_clean(error)


@HELD
async def test_a_disconnect_before_the_answer(server: ChatServer, settings: dict[str, Any]) -> None:
    server.enqueue(*[Reply.disconnect()] * 2)
    async with AsyncChatClient(base_url=server.base_url, model="m", max_retries=0, **settings) as client:
        for ask in (plainly, as_a_stream):
            error = await error_of(ask(client))
            assert isinstance(error, APIConnectionError)
            assert_clean(error)


class Never:
    """A gate that stays closed, in any event loop."""

    async def wait(self) -> None:
        await asyncio.get_running_loop().create_future()


NEVER = Never()
CHUNK = {"id": "c", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}

PHASES = [
    (Reply.text("x").after(NEVER), Timeouts(headers=0.05), "headers"),
    (Reply.text("x").after(NEVER), Timeouts(total=0.05), "total"),
    (Reply.sse([NEVER]), Timeouts(first_token=0.05), "first_token"),
    (Reply.sse([CHUNK, NEVER]), Timeouts(idle=0.05), "idle"),
    (Reply.sse([CHUNK, NEVER]), Timeouts(total=0.1), "total"),
]


@pytest.mark.parametrize(("reply", "limits", "phase"), PHASES)
@HELD
async def test_each_time_limit(
    server: ChatServer, reply: Reply, limits: Timeouts, phase: str, settings: dict[str, Any]
) -> None:
    server.enqueue(reply)
    async with AsyncChatClient(
        base_url=server.base_url, model="m", max_retries=0, timeout=limits, **settings
    ) as client:
        error = await error_of(as_a_stream(client))

    assert isinstance(error, APITimeoutError)
    assert error.phase == phase
    assert_clean(error)


async def test_the_time_limit_of_the_pool(server: ChatServer) -> None:
    server.enqueue(Reply.text("x").after(NEVER))
    async with AsyncChatClient(
        base_url=server.base_url, api_key=KEY, model="m", max_connections=1, timeout=Timeouts(pool=0.05), max_retries=0
    ) as client:
        first = asyncio.ensure_future(client.create("Hi"))
        await server.wait_until(lambda: server.requests)

        error = await error_of(client.create("Hi"))
        assert isinstance(error, APITimeoutError)
        assert error.phase == "pool"
        assert_clean(error)
        first.cancel()
        assert_clean(await error_of(first))


# -- what the server repeats

ECHOES: dict[str, Reply] = {
    "in words": Reply.error(401, f"Incorrect API key provided: {KEY}"),
    "in all facts": Reply.error(400, KEY, type=KEY, code=KEY, param=KEY),
    "in headers": Reply.error(403, "no", headers={"x-request-id": KEY, "x-debug": f"Bearer {KEY}"}),
    "escaped": Reply.json(b'{"error":{"message":"wrong key \\u0073' + KEY[1:].encode() + b'"}}', status=401),
    "quoted": Reply.error(404, f"no such path: /v1?key={quote(KEY)}"),
    "as text": Reply.json(f"unauthorized: {KEY}".encode(), status=401, headers={"content-type": "text/plain"}),
    "in markup": Reply.json(f"<h1>401</h1><p>{KEY}".encode(), status=401, headers={"content-type": "text/html"}),
    "where it is cut": Reply.json(b"<p>" + b"-" * 480 + KEY.encode(), headers={"content-type": "text/html"}),
    "where the words are cut": Reply.error(401, "word " * 96 + KEY),
    "under a status of success": Reply.json({"error": {"message": f"bad key {KEY}", "code": 401}}),
    "in a location": Reply.json(b"", status=302, headers={"location": f"https://other.example/{KEY}?key={KEY}"}),
    "in place of JSON": Reply.json(f"{KEY} {{".encode()),
    "nested": Reply.error(502, "upstream: " + f'{{"error":{{"message":"key {KEY}"}}}}'),
    "in a hint": Reply.error(429, KEY, headers={"retry-after": KEY}),
}


@pytest.mark.parametrize("reply", ECHOES.values(), ids=ECHOES)
@BOTH
async def test_a_key_that_the_server_repeats(server: ChatServer, ask: Ask, reply: Reply) -> None:
    server.enqueue(reply)
    async with AsyncChatClient(base_url=server.base_url, api_key=KEY, model="m", max_retries=0) as client:
        error = await error_of(ask(client))

    assert isinstance(error, APIStatusError | ResponseDecodeError)
    assert_clean(error)


@HELD
async def test_a_key_that_the_server_repeats_wherever_the_program_had_it(
    server: ChatServer, settings: dict[str, Any]
) -> None:
    server.enqueue(*[Reply.error(401, f"Incorrect API key provided: {KEY}", headers={"x-debug": KEY})] * 2)
    async with AsyncChatClient(base_url=server.base_url, model="m", max_retries=0, **settings) as client:
        assert_clean(await error_of(client.create("Hi")))


@pytest.mark.parametrize("limit", range(28, 48, 4))
async def test_a_key_that_is_cut_by_the_limit_of_an_errors_body(server: ChatServer, limit: int) -> None:
    server.enqueue(Reply.json(b"Unauthorized, because: " + KEY.encode() + b" is wrong", status=401))
    limits = chatsdk.SizeLimits(error_body=limit)
    async with AsyncChatClient(
        base_url=server.base_url, api_key=KEY, model="m", max_retries=0, size_limits=limits
    ) as client:
        error = await error_of(client.create("Hi"))

    assert isinstance(error, APIStatusError)
    assert_clean(error)


STREAM_ECHOES: dict[str, list[Any]] = {
    "an error": [{"error": {"message": f"bad key {KEY}", "code": KEY, "type": KEY}}],
    "an error after a chunk": [CHUNK, {"error": {"message": f"bad key {KEY}"}}],
    "an error where it is cut": [{"error": {"message": "-" * 485 + KEY}}],
    "no JSON": [CHUNK, f"data: {{{KEY}\n\n"],
    "no JSON where it is cut": [CHUNK, f"data: {{{'-' * 480}{KEY}\n\n"],
    "markup": [f"<html>{KEY}</html>"],
    "an event": [f'event: error\ndata: {{"message": "{KEY}"}}\n\n'],
}


@pytest.mark.parametrize("pieces", STREAM_ECHOES.values(), ids=STREAM_ECHOES)
async def test_a_key_that_a_stream_repeats(client: AsyncChatClient, server: ChatServer, pieces: list[Any]) -> None:
    server.enqueue(*[Reply.sse(pieces)] * 3)
    stream = client.stream("Hi")

    error = await error_of(stream.completion())

    assert isinstance(error, StreamError | ResponseDecodeError | StreamInterruptedError | APIStatusError)
    assert_clean(error)
    assert error is await error_of(anext(stream))
    assert KEY not in repr(stream) + repr(vars(stream))

    server.enqueue(*[Reply.sse(pieces)] * 3)
    passed_on = b"".join([piece async for piece in client.stream("Hi").sse()])
    assert KEY.encode() not in passed_on


@BOTH
async def test_a_cut_stream(client: AsyncChatClient, server: ChatServer, ask: Ask) -> None:
    server.enqueue(*[Reply.sse([CHUNK])] * 3)

    error = await error_of(ask(client))

    assert isinstance(error, StreamInterruptedError)
    assert error.partial.text == "Hel"
    assert_clean(error)


@BOTH
async def test_the_attempts_of_a_call_that_was_tried_again(
    client: AsyncChatClient, server: ChatServer, ask: Ask
) -> None:
    replies = [Reply.error(500, f"oops {KEY}"), Reply.error(429, f"slow down {KEY}"), Reply.error(503, KEY)]
    server.enqueue(*replies)
    error = await error_of(ask(client))
    assert isinstance(error, ChatError)
    assert len(error.attempts) == 3
    assert_clean(error)

    server.enqueue(*replies[:2], Reply.text("at last"))
    assert_clean(await ask(client))


# -- calls that are left


@HELD
@pytest.mark.parametrize("moment", ["before the head", "in the body"])
@BOTH
async def test_the_cancellation_of_a_call(server: ChatServer, ask: Ask, moment: str, settings: dict[str, Any]) -> None:
    body = {"content-type": "application/json"} if ask is plainly else {}
    replies = {"before the head": Reply.text("x").after(NEVER), "in the body": Reply.sse([CHUNK, NEVER], headers=body)}
    server.enqueue(replies[moment])
    async with AsyncChatClient(base_url=server.base_url, model="m", **settings) as client:
        call = asyncio.ensure_future(ask(client))
        await server.wait_until(lambda: server.requests)
        await asyncio.sleep(0.02 if moment == "in the body" else 0)

        call.cancel()
        error = await error_of(call)

    assert isinstance(error, asyncio.CancelledError)
    assert_clean(error)


@HELD
@BOTH
async def test_the_cancellation_of_a_call_that_is_still_connecting(ask: Ask, settings: dict[str, Any]) -> None:
    async with (
        Listener() as mute,
        AsyncChatClient(base_url=mute.base_url.replace("http:", "https:"), model="m", **settings) as client,
    ):
        call = asyncio.ensure_future(ask(client))
        await mute.visited.wait()
        call.cancel()
        error = await error_of(call)

    assert isinstance(error, asyncio.CancelledError)
    assert_clean(error)


@HELD
@BOTH
async def test_the_cancellation_of_a_call_between_two_attempts(
    server: ChatServer, ask: Ask, settings: dict[str, Any]
) -> None:
    server.enqueue(Reply.error(503, f"later {KEY}", headers={"retry-after": "60"}))
    async with AsyncChatClient(base_url=server.base_url, model="m", **settings) as client:
        call = asyncio.ensure_future(ask(client))
        await server.wait_until(lambda: server.requests)
        await asyncio.sleep(0.02)

        call.cancel()
        error = await error_of(call)

    assert isinstance(error, asyncio.CancelledError)
    assert_clean(error)


@BOTH
async def test_a_timeout_of_the_callers_own(client: AsyncChatClient, server: ChatServer, ask: Ask) -> None:
    server.enqueue(Reply.text("x").after(NEVER))

    error = await error_of(asyncio.wait_for(ask(client), 0.05))  # type: ignore[arg-type]

    assert isinstance(error, TimeoutError)
    assert_clean(error)


@BOTH
async def test_a_client_that_is_closed(client: AsyncChatClient, server: ChatServer, ask: Ask) -> None:
    server.enqueue(Reply.sse([CHUNK, NEVER]))
    call = asyncio.ensure_future(ask(client))
    await server.wait_until(lambda: server.requests)

    await client.aclose()

    for waiting in (call, ask(client)):
        error = await error_of(waiting)
        assert isinstance(error, ClientClosedError)
        assert_clean(error)


async def test_a_stream_that_is_lost(client: AsyncChatClient, server: ChatServer) -> None:
    """What is told of it, if anything, is a log record or a warning: both are looked at for every test here."""
    server.enqueue(Reply.sse([CHUNK, NEVER]))
    async for _ in client.stream("Hi"):
        break
    gc.collect()
    await server.wait_until(lambda: server.aborted == 1)


# -- a wrong program


WRONG: dict[str, dict[str, Any]] = {
    "a bad key": {"api_key": f"{KEY}\n"},
    "a bad address": {"api_key": KEY, "base_url": "nowhere"},
    "a bad proxy": {"api_key": KEY, "proxy": "nowhere"},
    "a bad header": {"headers": {"X-Key": f"{KEY}\n"}},
    "a bad header beside a good key": {"headers": {"Authorization": f"Bearer {KEY}", "X-Y": "\n"}},
    "a bad query": {"api_key": KEY, "query": {"key": 1}},
    "a bad limit": {"api_key": KEY, "timeout": -1},
    "an unknown provider": {"api_key": KEY, "provider": "nobody"},
    "two ways to say it": {"api_key": KEY, "max_retries": 1, "retry": RetryPolicy()},
    "a bad number": {"api_key": KEY, "max_connections": 0},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_cannot_work(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        AsyncChatClient(**WRONG[name])

    assert_clean(caught.value)


@HELD
async def test_a_call_that_cannot_work(server: ChatServer, settings: dict[str, Any]) -> None:
    async with AsyncChatClient(base_url=server.base_url, **settings) as client:
        for call in (
            lambda: client.create("Hi"),  # no model
            lambda: client.create("Hi", model="m", temperature=9),
            lambda: client.create([], model="m"),
            lambda: client.stored.retrieve(".."),
            lambda: client.models.retrieve(""),
        ):
            error = await error_of(call())
            assert isinstance(error, UsageError)
            assert_clean(error)
        with pytest.raises(UsageError) as caught:
            client.with_options(headers={"X-Y": "\n"})
        assert_clean(caught.value)


async def a_bad_key() -> str:
    return f"{KEY}\n"


@pytest.mark.parametrize(
    "api_key", [lambda: f"{KEY}\n", a_bad_key, lambda: KEY.encode()], ids=["sync", "async", "bytes"]
)
async def test_a_key_from_a_function_that_cannot_be_sent(server: ChatServer, api_key: Any) -> None:
    async with AsyncChatClient(base_url=server.base_url, api_key=api_key, model="m") as client:
        for ask in (plainly, as_a_stream):
            error = await error_of(ask(client))
            assert isinstance(error, UsageError)
            assert_clean(error)


# -- things that hold it


@HELD
async def test_a_client_and_its_streams_do_not_show_it(server: ChatServer, settings: dict[str, Any]) -> None:
    server.enqueue(Reply.sse([CHUNK, NEVER]), Reply.text("Hello"))
    async with AsyncChatClient(base_url=server.base_url, model="m", **settings) as client:
        assert_masked(client)
        assert_masked(client.with_options(headers={"X-Other": "1"}))
        stream = client.stream("Hi")
        assert_masked(stream)
        await anext(stream)
        assert_masked(client)
        assert_masked(stream)
        stream.stop()
        assert_masked(stream)
        completion = await client.create("Hi")
        assert_clean(completion)
        assert_clean(pickle.loads(pickle.dumps(completion)))
    assert_masked(client)


@HELD
def test_a_client_is_neither_pickled_nor_copied(settings: dict[str, Any]) -> None:
    client = AsyncChatClient(model="m", **settings)

    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(UsageError, match="pickle") as caught:
            attempt(client)
        assert_clean(caught.value)
    for held in vars(client).values():
        with pytest.raises((TypeError, UsageError, pickle.PicklingError, AttributeError)):
            pickle.dumps(held)


def test_an_environments_key_is_not_shown_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    assert_masked(AsyncChatClient(model="m"))


async def test_a_batch_shows_it_no_more_than_a_call(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(*[Reply.error(400, f"wrong: {KEY}")] * 2)

    async for result in client.batch(["one", "two", "three"], concurrency=1, ordered=True):
        assert_clean(result)


async def test_a_key_of_a_function_is_asked_anew_for_each_attempt_and_each_is_masked(server: ChatServer) -> None:
    keys = iter([KEY, f"{KEY}-2"])
    server.enqueue(Reply.error(500, f"oops {KEY}"), Reply.error(400, f"wrong {KEY}-2"))
    async with AsyncChatClient(
        base_url=server.base_url, api_key=lambda: next(keys), model="m", retry=RetryPolicy(initial_delay=0)
    ) as client:
        assert_clean(await error_of(client.create("Hi")))

    assert [request.headers["authorization"][-2:] for request in server.requests] == ["89", "-2"]
