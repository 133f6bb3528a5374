"""aioresponses with our response class and our bodies, read by bare aiohttp."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aioresponses import CallbackResult, aioresponses

from chatsdk.testing import DEMO_MODEL, MockedResponse, Reply, _aioresponses, completion_payload, sse_body

from .conftest import read_events

URL = "https://api.example/v1/chat/completions"


@pytest.fixture
def mocked() -> Iterator[aioresponses]:
    with aioresponses() as mocked:
        yield mocked


async def test_a_one_shot_answer_can_be_mocked(mocked: aioresponses, session: aiohttp.ClientSession) -> None:
    payload = completion_payload("Hello")
    mocked.post(URL, payload=payload, headers={"x-request-id": "req_1"}, response_class=MockedResponse)
    async with session.post(URL, json={}) as response:
        assert response.status == 200
        assert response.headers["x-request-id"] == "req_1"
        assert await response.json() == payload


async def test_a_stream_can_be_mocked(mocked: aioresponses, session: aiohttp.ClientSession) -> None:
    body = sse_body(["Hel", "lo"])
    mocked.post(URL, body=body, content_type="text/event-stream", response_class=MockedResponse)
    async with session.post(URL, json={}) as response:
        assert response.content_type == "text/event-stream"
        assert b"".join([piece async for piece in response.content.iter_any()]) == body


async def test_an_error_can_be_mocked(mocked: aioresponses, session: aiohttp.ClientSession) -> None:
    mocked.post(URL, status=429, payload={"error": {}}, response_class=MockedResponse)
    async with session.post(URL, json={}) as response:
        with pytest.raises(aiohttp.ClientResponseError, match="429"):
            response.raise_for_status()


async def test_a_callback_can_name_the_class_too(mocked: aioresponses, session: aiohttp.ClientSession) -> None:
    def answer(url: Any, **options: Any) -> CallbackResult:
        return CallbackResult(payload=completion_payload(options["json"]["model"]), response_class=MockedResponse)

    mocked.post(URL, callback=answer)
    async with session.post(URL, json={"model": "m"}) as response:
        assert (await response.json())["choices"][0]["message"]["content"] == "m"


@pytest.mark.parametrize(
    ("wants_writer", "given", "passed_on"),
    [
        (True, {"writer": None}, {"writer", "stream_writer"}),
        (True, {"stream_writer": 1}, {"stream_writer"}),
        (False, {"writer": None}, {"writer"}),
    ],
)
def test_only_what_aiohttp_wants_and_nobody_gave_is_added(
    monkeypatch: pytest.MonkeyPatch, wants_writer: bool, given: dict[str, Any], passed_on: set[str]
) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(aiohttp.ClientResponse, "__init__", lambda self, **options: seen.update(options))
    monkeypatch.setattr(_aioresponses, "_WANTS_WRITER", wants_writer)
    MockedResponse(**given)
    assert seen.keys() == passed_on
    assert given.items() <= seen.items()


def test_a_payload_is_what_the_server_would_send() -> None:
    payload = completion_payload("Hello there", model="m", n=2)
    assert (payload["object"], payload["model"]) == ("chat.completion", "m")
    assert [choice["message"]["content"] for choice in payload["choices"]] == ["Hello there"] * 2
    assert payload["usage"]["completion_tokens"] == 4

    (call,) = completion_payload(Reply.tool_call("add", {"a": 1}))["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "add", "arguments": '{"a":1}'}


def test_a_body_has_a_chunk_for_each_piece() -> None:
    *chunks, last = read_events(sse_body(["Hel", "lo"], usage=True))
    assert {chunk["model"] for chunk in chunks} == {DEMO_MODEL}
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks] == ["", "Hel", "lo", None]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] == 2


def test_a_body_can_break_off() -> None:
    body = sse_body(["Hel", "lo"], usage=True, finish=False)
    assert body.endswith(b"\n\n")
    assert b'"content":"lo"' in body
    assert b"[DONE]" not in body
    assert b'"stop"' not in body
    assert b"total_tokens" not in body


def test_a_body_can_hold_calls() -> None:
    chunks = read_events(sse_body(Reply.tool_call("add", {"a": 1})))
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
