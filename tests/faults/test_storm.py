"""Everything goes wrong at once, for one client."""

from __future__ import annotations

import asyncio

from chatsdk import AsyncChatClient, ChatCompletion, ChatError, Timeouts
from chatsdk.testing import FAULTS, FaultServer

from .checker import KEY, open_sockets, tasks_of_clients
from .rows import GOOD

PLAIN = [name for name in FAULTS if not name.startswith("tls_") and name not in ("deaf", "deaf_to_body")]


async def test_a_client_that_meets_all_faults_at_once_gives_an_answer_or_an_error_to_each_and_lives_on() -> None:
    sockets = open_sockets()
    async with FaultServer(*PLAIN, *PLAIN) as server:
        limits = Timeouts(total=2, headers=0.5, idle=0.5)
        async with AsyncChatClient(
            base_url=server.base_url, api_key=KEY, model="test", max_retries=0, timeout=limits
        ) as client:
            tasks = tasks_of_clients()
            calls = [client.create("Hi") for _ in PLAIN] + [client.stream("Hi").completion() for _ in PLAIN]
            results = await asyncio.gather(*calls, return_exceptions=True)

            assert [result for result in results if not isinstance(result, ChatCompletion | ChatError)] == []
            assert len([result for result in results if isinstance(result, ChatError)]) > len(PLAIN) // 2
            assert not [result for result in results if KEY in repr(result)]
            assert tasks_of_clients() == tasks

            patient = client.with_options(
                timeout=Timeouts(headers=0.5), max_retries=5
            )  # some kept connections are mute
            assert (await patient.create("Hi")).text == GOOD
        await server.wait_until(lambda: server.connections_live == 0)
    assert open_sockets() == sockets
