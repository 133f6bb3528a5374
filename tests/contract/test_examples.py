"""The API's own examples, read and written again: nothing is lost and nothing is added.

Facts about them: every answer of `POST /chat/completions` is a completion but that of the streaming example, which
is text: chunks between blank lines, with `....` for those left out. The list of models is text too, as it has
trailing commas. The body that updates a stored completion is no chat request. Messages of completions may lack
members that the document calls required (`refusal`), so the answers are not held against the schema.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import to_json
from chatsdk._protocol.wire import decode, encode_request
from chatsdk.types import (
    Answer,
    ChatCompletion,
    ChatCompletionChunk,
    ChatRequest,
    Deleted,
    Model,
    Page,
    StoredMessage,
)

from .schemas import SPEC, own_validator, spec_file

ANSWERS: dict[str, type[Answer]] = {
    "POST /chat/completions": ChatCompletion,
    "GET /chat/completions": Page,
    "GET /chat/completions/{completion_id}": ChatCompletion,
    "POST /chat/completions/{completion_id}": ChatCompletion,
    "DELETE /chat/completions/{completion_id}": Deleted,
    "GET /chat/completions/{completion_id}/messages": Page,
    "GET /models": Page,
    "GET /models/{model}": Model,
}
ITEMS: dict[str, type[Answer]] = {
    "GET /chat/completions": ChatCompletion,
    "GET /chat/completions/{completion_id}/messages": StoredMessage,
    "GET /models": Model,
}
ELISION = "...."

examples = sorted((SPEC / "examples").glob("*.json"))
each_example = pytest.mark.parametrize("path", examples or [SPEC / "examples"], ids=lambda path: path.stem)


def test_there_are_examples_of_every_operation() -> None:
    spec_file("examples")
    assert {load(path)["operation"] for path in examples} == ANSWERS.keys()


@each_example
def test_the_request_of_an_example_is_written_as_it_stands(path: Path) -> None:
    example = load(path)
    if example["operation"] != "POST /chat/completions":
        assert (example["request"] or {}).keys() <= {"metadata"}
        return
    request = msgspec.convert(example["request"], ChatRequest)
    body = json.loads(encode_request(request))
    assert body == example["request"]
    own_validator("request").validate(body)


@each_example
def test_the_answer_of_an_example_is_written_as_it_stands(path: Path) -> None:
    example = load(path)
    for cls, document in documents(example):
        assert_round_trip(cls, document)


def documents(example: dict[str, Any]) -> list[tuple[type[Answer], Any]]:
    """The JSON documents of an example's answer, those in a page included, and what each one is."""
    operation, response = example["operation"], example["response"]
    if isinstance(response, str) and operation == "POST /chat/completions":
        return [(ChatCompletionChunk, json.loads(text)) for text in response.split("\n\n") if text != ELISION]
    if isinstance(response, str):
        response = json.loads(re.sub(r",(\s*[\]}])", r"\1", response))
    items = response["data"] if operation in ITEMS else []
    return [(ANSWERS[operation], response), *((ITEMS[operation], item) for item in items)]


def assert_round_trip(cls: type[Answer], document: Any) -> None:
    """Whole by the bytes it came as; by its fields alone, no value is changed and only nulls are added."""
    answer = decode(cls, json.dumps(document).encode())
    assert answer.raw == document
    assert json.loads(to_json(answer)) == document
    fields = json.loads(to_json(msgspec.json.decode(json.dumps(document), type=cls)))
    assert within(fields, document), fields


def within(fields: Any, document: Any) -> bool:
    """Whether fields are null or what stands in the document."""
    if isinstance(fields, dict):
        return all(
            value is None or (name in document and within(value, document[name])) for name, value in fields.items()
        )
    if isinstance(fields, list):
        return len(fields) == len(document) and all(map(within, fields, document))
    return bool(fields == document)


def load(path: Path) -> dict[str, Any]:
    example: dict[str, Any] = json.loads(spec_file(path.relative_to(SPEC).as_posix()).read_bytes())
    return example
