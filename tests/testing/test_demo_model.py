"""What the demo model says, calls and leaves out. No server, no loop."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk.testing import DEMO_MODEL
from chatsdk.testing._demo_model import answer
from chatsdk.testing._reply import Call, Choice, Said, Whole

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["celsius", "kelvin"]},
                "days": {"type": "integer"},
            },
            "required": ["city", "unit"],
        },
    },
}
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "number"}},
            "required": ["a", "b"],
        },
    },
}
SHELL = {"type": "custom", "custom": {"name": "shell"}}
CALL = Call("get_current_weather", '{"city":"Rome","unit":"celsius"}')


def ask(prompt: str | list[Any], **parameters: Any) -> Choice:
    messages = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
    said = answer({"model": "m", "messages": messages, **parameters})
    assert isinstance(said, Said)
    assert said.model == DEMO_MODEL
    return said.alternatives[0]


def text(prompt: str | list[Any], **parameters: Any) -> str:
    return "".join(ask(prompt, **parameters).words)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Hello!", "Hello! I am chatsdk-demo"),
        ("Say hello.", "Hello! I am chatsdk-demo"),
        ("thank you so much", "You are welcome."),
        ("Who are you?", "a handful of rules"),
        ("What is 12 * (3 + 4)?", "12 * (3 + 4) = 84"),
        ("7 / 2", "7 / 2 = 3.5"),
        ("-3 - -4", "-3 - -4 = 1"),
        ("What is 1 / 0?", "Nothing can be divided by zero."),
        ("Count to 5", "1, 2, 3, 4, 5."),
        ("count from 3 to 1", "3, 2, 1."),
        ("Count to 999999999", "too far"),
        ("How many words are in 'a bee sea'?", "I count 3 words"),
        ("how many letters in bee?", "I count 3 letters in 'bee'"),
        ("What time is it?", "the time is unknown to me"),
        ("Is the weather good?", "the weather is unknown to me"),
        ("Repeat after me: one, two", "one, two"),
        ('say "cheese"', "cheese"),
        ("Tell me about the sea.", "The sea is a subject"),
        ("Explain gravity!", "Gravity is a subject"),
        ("Who was Ada Lovelace?", "All I know"),
        ("On 2026-01-05 we met", "You said: 'On 2026-01-05 we met'"),
        (f"{'9' * 400}.0 + 1", "You said:"),
        ("2 ** 9", "You said: '2 ** 9'"),
        ("Hello " * 999_999, "You said: 'Hello"),
        ("what is 1" * 999_999, "is a subject"),
        ("", "You said nothing"),
    ],
)
def test_it_speaks_by_its_rules(prompt: str, said: str) -> None:
    assert said.lower() in text(prompt).lower()


def test_it_answers_the_last_user_message() -> None:
    messages = [
        {"role": "user", "content": "Count to 2"},
        {"role": "assistant", "content": "1, 2."},
        {"role": "user", "content": [{"type": "text", "text": "Count to 3"}, {"type": "image_url"}]},
    ]
    assert text(messages) == "1, 2, 3."


@pytest.mark.parametrize("role", ["system", "developer"])
def test_it_is_brief_if_told_to(role: str) -> None:
    told = [{"role": role, "content": "Be brief."}, {"role": "user", "content": "Tell me about the sea."}]
    assert text(told) == "The sea is a subject one could speak about for a long time."


def test_stop_ends_the_text_before_the_first_of_the_strings() -> None:
    assert text("Count to 9", stop=["5", "3", "x"]) == "1, 2, "
    choice = ask("Count to 9", stop=", 2")
    assert ("".join(choice.words), choice.finish_reason) == ("1", "stop")


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_a_token_limit_cuts_the_text_and_says_so(limit: str) -> None:
    choice = ask("Count to 9", **{limit: 2})
    assert ("".join(choice.words), choice.finish_reason) == ("1, 2,", "length")
    assert ask("Count to 9", **{limit: 9}).finish_reason == "stop"


@pytest.mark.parametrize(
    ("prompt", "options", "calls"),
    [
        ("What's the weather in Rome?", {}, (CALL,)),
        ("get_current_weather for Rome", {}, (CALL,)),
        ("Add 2 and 3.5", {}, (Call("add", '{"a":2,"b":3.5}'),)),
        ("Open a shell", {}, (Call("shell", "Open a shell", "custom"),)),
        ("Add 2 and 3 to the weather in Rome", {"parallel_tool_calls": False}, (CALL,)),
        ("Tell me a joke", {}, ()),
        ("What's the weather in Rome?", {"tool_choice": "none"}, ()),
        ("Look in Rome", {"tool_choice": "required"}, (CALL,)),
        (
            "Look in Rome",
            {"tool_choice": {"type": "function", "function": {"name": "get_current_weather"}}},
            (CALL,),
        ),
        ("Hi", {"tool_choice": {"type": "custom", "custom": {"name": "shell"}}}, (Call("shell", "Hi", "custom"),)),
        (
            "Add 2 to the weather in Rome",
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "auto",
                        "tools": [{"type": "function", "function": {"name": "get_current_weather"}}],
                    },
                }
            },
            (CALL,),
        ),
    ],
)
def test_it_calls_the_tools_that_a_prompt_names(prompt: str, options: dict[str, Any], calls: tuple[Call, ...]) -> None:
    assert ask(prompt, tools=[WEATHER, ADD, SHELL], **options).calls == calls


def test_it_calls_all_tools_that_a_prompt_names() -> None:
    called = ask("Add 2 and 3 to the weather in Rome", tools=[WEATHER, ADD]).calls
    assert [call.name for call in called] == ["get_current_weather", "add"]


def test_it_tells_what_the_tools_answered_instead_of_calling_again() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "get_current_weather", "arguments": "{}"}},
        {"id": "2", "type": "function", "function": {"name": "add", "arguments": "{}"}},
    ]
    messages = [
        {"role": "user", "content": "Add 2 to the weather in Rome"},
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "1", "content": "18 degrees"},
        {"role": "tool", "tool_call_id": "2", "content": "20"},
    ]
    told = text(messages, tools=[WEATHER, ADD])
    assert told == "get_current_weather says: 18 degrees\nadd says: 20"


def test_a_schema_gets_json_with_what_the_prompt_offers() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "mood": {"type": "string"}},
        "required": ["city", "days", "mood"],
    }
    response_format = {"type": "json_schema", "json_schema": {"name": "trip", "schema": schema}}
    said = text("Plan 3 days in Rome", response_format=response_format)
    assert msgspec.json.decode(said) == {"city": "Rome", "days": 3, "mood": "mood"}


def test_json_mode_gets_an_object() -> None:
    said = text("Count to 3, in JSON", response_format={"type": "json_object"})
    assert msgspec.json.decode(said) == {"reply": "1, 2, 3."}


@pytest.mark.parametrize(("model", "status"), [("error-429", 429), ("error-500", 500), ("error-418", 418)])
def test_a_models_name_can_ask_for_an_error(model: str, status: int) -> None:
    said = answer({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
    assert isinstance(said, Whole)
    assert said.status == status
    assert msgspec.json.decode(said.body)["error"]["message"] == f"The model's name asks for status {status}."


@pytest.mark.parametrize("model", ["error-200", "error-4299", "error", "my-error-429"])
def test_other_names_ask_for_no_error(model: str) -> None:
    assert isinstance(answer({"model": model, "messages": [{"role": "user", "content": "Hi"}]}), Said)
