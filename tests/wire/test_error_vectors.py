"""The byte-exact samples of `../shared/wire/vectors.jsonl` that are errors or headers, read as the client reads them.

They belong to somebody else and stay where they are: without that folder beside the repository this file is skipped.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import errors
from chatsdk._head import Head
from chatsdk._protocol.retry import RetryPolicy
from chatsdk.errors import APIStatusError, from_response
from chatsdk.types import RateLimitSnapshot, RateLimitWindow

FILE = Path(__file__).parents[3] / "shared" / "wire" / "vectors.jsonl"

if not FILE.exists():
    pytest.skip("NOT TESTED: ../shared/wire/vectors.jsonl is not beside this repository", allow_module_level=True)

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"]: vector for vector in map(msgspec.json.decode, FILE.read_bytes().splitlines())
}

ERRORS = [name for name, vector in VECTORS.items() if vector["kind"] == "error"]
HEADERS = [name for name, vector in VECTORS.items() if vector["kind"] == "headers"]

CONTRADICTIONS: dict[str, str] = {}
"""Vectors that want something else than DESIGN.md does, and why ours is right."""

CLASSES: dict[str, type[APIStatusError]] = {
    "auth": errors.AuthenticationError,
    "context_length": errors.BadRequestError,
    "not_found": errors.NotFoundError,
    "quota": errors.QuotaExceededError,
    "rate_limit": errors.RateLimitError,
}
"""The class that a vector hints at. What is wrong with a request is told by its code, so a context length has none."""

FACTS = ("status", "type", "code", "param")

EXPECTATIONS = {
    "error", "retryable", "exception", "retry_after_s", "body_retry_after_s", "x_should_retry",
    "limits", "ignore_because_2xx",
}  # fmt: skip
"""What the vectors expect, all of which is looked at here; of the last one `retry_after_s` says the same."""


def read(vector: dict[str, Any]) -> APIStatusError:
    body = base64.b64decode(vector["body_b64"])
    return from_response(vector["status"], vector["headers"], body, received_at=vector.get("now"))


def window_of(limits: RateLimitSnapshot, name: str) -> RateLimitWindow:
    return {**limits.other, "requests": limits.requests, "tokens": limits.tokens}[name]


def seconds_left(expected: dict[str, Any], now: float) -> float:
    """The seconds to a reset, which a vector gives as such or as an instant, even one that has passed."""
    return float(expected["reset_s"]) if "reset_s" in expected else max(0.0, expected["reset_at"] - now)


def test_nothing_is_left_out() -> None:
    assert ERRORS
    assert HEADERS
    assert CONTRADICTIONS.keys() <= VECTORS.keys()
    assert {expected for name in ERRORS + HEADERS for expected in VECTORS[name]["expect"]} <= EXPECTATIONS


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in CONTRADICTIONS])
def test_an_error_is_what_the_vector_says(name: str) -> None:
    expect = VECTORS[name]["expect"]
    error = read(VECTORS[name])
    wanted = expect["error"]
    assert wanted["kind"] == "api"
    assert {fact: getattr(error, fact) for fact in FACTS} == {fact: wanted[fact] for fact in FACTS}
    assert error.message == (wanted["message"] or type(error).default_message)
    assert RetryPolicy().is_transient(error) is expect["retryable"]
    assert error.should_retry is expect.get("x_should_retry")
    if hint := expect.get("exception"):
        assert type(error) is CLASSES[hint]
    waits = [expect[key] for key in ("retry_after_s", "body_retry_after_s") if key in expect]
    assert error.retry_after == next(iter(waits), error.retry_after)
    assert str(error).isprintable()
    assert error.message in str(error)


@pytest.mark.parametrize("name", [name for name in HEADERS if name not in CONTRADICTIONS])
def test_headers_say_what_the_vector_says(name: str) -> None:
    vector = VECTORS[name]
    expect, now = vector["expect"], vector["now"]
    head = Head(vector["status"], vector["headers"], now)
    assert head.retry_after == expect["retry_after_s"]
    limits = head.rate_limit or RateLimitSnapshot()
    for window, wanted in expect["limits"].items():
        found = window_of(limits, window)
        assert (found.limit, found.remaining) == (wanted["limit"], wanted["remaining"])
        if wanted.keys() & {"reset_s", "reset_at"}:
            assert found.reset_after == pytest.approx(seconds_left(wanted, now))
    told = {name for name in ("requests", "tokens") if window_of(limits, name) != RateLimitWindow()}
    assert told | limits.other.keys() == expect["limits"].keys()
