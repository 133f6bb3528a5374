"""A caller who gives up in the middle of a fault leaves nothing behind either."""

from __future__ import annotations

import asyncio

import pytest

from chatsdk import AsyncChatClient
from chatsdk.testing import FAULTS, FaultServer

from .checker import KEY, open_sockets, tasks_of_clients
from .rows import GOOD

STALLS = [name for name in FAULTS if name.startswith("stall_")]
FOREVER = [name for name in FAULTS if name.endswith("_forever") and not name.startswith(("header", "status"))]


@pytest.mark.parametrize("call", ["create", "stream"])
@pytest.mark.parametrize("name", [*STALLS, *FOREVER, "tls_stall", "drip_head", "deaf"])
async def test_a_call_that_is_cancelled_frees_its_socket(name: str, call: str) -> None:
    sockets = open_sockets()
    async with FaultServer(name, tls=name.startswith("tls_")) as server:
        context = server.client_context if name.startswith("tls_") else None
        async with AsyncChatClient(
            base_url=server.base_url, api_key=KEY, model="test", max_retries=0, ssl_context=context
        ) as client:
            tasks = tasks_of_clients()
            work = client.create("Hi") if call == "create" else client.stream("Hi").completion()
            task = asyncio.create_task(work)
            await server.wait_until(lambda: server.connections_total == 1)
            if name != "deaf":
                await server.wait_until(lambda: server.sends == 1)
            for _ in range(20):  # turns of the loop: far enough into the answer
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

            await server.wait_until(lambda: server.connections_live == 0 or is_over(task))
            assert tasks_of_clients() == tasks
            if not is_over(task):
                assert (await client.create("Hi")).text == GOOD
    assert open_sockets() == sockets


def is_over(task: asyncio.Task[object]) -> bool:
    """Whether the answer was whole before the cancelling came, and its connection is kept."""
    return not task.cancelled()
