"""What a test scripts is what a client gets."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import aiohttp
import msgspec
import pytest

from chatsdk.testing import DEMO_MODEL, ChatServer, RecordedRequest, Reply, sse_body

from .conftest import HELLO, Client


def content_of(chunks: list[dict[str, Any]]) -> list[str]:
    return [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]


async def test_text_answers_as_the_request_asks(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.text("Hello there", finish_reason="content_filter"), Reply.text("Hello there"))

    completion = await client.create(model="some-model")
    assert completion["model"] == "some-model"
    assert completion["choices"][0]["message"]["content"] == "Hello there"
    assert completion["choices"][0]["finish_reason"] == "content_filter"

    chunks = await client.chunks(model="some-model")
    assert content_of(chunks) == ["", "Hello", " there", None]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


async def test_replies_are_given_in_order_then_the_demo_model_speaks(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.text("one"), Reply.text("two"))
    server.enqueue(Reply.text("three"))
    said = [(await client.create())["choices"][0]["message"]["content"] for _ in range(3)]
    assert said == ["one", "two", "three"]
    assert server.pending == 0
    assert (await client.create())["model"] == DEMO_MODEL


async def test_only_new_completions_take_replies(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.error(500, "oops"))
    assert (await client.ask("GET", "/models"))[0] == 200
    assert (await client.ask("POST", "/chat/completions", json=HELLO))[0] == 500


async def test_a_tool_call_answers_as_the_request_asks(server: ChatServer, client: Client) -> None:
    reply = Reply.tool_call("get_weather", {"city": "Rome"})
    server.enqueue(reply, reply)

    choice = (await client.create())["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"
    assert call["function"] == {"name": "get_weather", "arguments": '{"city":"Rome"}'}

    chunks = await client.chunks()
    fragments = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert fragments[0]["function"] == {"name": "get_weather", "arguments": ""}
    assert len(fragments) > 2
    assert "".join(fragment["function"]["arguments"] for fragment in fragments) == '{"city":"Rome"}'
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_several_calls_stand_beside_words(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.tool_calls([("a", {"x": 1}), ("b", "no json")], text="One moment."))
    message = (await client.create())["choices"][0]["message"]
    assert message["content"] == "One moment."
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == ['{"x":1}', "no json"]
    assert len({call["id"] for call in message["tool_calls"]}) == 2


async def test_a_custom_call_has_input(server: ChatServer, client: Client) -> None:
    reply = Reply.custom_call("shell", "ls -l")
    server.enqueue(reply, reply)
    (call,) = (await client.create())["choices"][0]["message"]["tool_calls"]
    assert (call["type"], call["custom"]) == ("custom", {"name": "shell", "input": "ls -l"})

    deltas = [chunk["choices"][0]["delta"] for chunk in await client.chunks()]
    fragments = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert "".join(fragment["custom"]["input"] for fragment in fragments) == "ls -l"


async def test_reasoning_and_refusal_come_in_their_own_fields(server: ChatServer, client: Client) -> None:
    thinking, declining = Reply.text("42", reasoning="Let me think."), Reply.refusal("I will not.")
    server.enqueue(thinking, declining, thinking, declining)
    assert (await client.create())["choices"][0]["message"]["reasoning_content"] == "Let me think."
    message = (await client.create())["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "I will not.")

    deltas = [chunk["choices"][0]["delta"] for chunk in await client.chunks()]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "Let me think."
    deltas = [chunk["choices"][0]["delta"] for chunk in await client.chunks()]
    assert "".join(delta.get("refusal") or "" for delta in deltas) == "I will not."


async def test_choices_can_differ(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.choices(Reply.text("a"), Reply.tool_call("b", {})))
    choices = (await client.create(n=3))["choices"]
    assert [choice["finish_reason"] for choice in choices] == ["stop", "tool_calls", "stop"]


async def test_an_error_is_the_apis_error_object(server: ChatServer, session: aiohttp.ClientSession) -> None:
    server.enqueue(
        Reply.error(429, "slow down", type="requests", code="rate_limit_exceeded", headers={"retry-after": "1"})
    )
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
        error = {"message": "slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
        assert await response.json() == {"error": error}


@pytest.mark.parametrize(("status", "kind"), [(400, "invalid_request_error"), (429, "requests"), (503, "server_error")])
async def test_an_error_without_a_type_has_the_usual_one(
    server: ChatServer, client: Client, status: int, kind: str
) -> None:
    server.enqueue(Reply.error(status, "no", param="p"))
    _, body = await client.ask("POST", "/chat/completions", json=HELLO)
    assert (body["error"]["type"], body["error"]["param"]) == (kind, "p")


async def test_verbatim_bodies_are_sent_whatever_was_asked(server: ChatServer, session: aiohttp.ClientSession) -> None:
    server.enqueue(
        Reply.json({"a": [1, None]}),
        Reply.json(b"<html>", status=502, headers={"Content-Type": "text/html"}),
        Reply.json(b"", status=200),
    )
    answers = []
    for _ in range(3):
        async with session.post(server.base_url + "/chat/completions", data=b"not json") as response:
            answers.append((response.status, response.content_type, await response.read()))
    assert answers == [
        (200, "application/json", b'{"a":[1,null]}'),
        (502, "text/html", b"<html>"),
        (200, "application/json", b""),
    ]


async def test_a_header_of_none_takes_the_usual_one_away(server: ChatServer, session: aiohttp.ClientSession) -> None:
    server.enqueue(Reply.text("x", headers={"X-Request-Id": None, "x-ratelimit-reset-tokens": "9s"}))
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        assert "x-request-id" not in response.headers
        assert response.headers.getall("x-ratelimit-reset-tokens") == ["9s"]


async def test_verbatim_pieces_are_read_as_they_were_written(
    server: ChatServer, session: aiohttp.ClientSession
) -> None:
    gates = [asyncio.Event(), asyncio.Event(), asyncio.Event()]
    pieces: list[Any] = [gates[0], b"data: {", gates[1], '"a": 1}\n\n', gates[2], {"b": 2}]
    server.enqueue(Reply.sse(pieces, headers={"x-test": "1"}))

    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        assert response.headers["x-test"] == "1", "the head comes before the first gate"
        read = []
        for gate in gates:
            gate.set()
            read.append(await response.content.readany())
        assert await response.read() == b""
    assert read == [b"data: {", b'"a": 1}\n\n', b'data: {"b":2}\n\n']


async def test_a_stream_can_be_cut_within_its_framing(server: ChatServer, session: aiohttp.ClientSession) -> None:
    server.enqueue(Reply.sse([sse_body(["Hel"], finish=False)], disconnect=True))
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        assert b'"Hel"' in await response.content.readany()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readany()
    assert server.aborted == 0, "it was the server that left"


async def test_a_body_can_be_shorter_than_its_length(server: ChatServer, session: aiohttp.ClientSession) -> None:
    headers = {"content-type": "application/json", "content-length": "1000"}
    server.enqueue(Reply.sse([b'{"id": '], headers=headers, disconnect=True))
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_body_can_come_compressed(server: ChatServer, session: aiohttp.ClientSession) -> None:
    zipped = gzip.compress(b"data: {}\n\n")
    server.enqueue(Reply.sse([zipped[:9], zipped[9:]], headers={"content-encoding": "gzip"}))
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        assert await response.read() == b"data: {}\n\n"


async def test_a_connection_can_end_without_an_answer(server: ChatServer, session: aiohttp.ClientSession) -> None:
    server.enqueue(Reply.disconnect())
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await session.post(server.base_url + "/chat/completions", json=HELLO)
    assert len(server.requests) == 1


async def test_a_gate_in_a_text_holds_back_the_rest_of_the_stream(
    server: ChatServer, session: aiohttp.ClientSession
) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.text(["Hel", gate, "lo"]))
    async with session.post(server.base_url + "/chat/completions", json=HELLO | {"stream": True}) as response:
        body = b""
        while b'"Hel"' not in body:
            body += await response.content.readany()
        assert not response.content.is_eof()
        gate.set()
        assert b'"lo"' in await response.content.read()


async def test_a_gate_in_a_text_holds_back_all_of_a_one_shot_answer(server: ChatServer, client: Client) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.text(["Hel", gate, "lo"]))
    call = asyncio.create_task(client.create())
    await server.wait_until(lambda: server.requests)
    assert not call.done()
    gate.set()
    assert (await call)["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.parametrize("reply", [Reply.text("x"), Reply.json({}), Reply.sse([b""]), Reply.error(500, "x")])
async def test_nothing_is_sent_before_a_gate_that_a_reply_comes_after(
    server: ChatServer, session: aiohttp.ClientSession, reply: Reply
) -> None:
    gate = asyncio.Event()
    server.enqueue(reply.after(gate))
    call = asyncio.create_task(session.post(server.base_url + "/chat/completions", json=HELLO))
    await server.wait_until(lambda: server.requests)
    assert not call.done()
    gate.set()
    async with await call as response:
        await response.read()


async def test_a_callback_sees_the_request_and_makes_the_reply(server: ChatServer, client: Client) -> None:
    def shout(request: RecordedRequest) -> Reply | None:
        if request.json["model"] == "demo":
            return None
        return Reply.text(request.json["messages"][-1]["content"].upper())

    server.respond(shout)
    server.enqueue(Reply.text("scripted first"))
    said = [(await client.create(model=m))["choices"][0]["message"]["content"] for m in ("m", "m", "demo")]
    assert said[:2] == ["scripted first", "HELLO"]
    assert DEMO_MODEL in said[2]

    server.respond(None)
    assert (await client.create())["model"] == DEMO_MODEL


async def test_what_is_no_reply_is_an_error_in_the_test(server: ChatServer) -> None:
    with pytest.raises(TypeError, match=r"Reply\.text"):
        server.enqueue("Hello")  # type: ignore[arg-type]


async def test_a_callback_that_fails_is_a_logged_500(
    server: ChatServer, session: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond(lambda _: "Hello")  # type: ignore[arg-type, return-value]
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        assert response.status == 500
    assert "made by one of its methods" in caplog.text


async def test_an_invalid_request_spends_a_models_words(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.text("never said"))
    status, body = await client.ask("POST", "/chat/completions", json={"model": "m"})
    assert (status, body["error"]["param"]) == (400, "messages")
    assert server.pending == 0


def test_a_recorded_body_that_is_no_json_says_so() -> None:
    with pytest.raises(msgspec.DecodeError):
        _ = RecordedRequest("POST", "/", {}, {}, b"{").json
