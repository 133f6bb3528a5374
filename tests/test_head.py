"""What the head of an answer says."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from chatsdk._head import REQUEST_ID_HEADERS, Head, Headers, parse_date, parse_duration, parse_number
from chatsdk.types import RateLimitSnapshot, RateLimitWindow

# -- headers


def test_names_are_found_in_any_case() -> None:
    headers = Headers({"X-Request-ID": "1", "date": "2"})
    assert headers["x-request-id"] == headers["X-REQUEST-ID"] == "1"
    assert headers.get("Date") == "2"
    assert "DATE" in headers
    assert "age" not in headers
    assert headers.get("age") is None
    with pytest.raises(KeyError):
        headers["age"]
    assert list(headers) == ["x-request-id", "date"]
    assert len(headers) == 2
    assert dict(headers) == {"x-request-id": "1", "date": "2"}


def test_values_of_a_repeated_name_are_joined() -> None:
    assert Headers([("A", "1"), ("b", "2"), ("a", "3")]) == {"a": "1, 3", "b": "2"}


@pytest.mark.parametrize(
    "pairs",
    [
        [("X-Request-ID", "r"), ("date", "d")],
        [("Retry-After", "1"), ("retry-after", "1"), ("RETRY-AFTER", "2"), ("x-request-id", "r"), ("Retry-After", "1")],
        [],
    ],
)
def test_headers_that_are_found_are_the_same_as_those_that_are_read(pairs: list[tuple[str, str]]) -> None:
    fields = CIMultiDictProxy(CIMultiDict(pairs))
    found, read = Headers(fields, fields.getall), Headers(pairs)

    for name in ("x-request-id", "X-Request-Id", "Retry-After", "Date", "age"):
        assert found.get(name) == read.get(name)
        assert found.get(name, "none") == read.get(name, "none")
        assert (name in found) == (name in read)
    for again in (found, copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert again == read
        assert list(again.items()) == list(read.items())
        assert (len(again), repr(again)) == (len(read), repr(read))
    with pytest.raises(KeyError):
        found["age"]


def test_headers_compare_by_value_and_show_it() -> None:
    assert Headers({"A": "1"}) == Headers([("a", "1")])
    assert Headers({"A": "1"}) != Headers({"A": "2"})
    assert repr(Headers({"A": "1"})) == "Headers({'a': '1'})"
    assert Headers() == {}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda head: pickle.loads(pickle.dumps(head))])
def test_a_head_is_copied_and_pickled_with_its_facts(again: Any) -> None:
    head = again(Head(429, [("Retry-After", "3"), ("x-request-id", "r")], 5.0))
    assert (head.status, head.received_at, head.retry_after, head.request_id) == (429, 5.0, 3.0, "r")
    assert head.headers == Headers({"retry-after": "3", "x-request-id": "r"})


def test_headers_that_are_headers_already_are_taken_as_they_are() -> None:
    headers = Headers({"a": "1"})
    assert Head(200, headers).headers is headers


# -- request id


@pytest.mark.parametrize("name", REQUEST_ID_HEADERS)
def test_the_request_id_goes_by_any_of_these_names(name: str) -> None:
    assert Head(200, {name.title(): "req_1"}).request_id == "req_1"


def test_the_first_name_that_says_something_gives_the_request_id() -> None:
    head = Head(200, {"x-generation-id": "4", "apim-request-id": "3", "request-id": "2", "x-request-id": ""})
    assert head.request_id == "2"
    assert Head(200).request_id is None


# -- waiting

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
SECONDS = 1792567680.0

WAITS: dict[str, tuple[dict[str, str], float | None]] = {
    "nothing": ({}, None),
    "seconds": ({"Retry-After": "7"}, 7.0),
    "seconds with a point": ({"retry-after": "0.5"}, 0.5),
    "seconds with blanks round them": ({"retry-after": " 7 "}, 7.0),
    "no seconds": ({"retry-after": "0"}, 0.0),
    "milliseconds": ({"retry-after-ms": "250"}, 0.25),
    "milliseconds come first": ({"retry-after": "7", "retry-after-ms": "1500"}, 1.5),
    "no milliseconds leave it to the seconds": ({"retry-after": "7", "retry-after-ms": "0"}, 7.0),
    "bad milliseconds leave it to the seconds": ({"retry-after": "7", "retry-after-ms": "soon"}, 7.0),
    "negative milliseconds": ({"retry-after-ms": "-5"}, None),
    "a date, by the server's clock": ({"retry-after": DATE, "Date": "Wed, 21 Oct 2026 07:27:30 GMT"}, 30.0),
    "a date in the past": ({"retry-after": DATE, "date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0.0),
    "a date and no clock": ({"retry-after": DATE}, None),
    "a date and a bad clock": ({"retry-after": DATE, "date": "today"}, None),
    "a date of another kind": ({"retry-after": "Wednesday, 21-Oct-26 07:28:00 GMT", "date": DATE}, 0.0),
    "a duration": ({"retry-after": "1m30.5s"}, 90.5),
    "a duration in milliseconds": ({"retry-after": "17ms"}, 0.017),
    "negative": ({"retry-after": "-1"}, None),
    "no number": ({"retry-after": "nan"}, None),
    "no finite number": ({"retry-after": "inf"}, None),
    "a number beyond all": ({"retry-after": "1" + "0" * 400}, None),
    "a duration beyond all": ({"retry-after": "1" + "0" * 400 + "h"}, None),
    "a huge number": ({"retry-after": "1000000000"}, 1e9),
    "words": ({"retry-after": "soon"}, None),
    "Azure's milliseconds": ({"retry-after": "7", "retry-after-ms": "0", "x-ms-retry-after-ms": "1250"}, 1.25),
    "of the server behind LiteLLM": ({"llm_provider-retry-after": "7"}, 7.0),
    "LiteLLM's own comes first": ({"llm_provider-retry-after": "7", "retry-after": "2"}, 2.0),
    "its own milliseconds of no use": ({"llm_provider-retry-after-ms": "70", "retry-after-ms": "x"}, None),
    "empty": ({"retry-after": ""}, None),
    "a number with a comma": ({"retry-after": "1,5"}, None),
}


@pytest.mark.parametrize("name", WAITS)
def test_the_wait_that_is_asked_for_is_understood(name: str) -> None:
    headers, seconds = WAITS[name]
    assert Head(429, headers).retry_after == seconds


def test_a_header_sent_twice_the_same_counts_once() -> None:
    assert Head(429, [("retry-after", "7"), ("Retry-After", "7")]).retry_after == 7
    earlier = "Wed, 21 Oct 2026 07:27:30 GMT"
    assert Head(429, [("retry-after", DATE), ("date", earlier), ("Date", earlier)]).retry_after == 30


def test_without_a_clock_of_the_server_ours_is_used() -> None:
    assert Head(429, {"retry-after": DATE}, SECONDS - 20).retry_after == 20
    assert Head(429, {"retry-after": DATE}, SECONDS + 20).retry_after == 0
    clocks = {"retry-after": DATE, "date": "Wed, 21 Oct 2026 07:27:59 GMT"}
    assert Head(429, clocks, SECONDS - 20).retry_after == 1


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("true", True), ("false", False), ("True", True), (" FALSE ", False), ("yes", None), ("", None), ("1", None)],
)
def test_x_should_retry_says_yes_or_no_or_nothing(value: str, verdict: bool | None) -> None:
    assert Head(500, {"X-Should-Retry": value}).should_retry is verdict
    assert Head(500).should_retry is None


# -- rate limits

W = RateLimitWindow

LIMITS: dict[str, tuple[dict[str, str], RateLimitSnapshot | None]] = {
    "nothing": ({"content-type": "application/json"}, None),
    "as the API says it": (
        {
            "X-RateLimit-Limit-Requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "8.64s",
            "x-ratelimit-limit-tokens": "200000",
            "x-ratelimit-remaining-tokens": "199990",
            "x-ratelimit-reset-tokens": "3ms",
        },
        RateLimitSnapshot(W(10000, 9999, 8.64), W(200000, 199990, 0.003)),
    ),
    "only requests": ({"x-ratelimit-remaining-requests": "5"}, RateLimitSnapshot(W(remaining=5))),
    "only tokens": ({"x-ratelimit-limit-tokens": "5"}, RateLimitSnapshot(tokens=W(5))),
    "hours and minutes": ({"x-ratelimit-reset-requests": "8h38m24s"}, RateLimitSnapshot(W(reset_after=31104.0))),
    "no minutes": ({"x-ratelimit-reset-tokens": "6m0s"}, RateLimitSnapshot(tokens=W(reset_after=360.0))),
    "seconds without a unit": ({"x-ratelimit-reset-requests": "33011.38"}, RateLimitSnapshot(W(reset_after=33011.38))),
    "other windows": (
        {"x-ratelimit-limit-tokens_usage_based": "7", "x-ratelimit-remaining-requests-day": "8"},
        RateLimitSnapshot(W(remaining=8), other={"tokens_usage_based": W(7), "requests-day": W(remaining=8)}),
    ),
    "what says nothing": (
        {
            "x-ratelimit-limit-requests": "-1",
            "x-ratelimit-remaining-requests": "many",
            "x-ratelimit-reset-requests": "",
        },
        RateLimitSnapshot(),
    ),
    "names that are none of these": (
        {
            **dict.fromkeys(
                ["x-ratelimit-", "x-ratelimit-type-requests", "x-ratelimit-limit-", "my-x-ratelimit-limit"], "1"
            ),
            **dict.fromkeys(
                ["x-ratelimit-over-limit", "x-ratelimit-tokens-query-cost", "x-ratelimit-timeremaining"], "1"
            ),
            **dict.fromkeys(["x-ratelimit-renewalperiod-requests", "llm_provider-", "anthropic-ratelimit-limit"], "1"),
        },
        None,
    ),
    "no window": (
        {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "4", "x-ratelimit-reset": "1"},
        RateLimitSnapshot(other={"default": W(5, 4, 1.0)}),
    ),
    "no prefix": (
        {"ratelimit-limit": "5", "ratelimit-reset": "9"},
        RateLimitSnapshot(other={"default": W(5, None, 9.0)}),
    ),
    "Azure, which does not know": (
        {
            "x-ratelimit-limit-requests": "0",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "0",
            "x-ratelimit-limit-tokens": "-1",
            "x-ratelimit-remaining-tokens": "-1",
            "x-ratelimit-renewalperiod-tokens": "60",
        },
        RateLimitSnapshot(W(reset_after=0.0)),
    ),
    "Cerebras": (
        {
            "x-ratelimit-limit-requests-day": "14400",
            "x-ratelimit-remaining-requests-day": "14399",
            "x-ratelimit-reset-requests-day": "40123.456789",
            "x-ratelimit-limit-tokens-minute": "30000",
            "x-ratelimit-remaining-tokens-minute": "29000",
            "x-ratelimit-reset-tokens-minute": "3.25",
        },
        RateLimitSnapshot(
            W(14400, 14399, 40123.456789),
            W(30000, 29000, 3.25),
            {"requests-day": W(14400, 14399, 40123.456789), "tokens-minute": W(30000, 29000, 3.25)},
        ),
    ),
    "two periods, of which the shorter counts": (
        {"x-ratelimit-remaining-requests-day": "8", "x-ratelimit-remaining-requests-minute": "2"},
        RateLimitSnapshot(W(remaining=2), other={"requests-day": W(remaining=8), "requests-minute": W(remaining=2)}),
    ),
    "Mistral": (
        {
            "x-ratelimit-limit-req-minute": "60",
            "x-ratelimit-remaining-req-minute": "59",
            "x-ratelimit-limit-tokens-minute": "0",
            "x-ratelimit-remaining-tokens-minute": "0",
            "x-ratelimit-tokens-query-cost": "12",
        },
        RateLimitSnapshot(W(60, 59), W(), {"req-minute": W(60, 59), "tokens-minute": W()}),
    ),
    "Mistral, by size": (
        {
            "ratelimitbysize-limit": "500000",
            "ratelimitbysize-remaining": "499988",
            "ratelimitbysize-reset": "35",
            "ratelimitbysize-query-cost": "12",
            "x-ratelimitbysize-limit-month": "1000000000",
        },
        RateLimitSnapshot(
            tokens=W(500000, 499988, 35.0), other={"size": W(500000, 499988, 35.0), "size-month": W(1000000000)}
        ),
    ),
    "Together": (
        {
            "x-ratelimit-limit": "10",
            "x-ratelimit-remaining": "9",
            "x-ratelimit-reset": "0.2",
            "x-tokenlimit-limit": "3000",
            "x-tokenlimit-remaining": "2900",
            "x-tokenlimit-limit-dynamic": "5000",
        },
        RateLimitSnapshot(tokens=W(3000, 2900), other={"default": W(10, 9, 0.2), "tokens-dynamic": W(5000)}),
    ),
    "Fireworks": (
        {
            "x-ratelimit-limit-requests": "600",
            "x-ratelimit-limit-tokens-prompt": "60000",
            "x-ratelimit-remaining-tokens-generated": "7000",
            "x-ratelimit-over-limit": "no",
        },
        RateLimitSnapshot(W(600), other={"tokens-prompt": W(60000), "tokens-generated": W(remaining=7000)}),
    ),
    "Anthropic": (
        {
            "date": DATE,
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-10-21T07:28:01Z",
            "anthropic-ratelimit-tokens-remaining": "9000",
            "anthropic-ratelimit-input-tokens-limit": "8000",
            "anthropic-ratelimit-output-tokens-reset": "2026-10-21T09:28:12+02:00",
        },
        RateLimitSnapshot(
            W(50, 49, 1.0), W(remaining=9000), {"input-tokens": W(8000), "output-tokens": W(reset_after=12.0)}
        ),
    ),
    "OpenRouter": (
        {"Date": DATE, "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1792567740000"},
        RateLimitSnapshot(other={"default": W(20, 0, 60.0)}),
    ),
    "a server behind LiteLLM": (
        {
            "llm_provider-x-ratelimit-remaining-requests": "5",
            "llm_provider-anthropic-ratelimit-tokens-limit": "7",
            "x-litellm-call-id": "1",
        },
        RateLimitSnapshot(W(remaining=5), W(7)),
    ),
    "LiteLLM's own come first, and are not mixed with those behind": (
        {
            "x-ratelimit-remaining-requests": "3",
            "llm_provider-x-ratelimit-remaining-requests": "5",
            "llm_provider-x-ratelimit-limit-requests": "9",
            "llm_provider-x-ratelimit-limit-tokens": "7",
        },
        RateLimitSnapshot(W(remaining=3), W(7)),
    ),
    "numbers with a point": ({"x-ratelimit-remaining-requests": "5.0"}, RateLimitSnapshot(W(remaining=5))),
    "no finite number": (
        {"x-ratelimit-limit-requests": "inf", "x-ratelimit-reset-requests": "nan"},
        RateLimitSnapshot(),
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_rate_limits_are_understood(name: str) -> None:
    headers, snapshot = LIMITS[name]
    assert Head(200, headers).rate_limit == snapshot


@pytest.mark.parametrize(
    "value",
    [f"{SECONDS + 60:.0f}", f"{SECONDS * 1000 + 60_000:.0f}", "2026-10-21T07:29:00Z"],
    ids=["s", "ms", "RFC 3339"],
)
def test_a_reset_that_is_an_instant_is_counted_from_receipt(value: str) -> None:
    limits = Head(200, {"x-ratelimit-reset-requests": value}, SECONDS).rate_limit
    assert limits
    assert limits.requests.reset_after == pytest.approx(60)


# -- the forms of numbers, durations and dates

DURATIONS = {
    "1h": 3600.0,
    "1h2m3.5s": 3723.5,
    "12ms": 0.012,
    "1.s": 1.0,
    ".5s": 0.5,
    "5µs": 5e-6,
    "5us": 5e-6,
    "7ns": 7e-9,
    "0s": 0.0,
    "": None,
    "1": None,
    "s": None,
    "1d": None,
    "-1s": None,
    "1 s": None,
    "1s ": None,
    "1sx": None,
    "x1s": None,
}


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_is_read(text: str) -> None:
    expected = DURATIONS[text]
    assert parse_duration(text) == (None if expected is None else pytest.approx(expected, rel=1e-12))
    assert parse_duration(None) is None


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_that_is_written_reads_as_itself(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


def test_a_date_is_read_in_all_three_forms() -> None:
    assert parse_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777
    assert parse_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777
    assert parse_date("Sun Nov  6 08:49:37 1994") == 784111777


@pytest.mark.parametrize(
    "text", [None, "", "soon", ",", "Wed, 99 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 +99999999"]
)
def test_what_is_no_date_is_none(text: str | None) -> None:
    assert parse_date(text) is None


@given(st.text() | st.text("0123456789.-+eEinfa_ hms:,GMT"))
def test_no_text_makes_reading_raise(text: str) -> None:
    for read in (parse_number, parse_duration, parse_date):
        seconds = read(text)
        assert seconds is None or isinstance(seconds, float)
    head = Head(429, {"retry-after": text, "retry-after-ms": text, "date": text, "x-ratelimit-limit-tokens": text}, 0.0)
    assert head.retry_after is None or head.retry_after >= 0
    assert head.rate_limit is not None


@pytest.mark.parametrize(
    ("value", "length"),
    [("12", 12), ("0", 0), ("12.5", 12), ("9" * 20, 10**20), ("\uff11", None), ("x", None), ("-1", None), (None, None)],
)
def test_the_length_of_a_body_is_known_where_it_is_told(value: str | None, length: int | None) -> None:
    assert Head(200, {} if value is None else {"Content-Length": value}).content_length == length
