"""A request and its JSON, both ways.

The table of parameters is that of the contract tests: a new parameter is one row there.
"""

from __future__ import annotations

import re
from collections import UserDict, deque
from typing import Any

import msgspec
import pytest

from chatsdk import UsageError, to_json
from chatsdk._protocol.wire import PARAMETERS, build_request, encode_request
from chatsdk.types import ChatRequest
from tests.contract.parameters import TABLE
from tests.contract.table import HELLO, MODEL, Row, with_

each_parameter = pytest.mark.parametrize(("name", "row"), TABLE.items(), ids=list(TABLE))


def test_the_table_has_every_parameter_of_the_api() -> None:
    assert len(PARAMETERS) == 37
    assert TABLE.keys() == set(PARAMETERS)


@each_parameter
def test_a_value_is_written_as_its_json_be_it_a_struct_or_plain(name: str, row: Row) -> None:
    for case in row.values():
        assert written(**with_(name, case.value)) == as_text(with_(name, case.json))


@each_parameter
def test_what_was_written_reads_back_and_is_written_the_same(name: str, row: Row) -> None:
    for case in row.values():
        body = encode_request(ChatRequest(**with_(name, case.value)))
        again = encode_request(msgspec.json.decode(body, type=ChatRequest))
        assert msgspec.json.decode(again) == msgspec.json.decode(body)


@pytest.mark.parametrize("name", sorted(TABLE.keys() - {"messages", "model"}))
def test_a_parameter_that_is_not_set_is_not_written(name: str) -> None:
    assert written(messages=HELLO, model=MODEL, **{name: msgspec.UNSET}) == as_text({"messages": HELLO, "model": MODEL})


@each_parameter
def test_null_is_written_where_the_api_allows_it_and_refused_elsewhere(name: str, row: Row) -> None:
    if row.null:
        assert written(**with_(name, None)) == as_text(with_(name, None))
    else:
        assert re.match(f"{name}: .*`null`", complaint(**with_(name, None)))


@each_parameter
def test_a_wrong_value_is_refused_by_the_name_of_its_parameter(name: str, row: Row) -> None:
    complaints = [(case.value, complaint(**with_(name, case.value))) for case in row.wrong_values()]
    assert [found for found in complaints if not re.match(rf"{name}\b.*: ", found[1])] == []


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"messages": [*HELLO, {"role": "user"}]}, "messages[1]: "),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0]: "),
        ({"audio": {"voice": "alloy"}}, "audio: "),
        ({"stop": ["a", 1]}, "stop[1]: "),
        ({"tools": [{"type": "function", "function": {"name": 1}}]}, "tools[0].function.name: "),
    ],
)
def test_a_wrong_value_is_refused_by_its_place(parameters: dict[str, Any], place: str) -> None:
    assert complaint(**{"messages": HELLO, "model": MODEL} | parameters).startswith(place)


@pytest.mark.parametrize("name", ["logit_bias", "metadata"])
def test_a_wrong_key_is_refused_by_the_name_of_its_parameter(name: str) -> None:
    assert complaint(**with_(name, {None: 7})).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", object()), ("metadata", {"purpose": object()}), ("stop", [object()])],
    ids=["bare", "in a dict", "in a list"],
)
def test_what_has_no_json_form_is_refused_by_the_name_of_its_parameter(name: str, value: Any) -> None:
    assert complaint(**with_(name, value)).startswith(name)


def test_what_holds_itself_is_refused() -> None:
    message: dict[str, Any] = {"role": "user", "content": "Hi"}
    message["content"] = [message]
    assert "no JSON form" in complaint(messages=[message], model=MODEL)


@pytest.mark.parametrize("name", ["model", "user", "stop", "messages"])
def test_bytes_are_no_text(name: str) -> None:
    assert complaint(**with_(name, b"text")).startswith(name)


def test_a_text_of_a_class_of_its_own_is_text() -> None:
    class Name(str):
        __slots__ = ()

    assert written(messages=HELLO, model=Name("m")) == as_text({"messages": HELLO, "model": "m"})


def test_mappings_and_sequences_of_other_kinds_are_objects_and_arrays() -> None:
    messages = deque([UserDict(HELLO[0])])
    assert written(messages=messages, model=MODEL) == as_text({"messages": HELLO, "model": MODEL})


def test_members_the_api_does_not_know_are_kept_in_plain_dicts() -> None:
    message = {"role": "user", "content": "Hi", "cache_control": {"type": "ephemeral"}}
    assert written(messages=[message], model=MODEL) == as_text({"messages": [message], "model": MODEL})


def test_extra_body_is_written_unchecked_and_wins() -> None:
    body = written(messages=HELLO, model=MODEL, temperature=1.0, extra_body={"temperature": 7, "top_k": 40})
    assert body == as_text({"messages": HELLO, "model": MODEL, "temperature": 7, "top_k": 40})


def test_extra_body_can_name_the_model() -> None:
    assert written(messages=HELLO, extra_body={"model": "m"}) == as_text({"messages": HELLO, "model": "m"})


@pytest.mark.parametrize("extra_body", [["top_k"], "top_k", 1], ids=repr)
def test_extra_body_is_a_mapping(extra_body: Any) -> None:
    assert complaint(**with_("extra_body", extra_body)).startswith("extra_body")


@pytest.mark.parametrize("parameters", [{}, {"model": ""}, {"extra_body": {"model": ""}}])
def test_a_request_wants_a_model(parameters: dict[str, Any]) -> None:
    assert complaint(messages=HELLO, **parameters).startswith("no model")


@pytest.mark.parametrize(("name", "hint"), [("temprature", "did you mean 'temperature'"), ("num_ctx", "extra_body")])
def test_a_parameter_that_does_not_exist_is_refused_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        build_request(with_(name, 1))


def test_a_request_is_json_on_its_own_too() -> None:
    request = build_request({"messages": "Hello", "extra_body": {"top_k": 40}})
    assert msgspec.json.decode(to_json(request)) == {"messages": HELLO, "top_k": 40}


def written(**parameters: Any) -> bytes:
    """The body of a request, its members in order of name."""
    return as_text(msgspec.json.decode(encode_request(ChatRequest(**parameters))))


def complaint(**parameters: Any) -> str:
    """What is said of a request that is refused; nothing of one that is not."""
    try:
        encode_request(ChatRequest(**parameters))
    except UsageError as error:
        return str(error)
    return ""


def as_text(value: Any) -> bytes:
    """JSON in one spelling: `1`, `1.0` and `true` are equal in Python and not here."""
    return msgspec.json.encode(value, order="deterministic")
