"""Attempts of a call through the real client: when there is another, what is told of each, what a client may spend."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import AsyncIterator, Iterable

import pytest

from chatsdk import (
    APIConnectionError,
    APITimeoutError,
    AsyncChatClient,
    AuthenticationError,
    BadRequestError,
    ChatError,
    ChatStream,
    ClientClosedError,
    InternalServerError,
    ResponseDecodeError,
    RetryBudget,
    RetryPolicy,
    StreamError,
    StreamInterruptedError,
    Timeouts,
)
from chatsdk.testing import ChatServer, Reply

AT_ONCE = RetryPolicy(initial_delay=0)
DONE = b"data: [DONE]\n\n"


def piece(content: str | None = None, finish: str | None = None, role: str | None = None) -> dict[str, object]:
    delta = {name: value for name, value in (("role", role), ("content", content)) if value is not None}
    return {"id": "c1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


WHOLE = Reply.sse([piece(role="assistant"), piece("Hello"), piece(finish="stop"), DONE])

BEFORE_THE_FIRST_TOKEN = {
    "no byte": Reply.sse([], disconnect=True),
    "a comment": Reply.sse([b": ping\n\n"], disconnect=True),
    "a role": Reply.sse([piece(role="assistant")], disconnect=True),
    "an empty delta": Reply.sse([piece("")]),
    "nothing but the end": Reply.sse([DONE]),
    "an error event": Reply.sse([{"error": {"message": "overloaded", "type": "overloaded_error", "code": 503}}]),
    "an error after the role": Reply.sse([piece(role="assistant"), {"error": {"message": "oh", "code": 500}}]),
    "an error status": Reply.error(503, "later"),
    "an error document": Reply.json({"error": {"message": "later"}}),
    "a page": Reply.json(b"<html><title>Bad gateway</title>", headers={"content-type": "text/html"}),
}


@pytest.fixture
async def patient(server: ChatServer) -> AsyncIterator[AsyncChatClient]:
    """A client that waits for nothing between attempts."""
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=AT_ONCE) as client:
        yield client


@pytest.mark.parametrize("failed", BEFORE_THE_FIRST_TOKEN.values(), ids=BEFORE_THE_FIRST_TOKEN)
async def test_a_stream_that_fails_before_its_first_token_is_tried_again(
    patient: AsyncChatClient, server: ChatServer, failed: Reply
) -> None:
    server.enqueue(failed, failed, WHOLE)

    stream = patient.stream("Hi")
    chunks = [chunk async for chunk in stream]

    assert [choice.delta.content for chunk in chunks for choice in chunk.choices] == [None, "Hello", None]
    assert stream.outcome == "complete"
    assert [attempt.error is None for attempt in stream.so_far.attempts] == [False, False, True]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


@pytest.mark.parametrize("name", BEFORE_THE_FIRST_TOKEN)
async def test_what_came_before_the_last_failure_is_handed_out(
    patient: AsyncChatClient, server: ChatServer, name: str
) -> None:
    server.enqueue(*[BEFORE_THE_FIRST_TOKEN[name]] * 3)
    stream = patient.stream("Hi")
    roles: list[str] = []

    async def read() -> None:
        async for chunk in stream:
            roles.extend(choice.delta.role for choice in chunk.choices if choice.delta.role)

    with pytest.raises(ChatError) as caught:
        await read()

    assert len(server.requests) == 3
    assert len(caught.value.attempts) == 3
    assert roles == (["assistant"] if "role" in name else [])
    assert stream.outcome in ("error", "truncated")


async def test_after_the_first_token_nothing_is_tried_again(patient: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(
        Reply.error(500, "first"),
        Reply.sse([piece("Hel"), piece("lo")], disconnect=True, headers={"x-request-id": "r2"}),
    )
    stream = patient.stream("Hi")
    texts: list[str] = []

    async def read() -> None:
        async for text in stream.text():
            texts.append(text)

    with pytest.raises(StreamInterruptedError) as caught:
        await read()

    assert texts == ["Hel", "lo"]
    assert len(server.requests) == 2
    assert caught.value.partial.text == "Hello"
    first, second = caught.value.attempts
    assert (first.status, second.status, second.request_id) == (500, 200, "r2")
    assert second.error is not None
    assert second.error.startswith("StreamInterruptedError")


async def test_a_permanent_error_in_a_stream_is_not_tried_again(patient: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([{"error": {"message": "no", "type": "invalid_request_error", "code": 400}}]))

    with pytest.raises(StreamError):
        await patient.stream("Hi").completion()

    assert len(server.requests) == 1


async def test_time_to_the_first_token_is_limited_in_each_attempt(server: ChatServer) -> None:
    never = asyncio.Event()
    server.enqueue(Reply.sse([piece(role="assistant"), never]), WHOLE)
    limits = Timeouts(first_token=0.1)

    async with AsyncChatClient(base_url=server.base_url, model="m", retry=AT_ONCE, timeout=limits) as client:
        completion = await client.stream("Hi").completion()

    assert completion.text == "Hello"
    assert "first_token" in (completion.attempts[0].error or "")


async def test_an_answer_tells_what_it_took(patient: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.error(429, "slow down"), Reply.json(b"garbage"), Reply.text("Hello"))

    completion = await patient.create("Hi")

    assert [attempt.status for attempt in completion.attempts] == [429, 200, 200]
    assert [attempt.error and attempt.error.partition(":")[0] for attempt in completion.attempts] == [
        "RateLimitError",
        "ResponseDecodeError",
        None,
    ]
    assert completion.attempts[2].request_id == completion.request_id
    started = [attempt.started for attempt in completion.attempts]
    assert started == sorted(started)
    assert started[0] == completion.attempts[0].waited == 0
    assert pickle.loads(pickle.dumps(completion)).attempts == completion.attempts


async def test_an_error_tells_of_all_attempts(server: ChatServer) -> None:
    retry = RetryPolicy(initial_delay=0.01, jitter=0)
    server.enqueue(*[Reply.error(500, "oh")] * 3)
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=retry) as client:
        with pytest.raises(InternalServerError) as caught:
            await client.create("Hi")

    assert [attempt.waited for attempt in caught.value.attempts] == [0, 0.01, 0.02]
    assert pickle.loads(pickle.dumps(caught.value)).attempts == caught.value.attempts


async def test_a_hook_sees_each_retry_before_it_is_made(server: ChatServer) -> None:
    seen: list[tuple[str, float, int, int]] = []

    async def note(error: ChatError, delay: float) -> None:
        await asyncio.sleep(0)
        seen.append((type(error).__name__, delay, len(error.attempts), len(server.requests)))

    server.enqueue(Reply.error(500, "oh"), Reply.error(503, "oh"), Reply.text("Hello"))
    retry = RetryPolicy(initial_delay=0.01, jitter=0, before_retry=note)
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=retry) as client:
        await client.create("Hi")

    assert seen == [("InternalServerError", 0.01, 1, 1), ("InternalServerError", 0.02, 2, 2)]


async def test_what_a_hook_raises_ends_the_call(server: ChatServer) -> None:
    class EnoughError(Exception):
        pass

    def stop(error: ChatError, delay: float) -> None:
        raise EnoughError

    server.enqueue(*[Reply.error(500, "oh")] * 2)
    retry = RetryPolicy(initial_delay=0, before_retry=stop)
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=retry) as client:
        with pytest.raises(EnoughError):
            await client.create("Hi")
        with pytest.raises(EnoughError):
            await client.stream("Hi").completion()

    assert len(server.requests) == 2


def keys(*given: str) -> Iterable[str]:
    yield from given


@pytest.mark.parametrize("way", ["create", "stream"])
async def test_a_key_that_is_asked_for_is_asked_for_again_after_a_401_once(server: ChatServer, way: str) -> None:
    given = keys("old", "new", "newer")

    async def key() -> str:
        return next(given)  # type: ignore[call-overload,no-any-return]

    async def ask(client: AsyncChatClient) -> str:
        return (await (client.create("Hi") if way == "create" else client.stream("Hi").completion())).text

    server.enqueue(Reply.error(401, "expired"), Reply.text("Hello"), Reply.error(401, "no"), Reply.error(401, "no"))
    async with AsyncChatClient(base_url=server.base_url, model="m", api_key=key, max_retries=0) as client:
        assert await ask(client) == "Hello"
        given = keys("bad", "bad2")
        with pytest.raises(AuthenticationError) as caught:
            await ask(client)

    assert len(caught.value.attempts) == 2
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer old", "Bearer new", "Bearer bad", "Bearer bad2"]


async def test_a_key_that_is_a_text_is_not_tried_again_after_a_401(server: ChatServer) -> None:
    server.enqueue(Reply.error(401, "wrong"))
    async with AsyncChatClient(base_url=server.base_url, model="m", api_key="k", retry=AT_ONCE) as client:
        with pytest.raises(AuthenticationError):
            await client.create("Hi")

    assert len(server.requests) == 1


class Dying:
    """A server that hangs up on every request until it is healed, and counts what was sent to it."""

    def __init__(self) -> None:
        self.sends = 0
        self.is_healed = False

    async def __aenter__(self) -> Dying:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(length)
        self.sends += 1
        if self.is_healed:
            body = json.dumps({"choices": [{"index": 0, "message": {"content": "Hello"}}]}).encode()
            head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            writer.write(head + body)
            await writer.drain()
        writer.close()


@pytest.mark.parametrize("way", ["create", "stream"])
async def test_a_dead_server_is_not_stormed_and_a_healed_one_is_used_at_once(way: str) -> None:
    async def ask(client: AsyncChatClient) -> object:
        return await (client.create("Hi") if way == "create" else client.stream("Hi").completion())

    async with Dying() as server, AsyncChatClient(base_url=server.base_url, model="m", retry=AT_ONCE) as client:
        results = await asyncio.gather(*(ask(client) for _ in range(200)), return_exceptions=True)
        assert all(isinstance(result, APIConnectionError) for result in results)
        assert 200 < server.sends <= 235

        server.is_healed = True
        sends = server.sends
        healed = await asyncio.gather(*(ask(client) for _ in range(50)))
        assert len(healed) == 50
        assert server.sends == sends + 50


async def test_a_budget_of_nothing_means_no_retries(server: ChatServer) -> None:
    server.enqueue(Reply.error(500, "oh"))
    retry = RetryPolicy(initial_delay=0, budget=RetryBudget(capacity=0))
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=retry) as client:
        with pytest.raises(InternalServerError):
            await client.create("Hi")

    assert len(server.requests) == 1


async def test_a_wait_that_the_deadline_does_not_allow_is_not_begun(server: ChatServer) -> None:
    server.enqueue(Reply.error(503, "later", headers={"retry-after": "30"}))
    loop = asyncio.get_running_loop()
    async with AsyncChatClient(base_url=server.base_url, model="m", timeout=5) as client:
        start = loop.time()
        with pytest.raises(InternalServerError):
            await client.create("Hi")

    assert loop.time() - start < 2


async def test_total_runs_over_attempts_and_hooks_and_tells_of_the_attempts_before(server: ChatServer) -> None:
    async def linger(error: ChatError, delay: float) -> None:
        await asyncio.Event().wait()

    server.enqueue(Reply.error(500, "oh"))
    retry = RetryPolicy(initial_delay=0, before_retry=linger)
    async with AsyncChatClient(base_url=server.base_url, model="m", timeout=0.1, retry=retry) as client:
        with pytest.raises(APITimeoutError) as caught:
            await client.create("Hi")

    assert caught.value.phase == "total"
    assert [attempt.status for attempt in caught.value.attempts] == [500]


async def test_a_hook_may_stop_its_stream_or_close_the_client_and_nothing_is_waited_for(server: ChatServer) -> None:
    async def give_up(error: ChatError, delay: float) -> None:
        if isinstance(ending, ChatStream):
            ending.stop()
        else:
            await ending.aclose()

    server.enqueue(*[Reply.error(503, "later", headers={"retry-after": "60"})] * 2)
    retry = RetryPolicy(before_retry=give_up)
    client = AsyncChatClient(base_url=server.base_url, model="m", retry=retry)
    stream = client.stream("Hi")
    ending: ChatStream | AsyncChatClient = stream
    async with asyncio.timeout(5):
        assert (await stream.completion()).text == ""
        assert stream.outcome == "stopped"
        ending = client
        with pytest.raises(ClientClosedError):
            await client.create("Hi")


async def test_stopping_a_stream_ends_its_wait_for_another_attempt(server: ChatServer) -> None:
    waiting = asyncio.Event()

    def note(error: ChatError, delay: float) -> None:
        waiting.set()

    server.enqueue(Reply.error(503, "later", headers={"retry-after": "60"}))
    retry = RetryPolicy(before_retry=note)
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=retry) as client:
        stream: ChatStream = client.stream("Hi")
        reading = asyncio.create_task(stream.completion())
        await waiting.wait()
        stream.stop()
        assert (await reading).text == ""
        assert stream.outcome == "stopped"


async def test_a_call_that_waits_for_another_attempt_ends_when_the_client_is_closed(server: ChatServer) -> None:
    waiting = asyncio.Event()
    server.enqueue(Reply.error(503, "later", headers={"retry-after": "60"}))
    retry = RetryPolicy(before_retry=lambda error, delay: waiting.set())
    client = AsyncChatClient(base_url=server.base_url, model="m", retry=retry)
    call = asyncio.create_task(client.create("Hi"))
    await waiting.wait()
    await client.aclose()

    with pytest.raises(ClientClosedError):
        await call


async def test_an_empty_answer_is_tried_again(patient: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.json(b""), Reply.json(b"\n\n\n"), Reply.text("Hello"))

    assert (await patient.create("Hi")).text == "Hello"

    server.enqueue(*[Reply.json(b"")] * 3)
    with pytest.raises(ResponseDecodeError):
        await patient.create("Hi")


async def test_a_status_with_a_body_that_does_not_come_is_told_all_the_same(server: ChatServer) -> None:
    body = Reply.sse([b'{"error":{"message":"bad re', asyncio.Event()], status=400)
    server.enqueue(body)
    limits = Timeouts(headers=0.1, idle=0.2)
    async with AsyncChatClient(base_url=server.base_url, model="m", retry=AT_ONCE, timeout=limits) as client:
        with pytest.raises(BadRequestError, match="bad re"):
            await client.create("Hi")

    assert len(server.requests) == 1


async def test_a_flood_of_roles_before_the_first_token_is_not_kept_back_for_ever(server: ChatServer) -> None:
    server.enqueue(Reply.sse([*[piece(role="assistant")] * 5000, asyncio.Event()]))
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        stream = client.stream("Hi")
        assert (await anext(stream)).choices[0].delta.role == "assistant"
        stream.stop()
