"""Stored completions over the wire: kept, listed in pages, filtered, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from chatsdk.testing import DEMO_MODEL, ChatServer, Reply

from .conftest import HELLO, Client

COMPLETIONS = "/chat/completions"


async def store(client: Client, count: int, **parameters: Any) -> list[str]:
    return [(await client.create(store=True, **parameters))["id"] for _ in range(count)]


async def listed(client: Client, query: str = "", path: str = COMPLETIONS) -> dict[str, Any]:
    status, page = await client.ask("GET", f"{path}?{query}")
    assert status == 200
    assert page["object"] == "list"
    assert (page["first_id"], page["last_id"]) == (
        (page["data"][0]["id"], page["data"][-1]["id"]) if page["data"] else (None, None)
    )
    return dict(page, ids=[item["id"] for item in page["data"]])


async def test_only_what_is_to_be_stored_is_stored(client: Client) -> None:
    await client.create()
    await client.create(store=False)
    (kept,) = await store(client, 1)
    assert (await listed(client))["ids"] == [kept]


async def test_a_stored_completion_has_its_answer_and_its_settings(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.text("Hi"))
    created = await client.create(model="x", store=True, temperature=0.5, metadata={"k": "v"}, user="u")
    _, kept = await client.ask("GET", f"{COMPLETIONS}/{created['id']}")
    assert created.items() <= kept.items()
    assert (kept["temperature"], kept["top_p"], kept["seed"]) == (0.5, 1.0, None)
    assert (kept["metadata"], kept["input_user"]) == ({"k": "v"}, "u")
    assert kept["request_id"].startswith("req_")


async def test_a_streamed_completion_is_stored_whole(server: ChatServer, client: Client) -> None:
    server.enqueue(Reply.text("Hello there"))
    chunks = await client.chunks(store=True)
    _, kept = await client.ask("GET", f"{COMPLETIONS}/{chunks[0]['id']}")
    assert kept["object"] == "chat.completion"
    assert kept["choices"][0]["message"]["content"] == "Hello there"


@pytest.mark.parametrize(
    ("query", "positions", "has_more"),
    [
        ("", list(range(20)), True),
        ("limit=3", [0, 1, 2], True),
        ("limit=25", list(range(25)), False),
        ("limit=100", list(range(25)), False),
        ("order=desc&limit=2", [24, 23], True),
        ("after={22}", [23, 24], False),
        ("after={24}", [], False),
        ("order=desc&after={2}&limit=1", [1], True),
    ],
)
async def test_a_page_holds_what_is_asked_for(client: Client, query: str, positions: list[int], has_more: bool) -> None:
    ids = await store(client, 25)
    for position, completion_id in enumerate(ids):
        query = query.replace(f"{{{position}}}", completion_id)
    page = await listed(client, query)
    assert page["ids"] == [ids[position] for position in positions]
    assert page["has_more"] is has_more


async def test_a_list_is_filtered_by_model_and_metadata(server: ChatServer, client: Client) -> None:
    first, second = await store(client, 2, metadata={"team": "a", "x y": "ü"})
    server.enqueue(Reply.text("Hi"))
    (third,) = await store(client, 1, model="other", metadata={"team": "b"})

    assert (await listed(client, f"model={DEMO_MODEL}"))["ids"] == [first, second]
    assert (await listed(client, "model=other"))["ids"] == [third]
    assert (await listed(client, "metadata[team]=a"))["ids"] == [first, second]
    assert (await listed(client, "metadata%5Bteam%5D=a&metadata%5Bx+y%5D=%C3%BC&limit=1"))["ids"] == [first]
    assert (await listed(client, "metadata[team]=c"))["ids"] == []


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("limit=0", 400, "limit"),
        ("limit=many", 400, "limit"),
        ("order=up", 400, "order"),
        ("after=nobody", 404, "after"),
    ],
)
async def test_a_senseless_page_is_turned_away(client: Client, query: str, status: int, param: str) -> None:
    found, body = await client.ask("GET", f"{COMPLETIONS}?{query}")
    assert (found, body["error"]["param"]) == (status, param)


async def test_metadata_can_be_replaced(client: Client) -> None:
    (kept,) = await store(client, 1, metadata={"old": "1"})
    _, updated = await client.ask("POST", f"{COMPLETIONS}/{kept}", json={"metadata": {"new": "2"}})
    assert updated["metadata"] == {"new": "2"}
    assert (await client.ask("GET", f"{COMPLETIONS}/{kept}"))[1] == updated

    status, body = await client.ask("POST", f"{COMPLETIONS}/{kept}", json={})
    assert (status, body["error"]["param"]) == (400, "metadata")


async def test_what_is_deleted_is_gone(client: Client) -> None:
    first, second = await store(client, 2)
    _, deleted = await client.ask("DELETE", f"{COMPLETIONS}/{first}")
    assert deleted == {"object": "chat.completion.deleted", "id": first, "deleted": True}
    assert (await listed(client))["ids"] == [second]
    assert (await client.ask("DELETE", f"{COMPLETIONS}/{first}"))[0] == 404


async def test_the_messages_of_the_prompt_are_listed_in_pages(client: Client) -> None:
    parts = [{"type": "text", "text": "Hi"}]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts, "name": "ann"}]
    (kept,) = await store(client, 1, messages=[*messages, *HELLO["messages"]])

    path = f"{COMPLETIONS}/{kept}/messages"
    page = await listed(client, path=path)
    assert page["ids"] == [f"{kept}-0", f"{kept}-1", f"{kept}-2"]
    system, user, _ = page["data"]
    assert (system["role"], system["content"], system["content_parts"]) == ("system", "Be brief.", None)
    assert (user["name"], user["content"], user["content_parts"]) == ("ann", None, parts)

    assert (await listed(client, "order=desc&limit=1", path))["ids"] == [f"{kept}-2"]
    assert (await listed(client, f"after={kept}-1", path))["ids"] == [f"{kept}-2"]
