"""What a completion says of itself: the short forms, and what the next turn may repeat."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk.types import (
    Annotation,
    Audio,
    ChatCompletion,
    Choice,
    CustomCall,
    FunctionCall,
    Message,
    ToolCall,
)

CALL = ToolCall("call_1", function=FunctionCall("f", "{}"))
SHORT_FORMS = ("text", "reasoning", "refusal", "tool_calls", "finish_reason")


def completion(*choices: Choice) -> ChatCompletion:
    return ChatCompletion("id", list(choices))


@pytest.mark.parametrize(
    ("choice", "values"),
    [
        (Choice(), ("", None, None, [], None)),
        (Choice(message=Message(content="Hi"), finish_reason="stop"), ("Hi", None, None, [], "stop")),
        (Choice(message=Message(refusal="No."), finish_reason="stop"), ("", None, "No.", [], "stop")),
        (
            Choice(message=Message(tool_calls=[CALL]), finish_reason="tool_calls"),
            ("", None, None, [CALL], "tool_calls"),
        ),
        (Choice(message=Message(reasoning_content="Hm.")), ("", "Hm.", None, [], None)),
        (Choice(message=Message(reasoning_text="Hm.")), ("", "Hm.", None, [], None)),
        (Choice(message=Message(reasoning_content="Hm.", reasoning_text="Or?")), ("", "Hm.", None, [], None)),
        (Choice(message=Message(reasoning_content="", reasoning_text="Hm.")), ("", "Hm.", None, [], None)),
    ],
)
def test_the_short_forms_speak_of_the_choice(choice: Choice, values: tuple[Any, ...]) -> None:
    answer = completion(choice)
    assert tuple(getattr(answer, name) for name in SHORT_FORMS) == values
    assert answer.choice is choice
    assert answer.message is choice.message


@pytest.mark.parametrize(
    ("indexes", "position"),
    [((0,), 0), ((0, 1), 0), ((1, 0), 1), ((2, 1, 0), 2), ((1, 2), 0), ((0, 0), 0)],
)
def test_the_short_forms_speak_of_choice_0_wherever_it_stands_else_of_the_first(
    indexes: tuple[int, ...], position: int
) -> None:
    choices = [Choice(index, Message(content=str(at))) for at, index in enumerate(indexes)]
    answer = completion(*choices)
    assert answer.choice is choices[position]
    assert answer.text == str(position)


def test_a_completion_without_choices_is_empty() -> None:
    answer = completion()
    assert tuple(getattr(answer, name) for name in SHORT_FORMS) == ("", None, None, [], None)
    assert answer.choice == Choice()
    assert answer.message == Message()


@pytest.mark.parametrize(
    ("call", "name", "arguments", "request_json"),
    [
        (CALL, "f", "{}", {"type": "function", "id": "call_1", "function": {"name": "f", "arguments": "{}"}}),
        (
            ToolCall("call_2", "custom", custom=CustomCall("g", "text")),
            "g",
            "text",
            {"type": "custom", "id": "call_2", "custom": {"name": "g", "input": "text"}},
        ),
        (
            ToolCall("call_3", "custom"),
            "",
            "",
            {"type": "function", "id": "call_3", "function": {"name": "", "arguments": ""}},
        ),
    ],
    ids=["function", "custom", "neither"],
)
def test_a_tool_call_has_a_name_and_arguments_of_whichever_kind_it_is(
    call: ToolCall, name: str, arguments: str, request_json: dict[str, Any]
) -> None:
    assert (call.name, call.arguments) == (name, arguments)
    assert as_json(call.to_request()) == request_json


@pytest.mark.parametrize(
    ("message", "request_json"),
    [
        (Message(), {}),
        (Message(content="Hi", refusal=None), {"content": "Hi"}),
        (Message(content=""), {"content": ""}),
        (Message(refusal="No."), {"refusal": "No."}),
        (
            Message(tool_calls=[CALL]),
            {"tool_calls": [{"type": "function", "id": "call_1", "function": {"name": "f", "arguments": "{}"}}]},
        ),
        (Message(content="Hi", tool_calls=[]), {"content": "Hi"}),
        (Message(audio=Audio("audio_1", "AAAA", "Hi", 7)), {"audio": {"id": "audio_1"}}),
        (Message(function_call=FunctionCall("f", "{}")), {"function_call": {"name": "f", "arguments": "{}"}}),
        (Message(content="4", annotations=[Annotation()]), {"content": "4"}),
        (Message(content="4", reasoning_content="Hm."), {"content": "4", "reasoning_content": "Hm."}),
        (
            Message(reasoning_text="Hm.", reasoning_details=[{"type": "reasoning.text", "text": "Hm."}]),
            {"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        ),
        (
            Message(
                reasoning_content="Hm.", thinking_blocks=[{"type": "thinking", "thinking": "Hm.", "signature": "s"}]
            ),
            {
                "reasoning_content": "Hm.",
                "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
            },
        ),
        (Message(thinking_blocks=[]), {}),
        (
            Message(tool_calls=[ToolCall("c", function=FunctionCall("f", "{}"), extra_content={"google": {}})]),
            {
                "tool_calls": [
                    {
                        "type": "function",
                        "id": "c",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {}},
                    }
                ]
            },
        ),
    ],
)
def test_a_message_is_repeated_with_only_what_a_request_may_hold(
    message: Message, request_json: dict[str, Any]
) -> None:
    assert as_json(message.to_request()) == {"role": "assistant"} | request_json


def test_defaults_are_not_shared_between_answers() -> None:
    one, other = ChatCompletion(), ChatCompletion()
    one.choices.append(Choice())
    assert other.choices == []


def as_json(value: Any) -> Any:
    return msgspec.to_builtins(value)


def test_an_answer_has_a_value_only_where_one_was_read() -> None:
    plain, read = completion(Choice(message=Message())), completion(Choice(message=Message()))

    read.message.__dict__["parsed"] = 7

    assert (plain.parsed, plain.message.parsed) == (None, None)
    assert (read.parsed, read.message.parsed) == (7, 7)
    assert read == plain


@pytest.mark.parametrize(
    ("call", "parsed"),
    [
        (ToolCall("a", function=FunctionCall("f", "")), {}),
        (ToolCall("a", function=FunctionCall("f", '{"x":1}')), {"x": 1}),
        (ToolCall("a", function=FunctionCall("f", "[1]")), None),
        (ToolCall("a", "custom", custom=CustomCall("c", '{"x":1}')), None),
    ],
)
def test_a_call_has_its_arguments_as_an_object_where_they_are_one(call: ToolCall, parsed: object) -> None:
    assert call.parsed == parsed
    call.__dict__["parsed"] = {"x": "typed"}
    assert call.parsed == {"x": "typed"}
