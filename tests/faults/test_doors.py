"""Before a connection is there: nobody listens, or nobody answers."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from chatsdk import APIConnectionError, APITimeoutError, AsyncChatClient, Timeouts
from chatsdk.testing import FaultServer

from .checker import KEY, check_words, open_sockets, tasks_of_clients
from .rows import GOOD, LIMIT


def client_of(server: FaultServer, **settings: Any) -> AsyncChatClient:
    return AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test", max_retries=0, **settings)


@pytest.mark.parametrize("call", ["create", "stream"])
async def test_a_server_that_is_down_is_an_error_at_once_and_no_matter_when_it_is_back(call: str) -> None:
    async with FaultServer() as server, client_of(server, timeout=2) as client:
        assert (await client.create("Hi")).text == GOOD  # leaves a connection, which dies with the server
        async with server.refusing():
            sockets, tasks = open_sockets(), tasks_of_clients()
            with pytest.raises(APIConnectionError) as caught:
                await (client.create("Hi") if call == "create" else client.stream("Hi").completion())
            assert not isinstance(caught.value, APITimeoutError)
            check_words(caught.value)
            assert open_sockets() <= sockets
            assert tasks_of_clients() == tasks
        assert (await client.create("Hi")).text == GOOD


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux leaves a client unanswered when a backlog is full")
@pytest.mark.parametrize("phase", ["connect", "total"])
async def test_a_server_that_does_not_answer_is_a_timeout_of_connecting(phase: str) -> None:
    async with FaultServer() as server, client_of(server, timeout=Timeouts(**{phase: LIMIT})) as client:
        async with server.unanswering():
            sockets, tasks = open_sockets(), tasks_of_clients()
            with pytest.raises(APITimeoutError) as caught:
                await client.create("Hi")
            assert caught.value.phase == phase
            check_words(caught.value)
            assert (open_sockets(), tasks_of_clients()) == (sockets, tasks)
        assert (await client.with_options(timeout=5).create("Hi")).text == GOOD
        assert server.connections_total == 1
