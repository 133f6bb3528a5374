"""No choice of parameters, right or wrong, makes a body that the API's schema forbids."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsdk import UsageError
from chatsdk._protocol.wire import encode_request
from chatsdk.types import ChatRequest

from .parameters import TABLE
from .schemas import own_validator
from .table import HELLO, MODEL, Same

DEFAULTS = {"messages": Same(HELLO, HELLO), "model": Same(MODEL, MODEL)}

repeatable = settings(deadline=None, database=None, derandomize=True, max_examples=300)
"""The same requests each time: what fails here fails everywhere."""

right = {name: st.sampled_from(row.values()) for name, row in TABLE.items()}
wrong = {name: st.sampled_from(row.wrong_values()) for name, row in TABLE.items()}


@repeatable
@given(st.fixed_dictionaries({}, optional=right))
def test_right_values_make_a_valid_body_whatever_else_is_set(chosen: dict[str, Same]) -> None:
    chosen = DEFAULTS | chosen
    body = msgspec.json.decode(encode(chosen))
    assert body == {name: case.json for name, case in chosen.items()}
    own_validator("request").validate(body)


@repeatable
@given(
    st.fixed_dictionaries({}, optional=right),
    st.sampled_from(list(TABLE)).flatmap(lambda name: st.fixed_dictionaries({name: wrong[name]})),
)
def test_one_wrong_value_among_right_ones_is_found(chosen: dict[str, Same], mistake: dict[str, Same]) -> None:
    (name,) = mistake
    with pytest.raises(UsageError, match=f"^{name}"):
        encode(DEFAULTS | chosen | mistake)


def encode(chosen: dict[str, Any]) -> bytes:
    return encode_request(ChatRequest(**{name: case.value for name, case in chosen.items()}))
