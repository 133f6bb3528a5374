"""A run as a value: its JSON, what is pending in it, and errors that carry it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from chatsdk import AsyncChatClient, UsageError, assistant, tool, user
from chatsdk._tool_run import ToolRun
from chatsdk.errors import ToolError, TurnLimitError
from chatsdk.testing import ChatServer, Reply
from chatsdk.types import ChatCompletion, Choice, CompletionUsage, Message, TextPart, ToolCall, UserMessage
from chatsdk.types.response import CustomCall, FunctionCall
from chatsdk.types.tool import CalledCustom, CalledFunction, CustomCallParam, FunctionCallParam
from chatsdk.types.usage import CompletionTokensDetails

from .running import Runner, plain

CALLS = [
    FunctionCallParam("a", CalledFunction("add", "{}"), {"google": {"thought_signature": "s"}}),
    CustomCallParam("b", CalledCustom("shell", "ls")),
]

MESSAGES: list[Any] = [
    {"role": "system", "content": "Be brief.", "cache_control": {"type": "ephemeral"}},
    {"role": "user", "content": ({"type": "text", "text": "Hi"}, TextPart("there"))},
    UserMessage((TextPart("You"),)),
    user("Hi"),
    assistant(tool_calls=CALLS),
]

COMPLETION = ChatCompletion(
    "c",
    [Choice(message=Message(content="Hi", tool_calls=[ToolCall("a", function=FunctionCall("add", "{}"))]))],
    usage=CompletionUsage(1, 2, 3, completion_tokens_details=CompletionTokensDetails(reasoning_tokens=1)),
)


def test_a_run_is_the_same_after_json() -> None:
    run = ToolRun(MESSAGES, COMPLETION, COMPLETION.usage, 3)
    again = ToolRun.from_json(run.to_json())
    assert again == run
    assert again.messages == run.messages
    assert again.completion == COMPLETION
    assert plain(again.messages) == plain(MESSAGES)
    assert isinstance(again.messages[3], UserMessage)
    assert pickle.loads(pickle.dumps(run)) == run
    assert ToolRun.from_json(ToolRun([]).to_json().decode()) == ToolRun([])


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"messages": 7}', b'{"messages": [7]}', b'{"messages": [], "turns": "x"}', b"\xff"]
)
def test_what_is_no_saved_run_is_a_usage_error(data: bytes) -> None:
    with pytest.raises(UsageError, match="this is no saved run"):
        ToolRun.from_json(data)


def test_a_run_that_has_no_json_form_cannot_be_saved() -> None:
    with pytest.raises(UsageError, match="no JSON form"):
        ToolRun([{"role": "user", "content": object()}]).to_json()


@pytest.mark.parametrize(
    ("messages", "pending"),
    [
        ([], []),
        ([user("Hi")], []),
        ([user("Hi"), assistant("Hi")], []),
        (MESSAGES, ["a", "b"]),
        ([*MESSAGES, tool("5", "a")], ["b"]),
        ([*MESSAGES, {"role": "tool", "tool_call_id": "b", "content": "5"}, tool("5", "a")], []),
        ([*MESSAGES, tool("5", "a"), user("Never mind.")], []),
        ([MappingProxyType({"role": "assistant", "tool_calls": [{"id": "a"}]})], ["a"]),
    ],
)
def test_calls_that_the_conversation_ends_with_are_pending_until_they_are_answered(
    messages: list[Any], pending: list[str]
) -> None:
    assert [call.id for call in ToolRun(messages).pending] == pending


def test_pending_calls_are_those_of_the_model() -> None:
    assert ToolRun(MESSAGES).pending == [
        ToolCall("a", "function", FunctionCall("add", "{}"), extra_content={"google": {"thought_signature": "s"}}),
        ToolCall("b", "custom", custom=CustomCall("shell", "ls")),
    ]


def test_the_text_of_a_run_is_that_of_its_last_answer() -> None:
    assert ToolRun([]).text == ""
    assert ToolRun([], COMPLETION).text == "Hi"


WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]


@pytest.mark.parametrize("again", WAYS, ids=["copy", "deepcopy", "pickle"])
async def test_errors_are_copied_and_pickled_with_their_run(
    client: AsyncChatClient, server: ChatServer, again: Callable[[Any], Any]
) -> None:
    def fail() -> None:
        raise ValueError("no")

    server.respond(lambda request: Reply.tool_call("fail", {}))
    for kind, terms in ((TurnLimitError, {"max_turns": 1}), (ToolError, {"raise_tool_errors": True})):
        with pytest.raises(kind) as caught:
            await Runner(client).run([fail], **terms)
        found = again(again(caught.value))
        assert type(found) is kind
        assert str(found) == str(caught.value)
        assert found.run == caught.value.run
        assert isinstance(found.run, ToolRun)
        names = vars(caught.value).keys() - {"run"}
        assert {name: getattr(found, name) for name in names} == {name: getattr(caught.value, name) for name in names}


# -- what it has cost
