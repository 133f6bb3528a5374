from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chatsdk import AsyncChatClient, BadRequestError, Conversation, StreamInterruptedError, UsageError, tool
from chatsdk.testing import ChatServer, Reply


def contents(server: ChatServer) -> list[str]:
    return [message["content"] for message in server.requests[-1].json["messages"]]


async def test_a_turn_adds_what_was_said_and_what_was_answered(client: AsyncChatClient, server: ChatServer) -> None:
    conversation = Conversation(client, system="Be brief.", temperature=0)
    server.enqueue(Reply.text("Hello Ann."), Reply.text("Ann."))

    await conversation.create("I am Ann.")
    completion = await conversation.create("Who am I?", temperature=1)

    assert completion.text == "Ann."
    assert contents(server) == ["Be brief.", "I am Ann.", "Hello Ann.", "Who am I?"]
    assert [request.json["temperature"] for request in server.requests] == [0, 1]
    assert len(conversation.messages) == 5


async def test_a_streamed_turn_is_added_when_it_has_come_whole(client: AsyncChatClient, server: ChatServer) -> None:
    conversation = Conversation(client)
    server.enqueue(Reply.text("Hello Ann."), Reply.text("Ann."))

    async with conversation.stream("I am Ann.") as stream:
        assert conversation.messages == []
        pieces = [text async for text in stream.text()]
    await conversation.stream("Who am I?").completion()

    assert "".join(pieces) == "Hello Ann."
    assert contents(server) == ["I am Ann.", "Hello Ann.", "Who am I?"]
    assert len(conversation.messages) == 4


async def test_a_turn_that_fails_or_is_left_changes_nothing(client: AsyncChatClient, server: ChatServer) -> None:
    conversation = Conversation(client)
    word = {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}
    server.enqueue(Reply.error(400, "no"), Reply.sse([word]), Reply.sse([word, asyncio.Event()]))

    with pytest.raises(BadRequestError):
        await conversation.create("Hi")
    with pytest.raises(StreamInterruptedError):
        await conversation.stream("Hi").completion()
    async with conversation.stream("Hi") as stream:
        assert await anext(stream.text()) == "Hel"
    with pytest.raises(UsageError):
        await conversation.create("Hi", temperature=9)

    assert conversation.messages == []


async def test_tool_calls_and_their_results_are_turns_too(client: AsyncChatClient, server: ChatServer) -> None:
    conversation = Conversation(client)
    server.enqueue(Reply.tool_call("get_weather", {"city": "Rome"}), Reply.text("Sunny."))

    [call] = (await conversation.create("Weather in Rome?")).tool_calls
    conversation.add(tool("sun", call.id))
    completion = await conversation.create()

    assert completion.text == "Sunny."
    roles = [message["role"] for message in server.requests[-1].json["messages"]]
    assert roles == ["user", "assistant", "tool"]


async def test_a_conversation_is_saved_and_goes_on(client: AsyncChatClient, server: ChatServer, tmp_path: Path) -> None:
    server.enqueue(Reply.text("Hello Ann.", reasoning="A name."), Reply.text("Ann."))
    conversation = Conversation(client, system="Be brief.")
    await conversation.create("I am Ann.")

    conversation.save(tmp_path / "ann.json")
    loaded = Conversation.load(client, tmp_path / "ann.json", temperature=0)
    await loaded.create("Who am I?")

    assert contents(server) == ["Be brief.", "I am Ann.", "Hello Ann.", "Who am I?"]
    assert server.requests[-1].json["messages"][2]["reasoning_content"] == "A name."
    assert Conversation.from_json(client, loaded.to_json()).messages[:2] == loaded.messages[:2]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"messages":[1]}', b"\xff"])
def test_what_is_no_conversation_is_a_usage_error(data: bytes) -> None:
    with pytest.raises(UsageError, match="conversation"):
        Conversation.from_json(AsyncChatClient(model="m"), data)
