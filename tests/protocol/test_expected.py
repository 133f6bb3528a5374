"""What a model is told of a type, and what its answer is taken for: without a client."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk import (
    ChatCompletion,
    ChatRequest,
    ContentFilterError,
    LengthLimitError,
    OutputError,
    ParsedCompletion,
    RefusedError,
    UsageError,
    ValidationError,
    developer,
    system,
    user,
)
from chatsdk._protocol.expected import MODES, Expected, as_messages, with_instruction, with_usage
from chatsdk._protocol.output import output_of
from chatsdk._protocol.wire import encode_request
from chatsdk.testing._validate import check_request
from chatsdk.types import CompletionUsage, OutputMode, ToolCall


class Point(msgspec.Struct):
    """A place."""

    x: int


class Bare(msgspec.Struct):
    x: int


Bare.__doc__ = None
OUTPUT = output_of(Point)
OFFERED = {"type": "function", "function": {"name": "look"}}


def told(request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(encode_request(msgspec.structs.replace(request, model="m")))
    return body


def answer(content: str | None = None, *calls: tuple[str, str], **more: Any) -> ChatCompletion:
    reason = more.pop("finish_reason", "stop")
    found = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": content, "tool_calls": found or None, **more}
    body = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
    return msgspec.convert(body, ChatCompletion)


def read(completion: ChatCompletion, mode: OutputMode = "json_schema", **more: Any) -> Any:
    parsed = Expected(OUTPUT, mode, **more).read(completion)
    assert isinstance(parsed, ParsedCompletion)
    return parsed.parsed


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_makes_a_request_that_the_api_takes(mode: OutputMode) -> None:
    for type_ in (Point, Bare, list[int]):
        for messages in ("Go", [user("Go")], [{"role": "system", "content": "Be brief."}]):
            body = told(Expected(output_of(type_), mode).tell(ChatRequest(messages)))
            assert check_request(msgspec.json.encode(body)) == body


def test_without_a_type_nothing_is_told_and_nothing_read() -> None:
    request, completion = ChatRequest("Go"), answer("{")
    expected: Expected[None] = Expected()

    assert expected.tell(request) is request
    assert expected.read(completion) is completion


def test_a_tool_that_stands_for_the_type_stands_beside_the_callers() -> None:
    alone = told(Expected(OUTPUT, "tool").tell(ChatRequest("Go")))
    beside = told(Expected(OUTPUT, "tool").tell(ChatRequest("Go", tools=[OFFERED])))

    assert alone["tool_choice"] == beside["tool_choice"] == "required"
    assert [each["function"]["name"] for each in beside["tools"]] == ["look", "Point"]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("Go", [{"role": "system", "content": "Do."}, {"role": "user", "content": "Go"}]),
        ([user("Go")], [{"role": "system", "content": "Do."}, {"role": "user", "content": "Go"}]),
        ([system("Be."), user("Go")], [{"role": "system", "content": "Be.\n\nDo."}, {"role": "user", "content": "Go"}]),
        ([developer("Be.")], [{"role": "developer", "content": "Be.\n\nDo."}]),
        ([{"role": "system", "content": "Be.", "x": 1}], [{"role": "system", "content": "Be.\n\nDo.", "x": 1}]),
        (
            [{"role": "system", "content": [{"type": "text", "text": "Be."}]}],
            [{"role": "system", "content": [{"type": "text", "text": "Be."}, {"type": "text", "text": "Do."}]}],
        ),
        ([{"role": "system", "content": None}], [{"role": "system", "content": [{"type": "text", "text": "Do."}]}]),
    ],
)
def test_words_go_into_the_first_instruction_or_become_it(messages: Any, expected: list[Any]) -> None:
    before = msgspec.json.encode(messages)

    assert msgspec.to_builtins(with_instruction(messages, "Do.")) == expected
    assert msgspec.json.encode(messages) == before


@pytest.mark.parametrize("messages", [[], None, 7, {"role": "user"}])
def test_what_are_no_messages_is_refused(messages: Any) -> None:
    with pytest.raises(UsageError, match="sequence of messages"):
        as_messages(messages)


@pytest.mark.parametrize(
    ("mode", "completion"),
    [
        ("json_schema", answer('{"x":1}')),
        ("json_object", answer('Here: {"x":1}.')),
        ("tool", answer(None, ("Point", '{"x":1}'))),
        ("tool", answer("So be it.", ("look", "{}"), ("Point", '{"x":1}'))),
        ("tool", answer('{"x":1}')),
        ("tool", answer(None, function_call={"name": "Point", "arguments": '{"x":1}'})),
        ("prompt", answer('```\n{"x":1}\n```', finish_reason=None)),
    ],
)
def test_a_value_is_found_where_the_model_put_it(mode: OutputMode, completion: ChatCompletion) -> None:
    assert read(completion, mode) == Point(1)


@pytest.mark.parametrize(
    ("completion", "error"),
    [
        (answer('{"x":1}', finish_reason="length"), LengthLimitError),
        (answer('{"x":1}', finish_reason="max_tokens"), LengthLimitError),
        (answer('{"x":1}', finish_reason="model_length"), LengthLimitError),
        (answer('{"x":1}', finish_reason="content_filter"), ContentFilterError),
        (answer('{"x":1}', finish_reason="SAFETY"), ContentFilterError),
        (answer('{"x":1}', finish_reason="insufficient_system_resource"), OutputError),
        (answer('{"x":1}', refusal="no"), RefusedError),
        (answer('{"x":"1"}'), ValidationError),
        (answer(None), ValidationError),
        (answer("{{}"), ValidationError),
        (answer(None, ("look", "{}")), ValidationError),
        (ChatCompletion(id="c"), ValidationError),
    ],
)
def test_what_is_no_value_is_an_error_with_the_completion(completion: ChatCompletion, error: type[OutputError]) -> None:
    with pytest.raises(error) as raised:
        read(completion)

    assert type(raised.value) is error
    assert raised.value.completion.choices == completion.choices


def test_calls_of_tools_that_were_offered_are_no_value_and_no_error() -> None:
    assert read(answer("I look.", ("look", "{}")), may_call=True) is None
    assert read(answer("I look.", ("look", "{}")), "tool", may_call=True) is None
    assert read(answer('{"x":1}', ("look", "{}")), may_call=True) == Point(1)
    with pytest.raises(ValidationError):
        read(answer(None, ("look", "{}"), ("Point", "{}")), "tool", may_call=True)
    with pytest.raises(ValidationError):
        read(answer("I look."), may_call=True)


def test_calls_of_typed_tools_are_read_and_none_of_the_others() -> None:
    def length(call: ToolCall) -> int:
        if not call.arguments:
            raise ValueError("nothing")
        return len(call.arguments)

    calls = answer(None, ("look", "[1]"), ("look", ""), ("other", '{"a":1}'))

    Expected[None](tools={"look": length}).read(calls)

    assert [call.parsed for call in calls.tool_calls] == [3, None, {"a": 1}]


@pytest.mark.parametrize(
    ("completion", "mode", "expected"),
    [
        (answer('{"x":"1"}'), "json_schema", [("assistant", '{"x":"1"}'), ("user", "WORDS")]),
        (answer(None), "prompt", [("assistant", ""), ("user", "WORDS")]),
        (answer(None, ("Point", "{}")), "tool", [("assistant", None), ("tool", "WORDS")]),
        (answer(None, ("Point", "{}"), ("Point", "{}")), "tool", [("assistant", None), *[("tool", "WORDS")] * 2]),
    ],
)
def test_the_model_is_told_what_is_wrong_after_what_it_said(
    completion: ChatCompletion, mode: OutputMode, expected: list[tuple[str, Any]]
) -> None:
    wanted = Expected(OUTPUT, mode)
    request = wanted.tell(ChatRequest("Go"))
    with pytest.raises(ValidationError) as raised:
        wanted.read(completion)

    messages = told(wanted.tell_again(request, raised.value))["messages"]

    added = [(each["role"], each.get("content")) for each in messages[-len(expected) :]]
    assert [(role, "WORDS" if str(raised.value) in (said or "") else said) for role, said in added] == expected
    assert messages[-len(expected) - 1]["content"] == "Go"


@pytest.mark.parametrize(
    ("mode", "more", "words"),
    [
        ("json_schema", {"response_format": {"type": "text"}}, "leave out response_format"),
        ("tool", {"tool_choice": "auto"}, "leave out tool_choice"),
    ],
)
def test_a_request_that_says_something_else_is_refused(mode: OutputMode, more: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Expected(OUTPUT, mode).tell(ChatRequest("Go", **more))


def test_a_mode_that_is_none_and_a_tool_of_the_types_name_are_refused() -> None:
    with pytest.raises(UsageError, match="output_mode is one of json_schema, tool, json_object, prompt, not 'xml'"):
        Expected(OUTPUT, "xml")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="the tool Point has the name of the type"):
        Expected(OUTPUT, "tool", {"Point": len})


def test_usage_and_the_count_of_answers_stand_in_the_completion_beside_what_it_had() -> None:
    completion = answer('{"x":1}')
    completion.__dict__["source"] = b"{}"
    usage = CompletionUsage(1, 2, 3)

    parsed: Any = Expected(OUTPUT).read(with_usage(completion, usage, 2))

    assert (parsed.usage, parsed.reasks, parsed.output_mode, parsed.raw) == (usage, 2, "json_schema", {})
    assert completion.usage is None
