"""A request's body before and after its provider."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsdk import UsageError
from chatsdk.providers import PROVIDERS, Provider
from chatsdk.providers._shape import shape
from chatsdk.types.request import ChatRequest

USER = {"role": "user", "content": "hi"}
DEVELOPER = {"role": "developer", "content": "Be brief.", "name": "d"}
SYSTEM = {"role": "system", "content": "Be brief.", "name": "d"}
THOUGHT = {"role": "assistant", "content": "yes", "reasoning_content": "hm"}
PLAIN = {"role": "assistant", "content": "yes"}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING = {
    "role": "assistant",
    "tool_calls": [CALL],
    "reasoning_content": "hm",
    "thinking_blocks": [{"signature": "s"}],
}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "7"}
SCHEMA = {"name": "trip", "schema": {"type": "object", "properties": {}}, "strict": True}

SHAPED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a parameter goes by another name": ("mistral", {"seed": 1, "top_p": 1}, {"random_seed": 1, "top_p": 1}),
    "null keeps being null": ("mistral", {"seed": None}, {"random_seed": None}),
    "the other name is there too, with the same value": (
        "ollama",
        {"max_tokens": 5, "max_completion_tokens": 5},
        {"max_tokens": 5},
    ),
    "the other name is null": ("ollama", {"max_tokens": None, "max_completion_tokens": 5}, {"max_tokens": 5}),
    "the name is null and the other one is not": (
        "ollama",
        {"max_tokens": 5, "max_completion_tokens": None},
        {"max_tokens": 5},
    ),
    "what changes no answer is left out": (
        "databricks",
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream": True},
    ),
    "a refused parameter that asks for nothing is left out": ("mistral", {"store": False, "stop": "."}, {"stop": "."}),
    "a refused parameter that is null is left out": ("ollama", {"logit_bias": None, "n": 1}, {}),
    "a refused choice that the server makes anyway is left out": ("ollama", {"tool_choice": "auto"}, {}),
    "a schema stands in another member": (
        "tgi",
        {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
        {"response_format": {"type": "json_schema", "value": SCHEMA}},
    ),
    "a role goes by another name": (
        "deepseek",
        {"messages": [DEVELOPER, USER]},
        {"messages": [SYSTEM, USER]},
    ),
    "reasoning that the server refuses is left out": (
        "mistral",
        {"messages": [USER, {**THOUGHT, "reasoning": "h", "reasoning_details": []}, USER]},
        {"messages": [USER, PLAIN, USER]},
    ),
    "reasoning stays under the name that the server takes": (
        "cerebras",
        {"messages": [USER, {**CALLING, "reasoning": "hm"}, RESULT]},
        {"messages": [USER, {"role": "assistant", "tool_calls": [CALL], "reasoning": "hm"}, RESULT]},
    ),
    "a message of another role keeps all its members": (
        "mistral",
        {"messages": [{**USER, "reasoning": "mine"}, THOUGHT]},
        {"messages": [{**USER, "reasoning": "mine"}, PLAIN]},
    ),
}


@pytest.mark.parametrize("case", SHAPED)
def test_a_body_is_shaped(case: str) -> None:
    name, body, shaped = SHAPED[case]
    before = deepcopy(body)
    assert shape(body, PROVIDERS[name]) == shaped
    assert body == before
    assert shape(shaped, PROVIDERS[name]) is shaped


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("default", {"store": True, "n": 3, "stream_options": {}, "messages": [DEVELOPER, THOUGHT]}),
        ("openai", {"max_completion_tokens": 5, "messages": [DEVELOPER, THOUGHT]}),
        ("mistral", {"messages": [SYSTEM, USER, PLAIN], "max_tokens": 5}),
        ("deepseek", {"messages": [USER, THOUGHT, USER, CALLING, RESULT, {**THOUGHT, "prefix": True}]}),
        ("mistral", {"messages": [{**USER, "reasoning_content": "mine"}, PLAIN, USER]}),
        ("mistral", {"messages": "hi"}),
        ("mistral", {"messages": [None, {"role": None}, {"role": ["developer"]}]}),
        ("mistral", {}),
        ("vllm", {"messages": [USER, THOUGHT, USER]}),
        ("anthropic", {"response_format": {"type": "json_schema", "json_schema": SCHEMA}}),
        ("tgi", {"response_format": {"type": "regex", "value": "[0-9]+"}}),
        ("tgi", {"response_format": None, "messages": [USER]}),
    ],
)
def test_a_body_that_fits_is_given_back_itself(name: str, body: dict[str, Any]) -> None:
    assert shape(body, PROVIDERS[name]) is body


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("ollama", {"n": 2}, "n: ollama refuses or ignores it"),
        ("ollama", {"tool_choice": "required"}, "tool_choice: ollama refuses or ignores it"),
        ("tgi", {"logit_bias": {"7": 1}}, "logit_bias: tgi refuses or ignores it"),
        ("mistral", {"store": True}, "store: mistral refuses or ignores it"),
        ("anthropic", {"reasoning_effort": "high"}, "put it into extra_body to send it all the same"),
        ("ollama", {"max_tokens": 5, "max_completion_tokens": 6}, "max_completion_tokens: ollama calls it max_tokens"),
    ],
)
def test_nothing_that_changes_the_answer_gets_lost(name: str, body: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        shape(body, PROVIDERS[name])


def test_a_provider_of_ones_own_is_shaped_for_like_any() -> None:
    mine = Provider(name="mine", renames={"seed": "dice"}, drops=frozenset({"user"}), refuses=frozenset({"n"}))
    assert shape({"seed": 1, "user": "u", "n": 1}, mine) == {"dice": 1}


def test_what_is_in_extra_body_is_not_looked_at() -> None:
    body = {"extra_body": {"n": 2, "max_completion_tokens": 5}}
    assert shape(body, PROVIDERS["ollama"]) is body


MESSAGES = st.lists(st.sampled_from([USER, DEVELOPER, SYSTEM, THOUGHT, PLAIN, CALLING, RESULT]))
PARAMETERS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from([name for name in ChatRequest.__struct_fields__ if name != "messages"]),
    st.sampled_from([None, False, True, 0, 1, 2, "text", {}]),
)


@settings(max_examples=1000)
@given(name=st.sampled_from(list(PROVIDERS)), messages=MESSAGES, parameters=PARAMETERS)
def test_shaping_changes_no_more_than_the_provider_says(
    name: str, messages: list[Any], parameters: dict[str, Any]
) -> None:
    provider = PROVIDERS[name]
    body = {**parameters, "messages": messages}
    before = deepcopy(body)
    try:
        shaped = shape(body, provider)
    except UsageError:
        assert body.keys() & (provider.refuses | provider.renames.keys())
        return
    finally:
        assert body == before

    touched = {*provider.renames, *provider.renames.values(), *provider.drops, *provider.refuses, "messages"}
    assert {key: value for key, value in shaped.items() if key not in touched} == {
        key: value for key, value in body.items() if key not in touched
    }
    assert not shaped.keys() & {*provider.renames, *provider.drops, *provider.refuses}
    assert [message.get("content") for message in shaped["messages"]] == [m.get("content") for m in messages]
    assert not {message["role"] for message in shaped["messages"]} & provider.roles.keys()
    assert shape(shaped, provider) is shaped, "once is enough"
