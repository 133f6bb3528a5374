"""Answers of our own making, read and written again. A new one is a file `documents/<type>.<what it shows>.json`.

Members that the API does not have begin with `x_`.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import ResponseDecodeError, to_json, types
from chatsdk._protocol.wire import decode, encode_request
from chatsdk.types import Answer, ChatCompletion, ChatRequest

from .mutants import mutants
from .schemas import HERE, own_validator, spec_validator

SCHEMAS = {
    "ChatCompletion": "CreateChatCompletionResponse",
    "ChatCompletionChunk": "CreateChatCompletionStreamResponse",
    "Deleted": "ChatCompletionDeleted",
    "Model": "Model",
}
"""What the API's document calls them."""

NOT_IN_THE_DOCUMENT = {"ChatCompletionChunk.tool_calls"}
"""Custom tool calls come in chunks, and other servers leave out the index: the document knows neither."""

paths = sorted((HERE / "documents").glob("*.json"))
each_document = pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)
each_completion = pytest.mark.parametrize(
    "path", [path for path in paths if path.stem.startswith("ChatCompletion.")], ids=lambda path: path.stem
)


def type_of(path: Path) -> type[Answer]:
    cls: type[Answer] = getattr(types, path.stem.partition(".")[0])
    return cls


@each_document
def test_a_document_is_kept_whole_unknown_members_included(path: Path) -> None:
    source = path.read_bytes()
    answer = decode(type_of(path), source)
    assert answer.raw == json.loads(source)
    assert to_json(answer) == source


@each_document
def test_the_fields_alone_hold_all_that_the_api_knows(path: Path) -> None:
    source = path.read_bytes()
    fields = json.loads(to_json(msgspec.json.decode(source, type=type_of(path))))
    if path.stem.startswith("Page."):
        assert fields == json.loads(source)
    else:
        assert fields == without_unknown(json.loads(source))


@each_document
def test_a_document_survives_the_other_direction(path: Path) -> None:
    answer = decode(type_of(path), path.read_bytes())
    assert decode(type_of(path), to_json(answer)) == answer


@each_document
def test_a_document_with_something_wrong_in_it_is_read_or_refused(path: Path) -> None:
    """With each of its places, one at a time, missing or holding something else: no other error comes."""
    for mutant in mutants(json.loads(path.read_bytes())):
        with contextlib.suppress(ResponseDecodeError):
            decode(type_of(path), json.dumps(mutant).encode())


@each_completion
def test_whatever_can_be_read_can_be_asked_and_repeated(path: Path) -> None:
    for mutant in mutants(json.loads(path.read_bytes())):
        with contextlib.suppress(ResponseDecodeError):
            answer = decode(ChatCompletion, json.dumps(mutant).encode())
            assert isinstance(answer.text, str)
            assert answer.finish_reason is None or isinstance(answer.finish_reason, str)
            assert all(isinstance(call.name + call.arguments, str) for call in answer.tool_calls)
            encode_request(ChatRequest([answer.message.to_request()], model="m"))


@each_completion
def test_our_schema_allows_our_completions(path: Path) -> None:
    own_validator("completion").validate(json.loads(path.read_bytes()))


@each_completion
def test_our_schema_and_the_apis_agree(path: Path) -> None:
    ours, theirs = own_validator("completion"), spec_validator("CreateChatCompletionResponse")
    documents = mutants(json.loads(path.read_bytes()))
    assert [document for document in documents if ours.is_valid(document) != theirs.is_valid(document)] == []


@each_document
def test_the_apis_schema_allows_our_documents(path: Path) -> None:
    kind = path.stem.partition(".")[0]
    if kind in SCHEMAS:
        allowed = spec_validator(SCHEMAS[kind]).is_valid(json.loads(path.read_bytes()))
        assert allowed == (path.stem not in NOT_IN_THE_DOCUMENT)


def without_unknown(value: Any) -> Any:
    if isinstance(value, list):
        return [without_unknown(item) for item in value]
    if isinstance(value, dict):
        return {name: without_unknown(member) for name, member in value.items() if not name.startswith("x_")}
    return value
