from __future__ import annotations

import pytest

from chatsdk import AsyncChatClient, NotFoundError, UsageError, system, user
from chatsdk.testing import DEMO_MODEL, ChatServer


@pytest.fixture
async def stored(client: AsyncChatClient) -> list[str]:
    """The ids of five stored completions, oldest first."""
    made = [
        await client.create([system("Be brief."), user(f"Echo {n}")], store=True, metadata={"odd": str(n % 2)})
        for n in range(5)
    ]
    return [completion.id for completion in made]


async def test_listing_goes_on_over_the_pages(client: AsyncChatClient, server: ChatServer, stored: list[str]) -> None:
    sent = len(server.requests)

    listed = [completion.id async for completion in client.stored.list(limit=2)]

    assert listed == stored
    assert [request.query for request in server.requests[sent:]] == [
        {"limit": "2"},
        {"limit": "2", "after": stored[1]},
        {"limit": "2", "after": stored[3]},
    ]


async def test_a_list_may_be_filtered_and_turned_round(client: AsyncChatClient, stored: list[str]) -> None:
    async def ids(**filters: object) -> list[str]:
        return [completion.id async for completion in client.stored.list(**filters)]  # type: ignore[arg-type]

    assert await ids(order="desc", limit=3) == stored[::-1]
    assert await ids(metadata={"odd": "1"}) == [stored[1], stored[3]]
    assert await ids(after=stored[2]) == stored[3:]
    assert await ids(model="no such model") == []


async def test_each_listed_completion_is_whole(client: AsyncChatClient, stored: list[str]) -> None:
    first = await anext(client.stored.list())

    assert first.raw["id"] == first.id == stored[0]
    assert first.text
    assert first.request_id


async def test_a_stored_completion_is_read_changed_and_deleted(client: AsyncChatClient, stored: list[str]) -> None:
    found = await client.stored.retrieve(stored[0])
    changed = await client.stored.update(stored[0], metadata={"seen": "yes"})
    deleted = await client.stored.delete(stored[0])

    assert found.metadata == {"odd": "0"}
    assert changed.metadata == {"seen": "yes"}
    assert (deleted.id, deleted.deleted) == (stored[0], True)
    with pytest.raises(NotFoundError):
        await client.stored.retrieve(stored[0])


async def test_the_messages_of_a_stored_completion(client: AsyncChatClient, stored: list[str]) -> None:
    messages = [message async for message in client.stored.messages(stored[1], limit=1)]

    assert [(message.role, message.content) for message in messages] == [("system", "Be brief."), ("user", "Echo 1")]


@pytest.mark.parametrize("wrong", ["", ".", "..", None, 7])
async def test_an_id_that_cannot_be_one_is_a_usage_error(client: AsyncChatClient, wrong: str) -> None:
    with pytest.raises(UsageError, match="id"):
        await client.stored.retrieve(wrong)


async def test_an_id_cannot_lead_out_of_its_place(client: AsyncChatClient, server: ChatServer) -> None:
    with pytest.raises(NotFoundError):
        await client.stored.retrieve("../../models?x=1")

    assert server.requests[-1].path.startswith("/v1/chat/completions/..%2F..%2Fmodels%3Fx")
    assert server.requests[-1].query == {}


async def test_models_are_listed_read_and_deleted(client: AsyncChatClient, server: ChatServer) -> None:
    assert [model.id async for model in client.models.list()] == [DEMO_MODEL]
    assert (await client.models.retrieve(DEMO_MODEL)).owned_by
    assert (await client.models.delete(DEMO_MODEL)).deleted
    with pytest.raises(NotFoundError):
        await client.models.retrieve(DEMO_MODEL)


async def test_a_list_in_the_wrong_place_is_an_error(server: ChatServer) -> None:
    async with AsyncChatClient(base_url=server.base_url + "/nowhere", model="m", max_retries=0) as lost:
        with pytest.raises(NotFoundError):
            await anext(lost.models.list())
