"""With retries, a caller doesn't notice a fault that passes; sends are counted where they arrive."""

from __future__ import annotations

import pytest

from chatsdk import APIConnectionError, AsyncChatClient, InternalServerError, RetryPolicy, StreamInterruptedError
from chatsdk.testing import FaultServer

from .checker import KEY
from .rows import GOOD, HALF


def client_of(server: FaultServer) -> AsyncChatClient:
    retry = RetryPolicy(max_retries=2, initial_delay=0)
    return AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test", retry=retry, timeout=10)


PASSING = [
    "reset_before_head",
    "close_in_head",
    "close_after_head",
    "garbage",
    "chunk_size_bad",
    "done_without_words",
    "error_with_200",
    "status_429_page",
    "status_500_binary",
    "status_503_gzip_not",
]


@pytest.mark.parametrize("call", ["create", "stream"])
@pytest.mark.parametrize("name", PASSING)
async def test_a_fault_that_passes_is_not_noticed(name: str, call: str) -> None:
    async with FaultServer(name, name) as server, client_of(server) as client:
        asked = client.create("Hi") if call == "create" else client.stream("Hi").completion()
        assert (await asked).text == GOOD
        assert server.sends == 3
        assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


async def test_a_fault_that_stays_is_raised_after_the_last_attempt() -> None:
    async with FaultServer(default="status_500_empty") as server, client_of(server) as client:
        with pytest.raises(InternalServerError):
            await client.create("Hi")
        assert server.sends == 3


async def test_a_stream_is_not_tried_again_after_its_first_words() -> None:
    async with FaultServer("reset_in_body") as server, client_of(server) as client:
        with pytest.raises(StreamInterruptedError) as caught:
            await client.stream("Hi").completion()
        assert caught.value.partial.text == HALF
        assert server.sends == 1


async def test_a_certificate_that_is_wrong_is_not_tried_again() -> None:
    async with FaultServer("tls_expired", tls=True) as server:
        retry = RetryPolicy(max_retries=2, initial_delay=0)
        async with AsyncChatClient(
            base_url=server.base_url, api_key=KEY, model="test", retry=retry, ssl_context=server.client_context
        ) as client:
            with pytest.raises(APIConnectionError, match="certificate"):
                await client.create("Hi")
        assert (server.connections_total, server.sends) == (1, 0)
