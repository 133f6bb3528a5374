"""Whether to try again, and when."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk._error_body import ErrorWords
from chatsdk._protocol.retry import RETRY_STATUS, RetryAccount, RetryBudget, RetryPolicy
from chatsdk.errors import (
    APIConnectionError,
    APITimeoutError,
    ChatError,
    ClientClosedError,
    LengthLimitError,
    OutputError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    StreamError,
    StreamInterruptedError,
    UsageError,
    from_response,
)
from chatsdk.types import ChatCompletion

EMPTY = ChatCompletion()


def answer(status: int, body: bytes = b"", **headers: str) -> ChatError:
    return from_response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def quota(code: str) -> bytes:
    return b'{"error":{"message":"no money","code":"%s"}}' % code.encode()


CASES: dict[str, tuple[ChatError, bool]] = {
    **{
        f"status {status}": (answer(status), True) for status in (408, 409, 425, 429, 498, 500, 502, 503, 504, 529, 599)
    },
    **{
        f"status {status}": (answer(status), False)
        for status in (301, 307, 400, 401, 402, 403, 404, 405, 413, 418, 422, 424, 499, 501, 505, 600)
    },
    "x-should-retry: true": (answer(400, x_should_retry="true"), True),
    "x-should-retry: false": (answer(500, x_should_retry="false"), False),
    "x-should-retry: perhaps": (answer(500, x_should_retry="perhaps"), True),
    "a used-up quota": (answer(429, quota("insufficient_quota")), False),
    "a used-up quota by type": (answer(429, b'{"error":{"message":"","type":"insufficient_quota"}}'), False),
    "a used-up quota that may be retried": (
        answer(429, quota("billing_hard_limit_reached"), x_should_retry="true"),
        False,
    ),
    "no money": (answer(402, x_should_retry="true"), False),
    "a full server under a status of success": (answer(200, b'{"error":{"message":"","code":503}}'), True),
    "an error without a number under a status of success": (answer(200, b'{"error":"timed out"}'), True),
    "a wrong key under a status of success": (
        answer(200, b'{"error":{"message":"","type":"authentication_error"}}'),
        False,
    ),
    "a wrong request under a status of success": (answer(200, b'{"error":{"message":"","code":400}}'), False),
    "no connection": (APIConnectionError("refused"), True),
    "a stream that broke off": (StreamInterruptedError("cut", EMPTY), True),
    "time is up to connect": (APITimeoutError("connect", 5), True),
    "time is up for the headers": (APITimeoutError("headers", 5), True),
    "time is up between bytes": (APITimeoutError("idle", 5), True),
    "time is up for all": (APITimeoutError("total", 5), False),
    "an answer that cannot be read": (ResponseDecodeError("garbage"), True),
    "an answer that is too large": (ResponseTooLargeError("garbage"), False),
    "an error in a stream": (StreamError("oops"), True),
    "an error in a stream with a word for a code": (StreamError("oops", code="overloaded", type="server_error"), True),
    "an error in a stream with a status that passes": (
        StreamError("oops", code=503, status=503, type="not_found_error"),
        True,
    ),
    "an error in a stream with a status that stays": (StreamError("oops", code=400, status=400), False),
    "an error in a stream about the request": (StreamError("oops", type="invalid_request_error"), False),
    "an error in a stream about the key": (StreamError("oops", type="authentication_error"), False),
    "an error in a stream about the quota": (StreamError("no money", code="insufficient_quota"), False),
    "an error in a stream about what the server means by a quota": (
        StreamError("no money", code=1113, words=ErrorWords(quota=frozenset({"1113"}))),
        False,
    ),
    "an error in a stream about what the server means by a rate": (
        StreamError("slow down", code="insufficient_quota", words=ErrorWords(rate=frozenset({"insufficient_quota"}))),
        True,
    ),
    "an error in a stream about money": (StreamError("no money", status=402), False),
    "a used-up quota under a status of success": (answer(200, quota("insufficient_quota")), False),
    "an error in a stream about the quota, of 429": (
        StreamError("no money", type="insufficient_quota", code=429, status=429),
        False,
    ),
    "a wrong program": (UsageError("no"), False),
    "a closed client": (ClientClosedError("no"), False),
    "an answer of the wrong form": (OutputError("no", EMPTY), False),
    "an answer that was cut": (LengthLimitError("no", EMPTY), False),
    "any other error": (ChatError("no"), False),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_is_worth_another_attempt_or_not(name: str) -> None:
    error, transient = CASES[name]
    policy = RetryPolicy()
    assert policy.is_transient(error) is transient
    assert (policy.next_delay(error, attempt=1, elapsed=0, jitter=0) is not None) is transient


def test_the_statuses_are_the_callers_to_choose() -> None:
    policy = RetryPolicy(statuses=frozenset({418}))
    assert policy.is_transient(answer(418))
    assert not policy.is_transient(answer(500))
    assert not policy.is_transient(StreamError("", status=500))
    assert RetryPolicy(statuses=RETRY_STATUS | {404}).is_transient(answer(404))


FAILED = answer(500)

DELAYS = [
    (0, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]),
    (0.5, [0.4375, 0.875, 1.75, 3.5, 7.0, 7.0]),
    (0.999, [0.375125, 0.75025, 1.5005, 3.001, 6.002, 6.002]),
]


@pytest.mark.parametrize(("jitter", "delays"), DELAYS)
def test_the_wait_doubles_up_to_its_cap_less_the_jitter(jitter: float, delays: list[float]) -> None:
    policy = RetryPolicy(max_retries=9)
    found = [policy.next_delay(FAILED, attempt=attempt, elapsed=0, jitter=jitter) for attempt in range(1, 7)]
    assert found == pytest.approx(delays, rel=1e-12)


def test_waits_are_the_callers_to_choose() -> None:
    policy = RetryPolicy(max_retries=9, initial_delay=3, max_delay=5, jitter=0)
    assert [policy.next_delay(FAILED, attempt=n, elapsed=0, jitter=0.9) for n in (1, 2, 3)] == [3, 5, 5]
    assert RetryPolicy(initial_delay=0).next_delay(FAILED, attempt=2, elapsed=0, jitter=0.9) == 0
    assert RetryPolicy(initial_delay=9, max_delay=5).next_delay(FAILED, attempt=1, elapsed=0, jitter=0) == 5


def test_a_millionth_attempt_waits_no_longer_than_the_cap() -> None:
    policy = RetryPolicy(max_retries=10**6)
    assert policy.next_delay(FAILED, attempt=10**6, elapsed=0, jitter=0) == 8.0


@pytest.mark.parametrize(
    ("asked", "jitter", "delay"),
    [("2", 0, 2.0), ("2", 0.5, 2.25), ("2", 0.999, 2.4995), ("0.25", 0, 0.25), ("120", 0, 120.0), ("120", 0.5, 135.0)],
)
def test_a_servers_wait_is_never_shortened(asked: str, jitter: float, delay: float) -> None:
    error = answer(429, retry_after=asked)
    for attempt in (1, 2):
        found = RetryPolicy().next_delay(error, attempt=attempt, elapsed=0, jitter=jitter)
        assert found == pytest.approx(delay, rel=1e-12)


@given(st.floats(0.001, 120), st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_a_servers_wait_is_kept_to_whatever_the_dice(asked: float, jitter: float, share: float) -> None:
    delay = RetryPolicy(jitter=share).next_delay(
        answer(503, retry_after=repr(asked)), attempt=1, elapsed=0, jitter=jitter
    )
    assert delay is not None
    assert asked <= delay <= asked * (1 + share)


@given(st.integers(1, 3), st.floats(0, 1, exclude_max=True))
def test_a_wait_of_our_own_keeps_its_bounds_whatever_the_dice(attempt: int, jitter: float) -> None:
    delay = RetryPolicy(max_retries=3).next_delay(FAILED, attempt=attempt, elapsed=0, jitter=jitter)
    assert delay is not None
    assert 0.75 * 0.5 * 2 ** (attempt - 1) <= delay <= 0.5 * 2 ** (attempt - 1)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_wait_beyond_the_limit_gives_up_at_once(status: int) -> None:
    error = answer(status, retry_after="120.001")
    assert RetryPolicy().next_delay(error, attempt=1, elapsed=0, jitter=0) is None
    assert RetryPolicy(max_retry_after=121).next_delay(error, attempt=1, elapsed=0, jitter=0) == 120.001
    assert RetryPolicy(max_retry_after=0).next_delay(error, attempt=1, elapsed=0, jitter=0) is None


@pytest.mark.parametrize("asked", ["0", "-1", "nan", "soon", "0s"])
def test_a_wait_of_nothing_falls_back_to_ones_own(asked: str) -> None:
    assert RetryPolicy().next_delay(answer(429, retry_after=asked), attempt=2, elapsed=0, jitter=0) == 1.0


def test_a_wait_named_in_the_body_counts_as_one_in_a_header() -> None:
    error = answer(429, b'{"error":{"message":"slow","details":[{"retryDelay":"34.5s"}]}}')
    assert RetryPolicy().next_delay(error, attempt=1, elapsed=0, jitter=0) == 34.5


def test_the_retries_are_counted() -> None:
    found = [RetryPolicy().next_delay(FAILED, attempt=n, elapsed=0, jitter=0) is not None for n in (1, 2, 3, 4)]
    assert found == [True, True, False, False]
    assert RetryPolicy(max_retries=0).next_delay(FAILED, attempt=1, elapsed=0, jitter=0) is None


def test_the_time_that_has_passed_changes_nothing() -> None:
    assert RetryPolicy().next_delay(FAILED, attempt=1, elapsed=10**6, jitter=0) == 0.5


BAD_SETTINGS: list[dict[str, Any]] = [
    {"max_retries": -1},
    {"max_retries": 1.0},
    {"max_retries": True},
    {"max_retries": "2"},
    {"max_retries": None},
    {"initial_delay": -0.1},
    {"initial_delay": math.nan},
    {"initial_delay": "1"},
    {"max_delay": -1},
    {"max_delay": None},
    {"max_retry_after": -1},
    {"max_retry_after": math.nan},
    {"jitter": -0.1},
    {"jitter": 1.1},
    {"jitter": math.nan},
    {"jitter": "much"},
    {"statuses": None},
]


@pytest.mark.parametrize("settings", BAD_SETTINGS, ids=repr)
def test_settings_that_make_no_sense_are_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(settings))):
        RetryPolicy(**settings)


@pytest.mark.parametrize("settings", [{"capacity": -1}, {"cost": -1}, {"cost": math.nan}, {"refund": -1}], ids=repr)
def test_a_budget_that_makes_no_sense_is_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(settings))):
        RetryBudget(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_retries": 0},
        {"initial_delay": 0},
        {"max_delay": 0},
        {"max_retry_after": math.inf},
        {"jitter": 0},
        {"jitter": 1},
    ],
    ids=repr,
)
def test_settings_at_their_bounds_are_fine(settings: dict[str, Any]) -> None:
    RetryPolicy(**settings)


# -- the budget


def test_a_full_account_pays_for_35_retries() -> None:
    account = RetryAccount(RetryBudget())
    assert [account.draw() for _ in range(40)] == [True] * 35 + [False] * 5
    assert account.balance == 500 - 35 * 14


def test_successes_pay_for_more() -> None:
    account = RetryAccount(RetryBudget())
    while account.draw():
        pass
    for _ in range(3):
        account.refund()
    assert not account.draw()
    account.refund()
    assert account.draw()
    assert account.balance == 0


def test_an_account_never_holds_more_than_its_capacity() -> None:
    account = RetryAccount(RetryBudget(capacity=10, cost=3, refund=2))
    account.refund()
    assert account.balance == 10
    assert account.draw()
    account.refund()
    account.refund()
    assert account.balance == 10


def test_without_a_budget_every_retry_is_paid_for() -> None:
    account = RetryAccount(RetryPolicy(budget=None).budget)
    assert all(account.draw() for _ in range(1000))
    account.refund()
    assert account.draw()


@pytest.mark.parametrize(
    ("error", "draws"),
    [
        (answer(429, retry_after="3"), False),
        (answer(429, b'{"retry_after":3}'), False),
        (answer(429), True),
        (answer(429, retry_after="0"), True),
        (answer(503, retry_after="3"), True),
        (APIConnectionError("refused"), True),
    ],
    ids=repr,
)
def test_only_a_429_that_names_its_wait_draws_nothing(error: ChatError, draws: bool) -> None:
    assert RetryPolicy().draws_on_budget(error) is draws


def test_a_429_is_what_the_server_calls_one() -> None:
    assert isinstance(answer(200, b'{"error":{"message":"","code":"429"}}'), RateLimitError)
