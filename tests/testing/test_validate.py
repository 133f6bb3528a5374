"""What the API turns away and how it says so. No server, no loop."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk.testing._errors import ApiError
from chatsdk.testing._validate import check_metadata, check_request

USER = {"role": "user", "content": "Hi"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "x"}
TOOL = {"type": "function", "function": {"name": "f"}}


def request(**parameters: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": [USER], **parameters})


def error_of(body: bytes) -> dict[str, Any]:
    with pytest.raises(ApiError) as caught:
        check_request(body)
    assert caught.value.reply.status == 400
    error: dict[str, Any] = msgspec.json.decode(caught.value.reply.body)["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_what_is_no_json_object_is_turned_away(body: bytes) -> None:
    assert "JSON object" in error_of(body)["message"]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b'{"messages": []}', "model", "missing_required_parameter"),
        (b'{"model": "m"}', "messages", "missing_required_parameter"),
        (request(model=None), "model", "invalid_type"),
        (request(messages="Hi"), "messages", "invalid_type"),
        (request(messages=[]), "messages", "invalid_value"),
        (request(messages=[{"content": "Hi"}]), "messages[0].role", "missing_required_parameter"),
        (request(messages=[USER, {"role": "wizard", "content": "Hi"}]), "messages[1].role", "invalid_value"),
        (request(messages=[{"role": "user", "content": 1}]), "messages[0].content", "invalid_type"),
        (request(temperature="hot"), "temperature", "invalid_type"),
        (request(temperature=3), "temperature", "invalid_value"),
        (request(n=0), "n", "invalid_value"),
        (request(max_tokens=0), "max_tokens", "invalid_value"),
        (request(max_completion_tokens=-1), "max_completion_tokens", "invalid_value"),
        (request(tools=[{"type": "function"}]), "tools[0].function", "missing_required_parameter"),
        (request(stream_options={"include_usage": True}), "stream_options", None),
        (request(tool_choice="auto"), "tool_choice", None),
        (request(top_logprobs=1), "top_logprobs", None),
        (request(messages=[USER, RESULT]), "messages[1]", None),
        (request(messages=[USER, CALLING]), "messages[1]", None),
        (request(messages=[USER, CALLING, USER]), "messages[2]", None),
        (request(messages=[USER, CALLING, RESULT, RESULT]), "messages[3]", None),
    ],
)
def test_what_makes_no_sense_is_turned_away(body: bytes, param: str, code: str | None) -> None:
    error = error_of(body)
    assert (error["param"], error["code"]) == (param, code)
    assert error["message"]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream_options": None, "max_tokens": None, "n": None},
        {"tools": [TOOL], "tool_choice": "auto"},
        {"logprobs": True, "top_logprobs": 1},
        {"messages": [USER, CALLING, RESULT, USER]},
        {"top_k": 40, "guided_json": {}},
        {"temperature": 1, "stop": ["a", "b"]},
    ],
)
def test_what_makes_sense_passes_as_it_is(parameters: dict[str, Any]) -> None:
    assert check_request(request(**parameters)) == {"model": "m", "messages": [USER], **parameters}


@pytest.mark.parametrize("body", [b"{}", b'{"metadata": {"a": 1}}', b'{"metadata": "x"}', b"x"])
def test_metadata_is_a_mapping_of_texts(body: bytes) -> None:
    with pytest.raises(ApiError):
        check_metadata(body)


@pytest.mark.parametrize(("body", "metadata"), [(b'{"metadata": {"a": "b"}}', {"a": "b"}), (b'{"metadata": null}', {})])
def test_metadata_may_be_null(body: bytes, metadata: dict[str, str]) -> None:
    assert check_metadata(body) == metadata
