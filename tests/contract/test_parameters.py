"""The client takes a value just where the API's schema allows the body it makes.

The table says what is right and wrong; the schema is our own, and the API's where a checkout has it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chatsdk import UsageError
from chatsdk._protocol.wire import encode_request
from chatsdk.types import ChatRequest

from .mutants import row_mutants
from .parameters import TABLE
from .schemas import OWN, own_validator, spec_validator
from .table import Row, with_

each_parameter = pytest.mark.parametrize(("name", "row"), TABLE.items(), ids=list(TABLE))


def test_the_schema_knows_every_parameter() -> None:
    assert OWN["request"]["properties"].keys() == TABLE.keys()


@each_parameter
def test_what_a_parameter_takes_makes_a_valid_body(name: str, row: Row) -> None:
    for case in row.values():
        body = encode_request(ChatRequest(**with_(name, case.value)))
        own_validator("request").validate(msgspec.json.decode(body))


@each_parameter
def test_what_a_parameter_refuses_would_make_an_invalid_body(name: str, row: Row) -> None:
    allowed = [case.json for case in row.wrong_values() if own_validator("request").is_valid(with_(name, case.json))]
    assert allowed == []


@each_parameter
def test_whatever_stands_in_a_parameter_is_refused_or_makes_a_valid_body(name: str, row: Row) -> None:
    assert [mutant for mutant in row_mutants(row) if not is_judged_well(name, mutant)] == []


@each_parameter
def test_our_schema_and_the_apis_agree(name: str, row: Row) -> None:
    ours, theirs = own_validator("request"), spec_validator("CreateChatCompletionRequest")
    values = [case.json for case in row.values() + row.wrong_values()] + row_mutants(row)
    bodies = [with_(name, value) for value in values]
    assert [body[name] for body in bodies if ours.is_valid(body) != theirs.is_valid(body)] == []


def is_judged_well(name: str, value: Any) -> bool:
    """Whether the client writes a valid body, or refuses what would have been an invalid one."""
    is_valid = own_validator("request").is_valid
    try:
        body = encode_request(ChatRequest(**with_(name, value)))
    except UsageError:
        return not is_valid(with_(name, value))
    return bool(is_valid(msgspec.json.decode(body)))
