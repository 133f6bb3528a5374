"""Everything that is raised: which class, with which facts, told how."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk import errors
from chatsdk._error_body import decode_lenient, error_facts, named_status, plain_text, retry_hint
from chatsdk._head import Head
from chatsdk._protocol.accumulate import Accumulator
from chatsdk.errors import (
    MAX_SHOWN,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ChatError,
    ClientClosedError,
    ConflictError,
    ContentFilterError,
    InternalServerError,
    LengthLimitError,
    NotFoundError,
    OutputError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    RedirectError,
    RefusedError,
    ResponseDecodeError,
    ResponseTooLargeError,
    StreamError,
    StreamInterruptedError,
    UnprocessableEntityError,
    UsageError,
    ValidationError,
    from_response,
    origin,
    shorten,
)
from chatsdk.types import ChatCompletion, Choice, Message, RateLimitWindow

PARTIAL = ChatCompletion("c", [Choice(message=Message(content="so far"))])

TREE: dict[type[ChatError], type[Exception]] = {
    ChatError: Exception,
    UsageError: ChatError,
    ClientClosedError: UsageError,
    APIConnectionError: ChatError,
    APITimeoutError: APIConnectionError,
    StreamInterruptedError: APIConnectionError,
    APIStatusError: ChatError,
    RedirectError: APIStatusError,
    BadRequestError: APIStatusError,
    AuthenticationError: APIStatusError,
    PermissionDeniedError: APIStatusError,
    NotFoundError: APIStatusError,
    ConflictError: APIStatusError,
    UnprocessableEntityError: APIStatusError,
    RateLimitError: APIStatusError,
    QuotaExceededError: RateLimitError,
    InternalServerError: APIStatusError,
    StreamError: ChatError,
    ResponseDecodeError: ChatError,
    ResponseTooLargeError: ResponseDecodeError,
    OutputError: ChatError,
    LengthLimitError: OutputError,
    ContentFilterError: OutputError,
    RefusedError: OutputError,
    ValidationError: OutputError,
}
"""Each class and what it is a kind of."""

STATUSES: dict[int, type[APIStatusError]] = {
    200: APIStatusError,
    300: RedirectError,
    301: RedirectError,
    307: RedirectError,
    308: RedirectError,
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: APIStatusError,
    409: ConflictError,
    413: APIStatusError,
    422: UnprocessableEntityError,
    429: RateLimitError,
    498: APIStatusError,
    500: InternalServerError,
    503: InternalServerError,
    529: InternalServerError,
    599: InternalServerError,
    600: APIStatusError,
}


def test_the_tree_is_the_one_that_is_promised() -> None:
    classes = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ChatError)}
    assert classes == set(TREE)
    for kind, parent in TREE.items():
        assert kind.__bases__ == (parent,)
        assert kind.__doc__
        assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_its_class_and_words_of_ours_where_the_server_has_none(status: int) -> None:
    error = from_response(status, {}, b"")
    assert type(error) is STATUSES[status]
    assert error.status == status
    assert error.message == STATUSES[status].default_message
    assert str(error).startswith(f"{error.message} (status {status})")


def test_every_class_has_words_of_its_own() -> None:
    words = [kind.default_message for kind in TREE if issubclass(kind, APIStatusError)]
    assert len(set(words)) == len(words)


# -- the facts of an answer

BODIES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "nested": (
        b'{"error":{"message":"no","type":"t","param":"messages","code":"c"}}',
        {"message": "no", "type": "t", "param": "messages", "code": "c"},
    ),
    "nested with nulls": (
        b'{"error":{"message":"no","type":null,"param":null,"code":null}}',
        {"message": "no", "type": None, "param": None, "code": None},
    ),
    "nested with a number": (b'{"error":{"message":"no","code":400}}', {"message": "no", "code": 400}),
    "nested without a message": (b'{"error":{"code":"c"}}', {"message": BadRequestError.default_message, "code": "c"}),
    "nested with an empty message": (b'{"error":{"message":""}}', {"message": BadRequestError.default_message}),
    "nested with a list for a message": (b'{"error":{"message":[{"a":1}]}}', {"message": '[{"a":1}]'}),
    "nested with an object for a code": (
        b'{"error":{"message":"no","code":{"a":1}}}',
        {"message": "no", "code": '{"a":1}'},
    ),
    "nested with a number for a type": (
        b'{"error":{"message":"no","type":5,"param":[0]}}',
        {"type": "5", "param": "[0]"},
    ),
    "nested with more beside it": (b'{"user_id":1,"error":{"message":"no"}}', {"message": "no"}),
    "flat": (b'{"object":"error","message":"no","code":400,"type":"t"}', {"message": "no", "code": 400, "type": "t"}),
    "flat without a mark": (b'{"message":"no","type":"t","code":"c"}', {"message": "no", "type": "t", "code": "c"}),
    "a detail": (b'{"detail":"no"}', {"message": "no"}),
    "a list of an error": (b'[{"error":{"message":"no","code":400}}]', {"message": "no", "code": 400}),
    "a text under error": (b'{"error":"no"}', {"message": "no", "code": None}),
    "a text": (b'"no"', {"message": "no"}),
    "plain text": (b"  no upstream \n", {"message": "no upstream"}),
    "a page": (b"<html><head><TITLE> 400 Bad </TITLE></head><body>nginx</body>", {"message": "400 Bad"}),
    "a page without a title": (b"<p>no</p>", {"message": "<p>no</p>"}),
    "a page with half a title": (b"<title>no", {"message": "<title>no"}),
    "a page whose title is empty": (b"<title> </title>", {"message": BadRequestError.default_message}),
    "a page with letters that grow when made small": ("İİİ<title>no</title>".encode(), {"message": "no"}),
    "nothing": (b"", {"message": BadRequestError.default_message}),
    "white space": (b" \n", {"message": BadRequestError.default_message}),
    "null": (b"null", {"message": "null"}),
    "an empty object": (b"{}", {"message": "the server calls the request wrong"}),
    "an empty list": (b"[]", {"message": "[]"}),
    "a list of errors": (b'{"success":false,"errors":[{"code":7009,"message":"no"}]}', {"message": "no", "code": 7009}),
    "a list": (b"[1]", {"message": "[1]"}),
    "latin-1": ("Schlüssel".encode("latin-1"), {"message": "Schl\ufffdssel"}),
    "latin-1 in JSON": (b'{"error":{"message":"\xfc"}}', {"message": "\ufffd"}),
    "half a character": (b'{"error":{"message":"\\ud800"}}', {"message": '{"error":{"message":"\\ud800"}}'}),
    "half a document": (b'{"error":{"mess', {"message": '{"error":{"mess'}),
    "too deep a document": (b"[" * 100_000, {"message": "[" * 100_000}),
}


@pytest.mark.parametrize("name", BODIES)
def test_the_body_of_an_error_gives_these_facts(name: str) -> None:
    body, facts = BODIES[name]
    error = from_response(400, {}, body)
    assert {fact: getattr(error, fact) for fact in facts} == facts
    assert type(error) is BadRequestError
    assert error.body == body
    assert len(str(error)) < MAX_SHOWN + 200


def test_an_error_has_the_facts_of_the_head() -> None:
    headers = {
        "X-Request-Id": "req_1",
        "Retry-After": "3",
        "x-should-retry": "false",
        "x-ratelimit-remaining-requests": "0",
    }
    error = from_response(429, headers, b'{"error":{"message":"slow down","code":"rate_limit_exceeded"}}')
    assert (error.request_id, error.retry_after, error.should_retry) == ("req_1", 3.0, False)
    assert error.headers["x-request-id"] == "req_1"
    assert error.rate_limit
    assert error.rate_limit.requests == RateLimitWindow(remaining=0)
    assert str(error) == "slow down (status 429, code rate_limit_exceeded, request_id req_1)"


def test_an_error_tells_all_that_it_knows() -> None:
    body = b'{"error":{"message":"no","type":"t","param":"p","code":7}}'
    assert str(from_response(400, {"request-id": "r"}, body)) == (
        "no (status 400, code 7, type t, param p, request_id r)"
    )


def test_an_error_that_is_born_without_facts_has_some() -> None:
    error = RateLimitError(Head(429))
    assert (error.body, error.code, error.type, error.param, error.retry_after) == (b"", None, None, None, None)
    assert error.partial is None


@pytest.mark.parametrize("body", [b"429", b'{"error":"429"}', b'{"error":{"message":429}}', b'{"error":{"code":429}}'])
def test_no_error_is_told_as_a_number_only(body: bytes) -> None:
    for status in (200, 307, 429, 500):
        assert any(letter.isalpha() for letter in str(from_response(status, {}, body)))


@pytest.mark.parametrize("word", sorted(errors.QUOTA_WORDS))
@pytest.mark.parametrize("member", ["code", "type"])
def test_a_used_up_quota_is_told_by_its_code_or_type(word: str, member: str) -> None:
    body = msgspec.json.encode({"error": {"message": "no", member: word}})
    assert type(from_response(429, {}, body)) is QuotaExceededError
    assert type(from_response(402, {}, body)) is QuotaExceededError
    assert type(from_response(403, {}, body)) is PermissionDeniedError


NAMED: dict[str, tuple[bytes, type[APIStatusError], int]] = {
    "a number": (b'{"error":{"message":"no","code":401}}', AuthenticationError, 401),
    "a number as text": (b'{"error":{"message":"no","code":"503"}}', InternalServerError, 503),
    "a word": (b'{"error":{"message":"no","code":"bad"}}', APIStatusError, 200),
    "a number that is no status": (b'{"error":{"message":"no","code":1234}}', APIStatusError, 200),
    "a status that is no error": (b'{"error":{"message":"no","code":200}}', APIStatusError, 200),
    "a bool": (b'{"error":{"message":"no","code":true}}', APIStatusError, 200),
    "digits that are none": ('{"error":{"message":"no","code":"²"}}'.encode(), APIStatusError, 200),
    "too many digits": (b'{"error":{"message":"no","code":"%s"}}' % (b"4" * 5000), APIStatusError, 200),
    "none": (b'{"error":"no"}', APIStatusError, 200),
    "flat": (b'{"object":"error","message":"no","code":404}', NotFoundError, 404),
    "a used-up quota": (b'{"error":{"message":"no","code":429,"type":"insufficient_quota"}}', QuotaExceededError, 429),
}


@pytest.mark.parametrize("name", NAMED)
def test_an_error_under_a_status_of_success_is_of_the_class_its_code_names(name: str) -> None:
    body, kind, status = NAMED[name]
    error = from_response(200, {}, body)
    assert (type(error), error.status) == (kind, status)


def test_a_status_of_failure_is_not_changed_by_a_code() -> None:
    assert type(from_response(500, {}, b'{"error":{"message":"no","code":429}}')) is InternalServerError


BODY_PARTS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
DOCUMENTS = st.recursive(
    BODY_PARTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "code", "type", "param", "detail", "details", "object", "retry_after"]
            ),
            inner | st.sampled_from(["error", "429", "1s"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.integers(100, 999), st.binary() | st.builds(msgspec.json.encode, DOCUMENTS))
def test_any_status_with_any_bytes_is_an_error_that_can_be_told(status: int, body: bytes) -> None:
    error = from_response(status, [("x-request-id", "r")], body)
    assert isinstance(error, APIStatusError)
    assert shorten(error.message) in str(error)
    assert f"status {error.status}" in str(error)
    assert "request_id r" in str(error)
    assert pickle.loads(pickle.dumps(error)).args == error.args


# -- waiting

HINTS: dict[str, tuple[bytes, float | None]] = {
    "nothing": (b"{}", None),
    "seconds": (b'{"retry_after":3}', 3.0),
    "seconds with a point": (b'{"error":{"retry_after":1.5}}', 1.5),
    "seconds as text": (b'{"error":{"retry_after":"2"}}', 2.0),
    "a duration": (b'{"error":{"retry_after":"1m2s"}}', 62.0),
    "in details, as Google writes it": (
        b'{"error":{"details":[{"@type":"x"},5,{"@type":"RetryInfo","retryDelay":"34.4s"}]}}',
        34.4,
    ),
    "in details of the document": (b'{"details":[{"retryDelay":"2s"}]}', 2.0),
    "in a list, as Google writes it": (b'[{"error":{"message":"","details":[{"retryDelay":"34.4s"}]}}]', 34.4),
    "the outermost counts": (b'{"retry_after":1,"error":{"retry_after":2}}', 1.0),
    "what says nothing is passed over": (b'{"retry_after":null,"error":{"retry_after":"soon","retryDelay":"3s"}}', 3.0),
    "negative": (b'{"retry_after":-1}', None),
    "a bool": (b'{"retry_after":true}', None),
    "details that are no list": (b'{"error":{"details":"x"}}', None),
    "an error that is a text": (b'{"error":"no"}', None),
    "no object": (b"[1]", None),
    "no JSON": (b"retry_after: 3", None),
}


@pytest.mark.parametrize("name", HINTS)
def test_a_wait_that_the_body_asks_for_is_understood(name: str) -> None:
    body, seconds = HINTS[name]
    assert from_response(429, {}, body).retry_after == seconds


def test_a_header_comes_before_the_body() -> None:
    assert from_response(429, {"retry-after": "5"}, b'{"retry_after":3}').retry_after == 5
    assert from_response(429, {"retry-after": "0"}, b'{"retry_after":3}').retry_after == 0
    assert from_response(429, {"retry-after": "soon"}, b'{"retry_after":3}').retry_after == 3


def test_a_date_is_counted_from_receipt() -> None:
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert from_response(429, headers, b"", received_at=1792567670.0).retry_after == 10
    assert from_response(429, headers, b"").retry_after is None


# -- redirects

ORIGINS = {
    "https://example.org/v1/chat": "https://example.org",
    "http://user:secret@example.org:8080/v1?key=secret#secret": "http://example.org:8080",
    "https://example.org?key=secret": "https://example.org",
    "https://example.org#secret": "https://example.org",
    "https://example.org/?next=http://other.org/secret@third.org": "https://example.org",
    "https://[::1]:8000/x": "https://[::1]:8000",
    "/v1/chat/completions": "the same origin",
    "/login?secret=1&next=https://example.org/": "the same origin",
    "?secret=https://example.org": "the same origin",
    "v1": "the same origin",
    "": "the same origin",
    "http://[::1/secret": "an address that cannot be read",
}


@pytest.mark.parametrize("url", ORIGINS)
def test_of_an_address_only_the_origin_is_shown(url: str) -> None:
    assert origin(url) == ORIGINS[url]
    error = from_response(307, {"location": url}, b"")
    assert isinstance(error, RedirectError)
    assert error.location == url
    assert str(error).endswith(f", to {ORIGINS[url]}")
    assert "secret" not in str(error)


def test_an_address_without_a_scheme_is_not_told_as_the_same_origin() -> None:
    error = from_response(307, {"location": "//user:secret@other.org/v1"}, b"")
    assert "other.org" in str(error)
    assert "secret" not in str(error)


def test_a_redirect_without_a_target_is_told_too() -> None:
    error = from_response(304, {}, b"")
    assert isinstance(error, RedirectError)
    assert error.location is None
    assert str(error).endswith("to the same origin")


# -- the other errors


def test_a_timeout_names_its_phase_and_limit() -> None:
    assert str(APITimeoutError("idle", 120)) == "the time limit of 120 s for phase 'idle' ran out"
    assert str(APITimeoutError("total")) == "the time limit for phase 'total' ran out"
    assert APITimeoutError("idle", 0.5).seconds == 0.5


def test_an_error_of_a_stream_tells_its_facts() -> None:
    assert str(StreamError("no")) == "no (in the stream)"
    error = StreamError("no", code=503, type="t", status=503)
    assert str(error) == "no (in the stream, code 503, type t)"
    assert (error.message, error.code, error.type, error.status) == ("no", 503, "t", 503)
    assert len(str(StreamError("x" * 10_000))) < MAX_SHOWN + 100


def test_an_unreadable_answer_is_shown_and_cut() -> None:
    error = ResponseDecodeError("garbage", b"\xff" + b"x" * 10_000)
    assert error.reason == "garbage"
    assert len(error.body) == MAX_SHOWN
    assert str(error).startswith("garbage: '\ufffdxxx")
    assert len(str(error)) < MAX_SHOWN + 100
    assert str(ResponseDecodeError("the answer is empty")) == "the answer is empty"


def test_long_texts_are_cut() -> None:
    assert shorten("x" * MAX_SHOWN) == "x" * MAX_SHOWN
    assert shorten("") == ""
    assert shorten("x" * (MAX_SHOWN + 1)) == "x" * MAX_SHOWN + "..."
    assert len(from_response(400, {}, b"x" * 10_000).message) == 10_000


def test_a_text_is_told_on_one_line_without_control_characters() -> None:
    error = from_response(500, {}, b"one\r\n\x1b[31mtwo\x00")
    assert error.message == "one\r\n\x1b[31mtwo\x00"
    assert str(error) == "one   [31mtwo  (status 500)"


HEADERS = {"x-request-id": "r", "retry-after": "3", "location": "https://example.org/x"}


def born(kind: type[ChatError]) -> ChatError:
    """An error with all its facts."""
    if issubclass(kind, APIStatusError):
        head = Head(429, HEADERS, 5.0)
        return kind(head, b"body", message="no", code=7, type="t", param="p", retry_after=1.0)
    if issubclass(kind, OutputError | StreamInterruptedError):
        return kind("words", PARTIAL)
    if issubclass(kind, ResponseDecodeError):
        return kind("garbage", b"body")
    if kind is APITimeoutError:
        return APITimeoutError("idle", 5.0)
    if kind is StreamError:
        return StreamError("no", code="c", type="t", status=500)
    return kind("words")


def facts_of(error: ChatError) -> dict[str, Any]:
    """All that an error holds, in a form that compares by value."""
    return {
        name: (fact.status, fact.headers, fact.received_at) if isinstance(fact, Head) else fact
        for name, fact in vars(error).items()
    }


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_every_error_is_copied_and_pickled_with_its_facts(kind: type[ChatError], again: Any) -> None:
    error = born(kind)
    error.partial = PARTIAL
    error.add_note("a note")
    found = again(again(error))
    assert type(found) is kind
    assert str(found) == str(error)
    assert repr(found) == repr(error)
    assert facts_of(found) == facts_of(error)
    assert found.partial.text == "so far"


def test_a_pickled_error_keeps_the_head_of_what_had_come() -> None:
    error = StreamInterruptedError("cut", Accumulator(Head(200, HEADERS)).completion())
    assert pickle.loads(pickle.dumps(error)).partial.request_id == "r"


# -- what bodies are made of


def test_no_error_object_gives_no_facts() -> None:
    for document in (None, 5, "x", [], {}, {"error": None}, {"error": {}}, {"error": ""}, {"object": "list"}):
        assert error_facts(document) is None


def test_a_status_is_a_number_from_400_to_599() -> None:
    assert [named_status(code) for code in (400, 599, "429", 399, 600, "x", "", None, 4.5, -400)] == [
        400, 599, 429, None, None, None, None, None, None, None,
    ]  # fmt: skip


@given(st.binary())
def test_no_bytes_make_reading_a_body_raise(body: bytes) -> None:
    document = decode_lenient(body)
    error_facts(document)
    retry_hint(document)
    assert isinstance(plain_text(body), str)
