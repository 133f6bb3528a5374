"""Users of aiohttp know aioresponses: this is how it mocks our client."""

from __future__ import annotations

from aioresponses import aioresponses

from chatsdk import AsyncChatClient
from chatsdk.testing import MockedResponse, completion_payload, sse_body

URL = "https://api.example.com/v1/chat/completions"


async def test_a_one_shot_call_can_be_mocked() -> None:
    with aioresponses() as mocked:
        mocked.post(URL, payload=completion_payload("Hello!"), response_class=MockedResponse)
        async with AsyncChatClient(base_url="https://api.example.com/v1", model="m") as client:
            completion = await client.create("Say hello.")

        mocked.assert_called_once()
    assert completion.text == "Hello!"


async def test_a_stream_can_be_mocked() -> None:
    with aioresponses() as mocked:
        body, kind = sse_body(["Hel", "lo!"]), "text/event-stream"
        mocked.post(URL, body=body, content_type=kind, response_class=MockedResponse)
        async with AsyncChatClient(base_url="https://api.example.com/v1", model="m") as client:
            stream = client.stream("Say hello.")
            pieces = [text async for text in stream.text()]

    assert pieces == ["Hel", "lo!"]
    assert stream.outcome == "complete"


async def test_a_status_and_a_connection_error_can_be_mocked() -> None:
    from aiohttp import ClientConnectionError

    from chatsdk import RetryPolicy

    retry = RetryPolicy(initial_delay=0)
    with aioresponses() as mocked:
        mocked.post(URL, status=503, payload={"error": {"message": "later"}}, response_class=MockedResponse)
        mocked.post(URL, exception=ClientConnectionError("gone"))
        mocked.post(URL, payload=completion_payload("Hello!"), response_class=MockedResponse)
        async with AsyncChatClient(base_url="https://api.example.com/v1", model="m", retry=retry) as client:
            assert (await client.create("Say hello.")).text == "Hello!"
