"""A server cannot make a client wait for ever, nor fill its memory, nor its stack."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from typing import Any

import pytest

import chatsdk
from chatsdk import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncChatClient,
    ChatError,
    ResponseDecodeError,
    ResponseTooLargeError,
    Timeouts,
)
from chatsdk.testing import ChatServer, Reply, completion_payload

from .canary import KEY, assert_clean, error_of
from .network import Speaker

MIB = 1 << 20


def client_of(base_url: str, **settings: Any) -> AsyncChatClient:
    return AsyncChatClient(base_url=base_url, api_key=KEY, model="m", max_retries=0, **settings)


def chunk(**delta: object) -> dict[str, object]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta}]}


def test_the_default_limits() -> None:
    limits = chatsdk.SizeLimits()
    assert (limits.event, limits.body, limits.error_body) == (128 * MIB, 256 * MIB, 64 * 1024)


# -- bytes


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1001\r\n\r\n"
    limits = chatsdk.SizeLimits(body=1000)
    async with Speaker(answer) as server, client_of(server.base_url, size_limits=limits) as client:
        error = await error_of(asyncio.wait_for(client.create("Hi"), 5))

    assert isinstance(error, ResponseTooLargeError)
    assert "1000" in str(error)


async def test_a_body_without_a_length_is_read_up_to_the_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    limits = chatsdk.SizeLimits(body=MIB)
    async with (
        Speaker(head, endlessly=b"1" * 65536) as server,
        client_of(server.base_url, size_limits=limits) as client,
    ):
        error = await error_of(asyncio.wait_for(client.create("Hi"), 5))

    assert isinstance(error, ResponseTooLargeError)
    assert len(error.body) <= 500


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_inflated_bytes_count(server: ChatServer, encoding: str) -> None:
    plain = b'{"choices":[],"x":"' + b"0" * (64 * MIB) + b'"}'
    packed = gzip.compress(plain, 1) if encoding == "gzip" else zlib.compress(plain, 1)
    server.enqueue(Reply.json(packed, headers={"content-encoding": encoding}))
    del plain
    async with client_of(server.base_url, size_limits=chatsdk.SizeLimits(body=MIB)) as client:
        tracemalloc.start()
        try:
            error = await error_of(client.create("Hi"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert isinstance(error, ResponseTooLargeError)
    assert peak < 24 * MIB


async def test_of_an_errors_body_only_the_beginning_is_read() -> None:
    head = b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nfirst words "
    async with Speaker(head, endlessly=b"1" * 65536) as server, client_of(server.base_url) as client:
        error = await error_of(asyncio.wait_for(client.create("Hi"), 5))

    assert isinstance(error, APIStatusError)
    assert error.status == 500
    assert error.body.startswith(b"first words")
    assert len(error.body) <= 64 * 1024
    assert len(str(error)) < 1000


async def test_an_event_is_read_up_to_the_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: "
    limits = chatsdk.SizeLimits(event=MIB)
    async with (
        Speaker(head, endlessly=b"1" * 65536) as server,
        client_of(server.base_url, size_limits=limits) as client,
    ):
        error = await error_of(asyncio.wait_for(client.stream("Hi").completion(), 5))

    assert isinstance(error, ResponseTooLargeError)
    assert len(error.body) <= 500


async def test_comments_are_dropped_as_they_come_and_end_with_the_idle_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    limits = chatsdk.SizeLimits(event=1000)
    async with (
        Speaker(head, endlessly=b": ping\n\n") as server,
        client_of(server.base_url, size_limits=limits, timeout=Timeouts(idle=0.2)) as client,
    ):
        error = await error_of(asyncio.wait_for(client.stream("Hi").completion(), 5))

    assert isinstance(error, APITimeoutError)
    assert error.phase == "idle"


HEADS = {
    "a long header": b"X-Long: " + b"a" * 20_000 + b"\r\n",
    "many headers": b"".join(b"X-%d: 1\r\n" % number for number in range(1000)),
    "a long status": b"",
}


@pytest.mark.parametrize("fields", HEADS.values(), ids=HEADS)
async def test_a_head_that_is_too_large_is_our_error(fields: bytes) -> None:
    reason = b"OK" if fields else b"O" * 20_000
    async with (
        Speaker(b"HTTP/1.1 200 " + reason + b"\r\n" + fields + b"Content-Length: 0\r\n\r\n") as server,
        client_of(server.base_url) as client,
    ):
        error = await error_of(asyncio.wait_for(client.create("Hi"), 5))

    assert isinstance(error, APIConnectionError)
    assert len(str(error)) < 1000
    assert_clean(error)


async def test_interim_answers_without_end_end_with_the_limit_of_the_head() -> None:
    async with (
        Speaker(b"", endlessly=b"HTTP/1.1 102 Processing\r\n\r\n") as server,
        client_of(server.base_url, timeout=Timeouts(headers=0.2)) as client,
    ):
        error = await error_of(asyncio.wait_for(client.create("Hi"), 5))

    assert isinstance(error, ChatError)


# -- what the bytes say


@pytest.mark.parametrize("content_type", ["text/html", "application/octet-stream", "image/png"])
async def test_the_content_type_is_looked_at(server: ChatServer, content_type: str) -> None:
    server.enqueue(*[Reply.json(b"<html>", headers={"content-type": content_type})] * 2)
    async with client_of(server.base_url) as client:
        assert isinstance(await error_of(client.create("Hi")), ResponseDecodeError)
        assert isinstance(await error_of(client.stream("Hi").completion()), ResponseDecodeError)


@pytest.mark.parametrize("cut", [20, 60])
async def test_the_end_of_gzip_is_looked_at(server: ChatServer, cut: int) -> None:
    packed = gzip.compress(completion_payload_bytes("Hello " * 1000))
    server.enqueue(Reply.json(packed[:-cut], headers={"content-encoding": "gzip"}))
    async with client_of(server.base_url) as client:
        error = await error_of(client.create("Hi"))

    assert isinstance(error, ResponseDecodeError | APIConnectionError)


@pytest.mark.parametrize("encoding", ["compress", "x-unknown", "gzip, gzip"])
async def test_an_encoding_that_cannot_be_read_is_our_error(server: ChatServer, encoding: str) -> None:
    packed = gzip.compress(completion_payload_bytes("Hello"))
    server.enqueue(Reply.json(packed, headers={"content-encoding": encoding}))
    async with client_of(server.base_url) as client:
        assert isinstance(await error_of(client.create("Hi")), ResponseDecodeError | APIConnectionError)


async def test_a_stream_asks_for_no_encoding(server: ChatServer) -> None:
    async with client_of(server.base_url) as client:
        await client.stream("Hi").completion()

    assert server.requests[-1].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("index", [-1, 128, 2**31, 2**70])
async def test_an_index_out_of_bounds_makes_no_list_of_that_length(server: ChatServer, index: int) -> None:
    call = {"index": index, "id": "t", "function": {"name": "f", "arguments": "{}"}}
    for piece in (
        {"id": "c", "choices": [{"index": index, "delta": {"content": "x"}}]},
        chunk(tool_calls=[call]),
    ):
        server.enqueue(Reply.sse([piece, b"data: [DONE]\n\n"]))
        async with client_of(server.base_url) as client:
            assert isinstance(await error_of(client.stream("Hi").completion()), ResponseDecodeError)


NESTED = {"arrays": b"[" * 100_000, "objects": b'{"a":' * 100_000}


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("status", [200, 400])
async def test_deep_nesting_is_our_error(server: ChatServer, nested: bytes, status: int) -> None:
    body = b'{"choices":' + nested
    server.enqueue(Reply.json(body, status=status), Reply.sse([b"data: " + body + b"\n\n"]))
    async with client_of(server.base_url) as client:
        assert isinstance(await error_of(client.create("Hi")), ResponseDecodeError if status == 200 else APIStatusError)
        assert isinstance(await error_of(client.stream("Hi").completion()), ResponseDecodeError)


async def test_deep_nesting_in_what_nobody_knows_is_passed_over_or_our_error(server: ChatServer) -> None:
    depth = 100_000
    body = completion_payload_bytes("Hello")[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
    server.enqueue(Reply.json(body))
    async with client_of(server.base_url) as client:
        try:
            completion = await client.create("Hi")
        except ResponseDecodeError:
            return
        assert completion.text == "Hello"


ODD = [
    (b"\\ud83d", "half a character"),
    (b"\\u0000", "a NUL"),
    (b"\xff\xfe", "no UTF-8"),
]


@pytest.mark.parametrize(("text", "what"), ODD, ids=[what for _, what in ODD])
async def test_odd_characters_give_an_answer_that_can_be_sent_on_or_our_error(
    server: ChatServer, text: bytes, what: str
) -> None:
    body = completion_payload_bytes("Hello").replace(b"Hello", b"Hello " + text)
    server.enqueue(Reply.json(body))
    async with client_of(server.base_url) as client:
        try:
            completion = await client.create("Hi")
        except ResponseDecodeError:
            return
        assert completion.text is not None
        assert completion.text.startswith("Hello ")
        completion.text.encode()
        chatsdk.to_json(completion)


async def test_fields_that_nobody_knows_are_tolerated(server: ChatServer) -> None:
    body = completion_payload_bytes("Hello")[:-1] + b',"brand_new":{"a":[1,2,{"b":null}]}}'
    server.enqueue(Reply.json(body))
    async with client_of(server.base_url) as client:
        assert (await client.create("Hi")).text == "Hello"


def completion_payload_bytes(text: str) -> bytes:
    return chatsdk.to_json(completion_payload(text))
