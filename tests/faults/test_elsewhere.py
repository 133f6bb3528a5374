"""What a server says must not lead a client astray: to other servers, or to telling one what another said."""

from __future__ import annotations

import pytest

from chatsdk import AsyncChatClient, RedirectError
from chatsdk.testing import Fault, FaultServer

from .checker import KEY, check_words
from .rows import GOOD


@pytest.mark.parametrize("call", ["create", "stream"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nothing_reaches_the_target_of_a_redirect(status: int, call: str) -> None:
    async with FaultServer() as target, FaultServer() as server:
        server.enqueue(Fault.answer(status=status, headers={"location": f"{target.base_url}/chat/completions"}))
        async with AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test") as client:
            with pytest.raises(RedirectError) as caught:
                await (client.create("Hi") if call == "create" else client.stream("Hi").completion())
            assert caught.value.location == f"{target.base_url}/chat/completions"
            check_words(caught.value)
            assert (await client.create("Hi")).text == GOOD
        assert server.sends == 2
    assert (target.connections_total, target.bytes_received) == (0, 0)


async def test_cookies_are_not_given_back() -> None:
    async with (
        FaultServer(default="cookies") as server,
        AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test") as client,
    ):
        for _ in range(2):
            assert (await client.create("Hi")).text == GOOD
    assert [request.headers.get("cookie") for request in server.requests] == [None, None]
