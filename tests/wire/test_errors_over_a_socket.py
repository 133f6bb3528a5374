"""The errors of each kind of server, from the socket to the caller: a plain call's, a stream's and a batch's."""

from __future__ import annotations

import pytest

from chatsdk import AsyncChatClient, ChatError
from chatsdk.testing import ChatServer, Reply
from tests.test_errors import SERVERS


@pytest.mark.parametrize("name", SERVERS)
async def test_an_error_is_told_the_same_wherever_it_is_met(
    client: AsyncChatClient, server: ChatServer, name: str
) -> None:
    status, headers, body, cls, facts = SERVERS[name]
    server.enqueue(*[Reply.json(body, status=status, headers={"x-request-id": None, **headers})] * 3)
    once = client.with_options(max_retries=0)

    with pytest.raises(cls) as plain:
        await once.create("Hi")
    with pytest.raises(cls) as streamed:
        await once.stream("Hi").completion()
    [result] = [result async for result in once.batch(["Hi"])]

    errors: list[ChatError | None] = [plain.value, streamed.value, result.error]
    for error in errors:
        assert type(error) is cls
        assert {fact: getattr(error, fact) for fact in facts} == facts
        assert "\n" not in str(error)
    assert len({str(error).partition(", request_id")[0] for error in errors}) == 1
