"""A long stream takes no more memory than its text, whatever its pieces."""

from __future__ import annotations

import pytest

from .flat import VIEWS
from .process import measured

MIB = 1 << 20


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("tokens", [100_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
def test_a_stream_of_many_tokens_holds_its_text_and_no_more(base_url: str, view: str, tokens: int) -> None:
    found = measured("flat", base_url, view, tokens, timeout=300)

    assert found["outcome"] == "complete"
    assert found["is_right"]
    assert found["steps"] >= tokens
    assert found["growth"] <= 2 * found["text"] + 2 * MIB


def test_chunks_without_a_token_are_not_kept_without_end(base_url: str) -> None:
    found = measured("kept", base_url, 100_000, timeout=60)

    assert found["text"] == "x"
    assert found["growth"] <= 8 * MIB
