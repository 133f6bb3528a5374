"""The body of an answer to chunks, to a completion, and to a verdict on how it ended."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatsdk._error_body import ErrorWords
from chatsdk._head import Head
from chatsdk._protocol import chunks, sse
from chatsdk._protocol.chunks import ChunkDecoder, as_chunk, read_completion
from chatsdk._protocol.retry import RetryPolicy
from chatsdk._protocol.sse import BOM
from chatsdk.errors import (
    MAX_EVENT_KEPT,
    PATH_HINT,
    APIStatusError,
    AuthenticationError,
    ChatError,
    InternalServerError,
    QuotaExceededError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    StreamError,
    StreamInterruptedError,
    from_response,
)
from chatsdk.types import ChatCompletion, Choice, CompletionUsage, Message, ToolCall

from .pieces import DONE, HEAD, cuttings, event, read, said, ways_to_cut

A, B, END = event(said("a")), event(said("b")), event(said("", "stop"))
USAGE = event({"choices": [], "usage": {"total_tokens": 3}})
WRONG = b'data: {"error":{"message":"too hot","type":"server_error","code":500}}\n\n'
COMPLETION = b'{"id":"c1","choices":[{"message":{"content":"ab"},"finish_reason":"stop"}],"model":"m"}'

STREAMS: dict[str, tuple[bytes, list[str], type[ChatError] | None]] = {
    "a usual stream": (A + B + END + DONE, ["a", "b", ""], None),
    "nothing after [DONE] is read": (A + DONE + B + b"data: garbage\n\n" + DONE + WRONG, ["a"], None),
    "[DONE] among blanks": (A + b"data:  [DONE] \n\n", ["a"], None),
    "[DONE] without a space": (A + b"data:[DONE]\n\n", ["a"], None),
    "[DONE] without its blank line": (A + b"data: [DONE]", ["a"], None),
    "[DONE] with something behind it": (A + b"data: [DONE]}\n\n" + B, ["a"], None),
    "[DONE] stands in for a finish reason": (A + DONE, ["a"], None),
    "a finish reason stands in for [DONE]": (A + END, ["a", ""], None),
    "usage after the finish reason": (A + END + USAGE + DONE, ["a", "", ""], None),
    "the last event without its blank line": (A + END.rstrip(), ["a", ""], None),
    "data of several lines": (b'data: {"choices":\ndata: [{"delta":{"content":"a"}}]}\n\n' + DONE, ["a"], None),
    "data with blanks round it": (b"data:   " + A[6:-2] + b" \t\n\n" + DONE, ["a"], None),
    "a pause as empty data": (A + b"data:\n\ndata\n\ndata:   \n\n" + B + DONE, ["a", "b"], None),
    'a pause as ""': (A + b'data: ""\n\n' + B + DONE, ["a", "b"], None),
    "a pause as null": (A + b"data: null\n\n" + B + DONE, ["a", "b"], None),
    "a pause as a ping object": (A + b'data: {"type":"ping"}\n\n' + B + DONE, ["a", "b"], None),
    "a pause as a comment": (b": PROCESSING\n\n\n" + A + b":\n\n" + B + DONE, ["a", "b"], None),
    "events of another name": (b"event: ping\n\nevent: message\nid: 1\n" + A + DONE, ["a"], None),
    "one line end between events": (A[:-1] + B[:-1] + DONE, ["a", "b"], None),
    "a byte order mark": (BOM + A + DONE, ["a"], None),
    "bad UTF-8 is replaced": (A.replace(b'"a"', b'"a\xf0\x9fb"') + DONE, ["a\ufffdb"], None),
    "line separators of Unicode": (event(said("a\u2028b\u0085")) + DONE, ["a\u2028b\u0085"], None),
    "broken off": (A, ["a"], StreamInterruptedError),
    "broken off in an event": (A + B[:20], ["a"], StreamInterruptedError),
    "broken off in a field name": (A + b"dat", ["a"], StreamInterruptedError),
    "broken off in an event after the end": (A + END + USAGE[:20], ["a", ""], None),
    "one of two choices has no end": (A + event(said("b", "stop", 1)), ["a", "b"], StreamInterruptedError),
    "both choices have their end": (event(said("a", "stop")) + event(said("b", "length", 1)), ["a", "b"], None),
    "no choice at all and no [DONE]": (USAGE, [""], StreamInterruptedError),
    "an empty finish reason is none": (event(said("a", "")), ["a"], StreamInterruptedError),
    "nothing": (b"", [], ResponseDecodeError),
    "only white space": (b"\n \r\n\n", [], ResponseDecodeError),
    "only comments": (b": ping\n\n", [], StreamInterruptedError),
    "only [DONE]": (DONE, [], ResponseDecodeError),
    "only half an event": (A[:20], [], StreamInterruptedError),
    "plain text": (b"upstream timed out", [], ResponseDecodeError),
    "garbage": (A + b"data: garbage\n\n" + B + DONE, ["a"], ResponseDecodeError),
    "garbage after the end": (A + END + b"data: garbage\n\n", ["a", ""], ResponseDecodeError),
    "a list": (A + b"data: [1]\n\n" + B, ["a"], ResponseDecodeError),
    "a number": (A + b"data: 1\n\n" + B, ["a"], ResponseDecodeError),
    "a page in an event": (A + b"data: <html>\n\n" + B, ["a"], ResponseDecodeError),
    "half a document in a whole event": (A + b'data: {"choices":[\n\n' + B, ["a"], ResponseDecodeError),
    "a member of the wrong kind": (A + b'data: {"choices":5}\n\n', ["a"], ResponseDecodeError),
    "an error": (A + WRONG + B + DONE, ["a"], StreamError),
    "an error first of all": (WRONG + DONE, [], StreamError),
    "an error after the end": (A + END + WRONG, ["a", ""], StreamError),
    "an error without its blank line": (A + WRONG.rstrip(), ["a"], StreamError),
    "an error that is none": (
        event({**said("a"), "error": None}) + event({**said("b"), "error": {}}) + DONE,
        ["a", "b"],
        None,
    ),
    "talk of an error": (event(said('"error"')) + event({**said("b"), "kind": "error"}) + DONE, ['"error"', "b"], None),
    "a completion": (COMPLETION, ["ab"], None),
    "a completion with white space round it": (b"\r\n \n" + COMPLETION + b"\n", ["ab"], None),
    "a completion after a byte order mark": (BOM + COMPLETION, ["ab"], None),
    "a completion with bad UTF-8": (COMPLETION.replace(b"ab", b"a\xffb"), ["a\ufffdb"], None),
    "half a completion": (COMPLETION[:40], [], ResponseDecodeError),
    "half a completion after white space": (b" \r\n" + COMPLETION[:40], [], ResponseDecodeError),
    "a completion without choices": (b'{"id":"c1","choices":[]}', [], ResponseDecodeError),
    "a document that is something else": (b'{"message":"hello"}', [], ResponseDecodeError),
    "a list instead of a stream": (b"[]", [], ResponseDecodeError),
    "a page": (b"<!doctype html><title>Welcome</title>", [], ResponseDecodeError),
    "an error document": (b'\n{"error":"Unexpected endpoint"}', [], APIStatusError),
    "an error document with choices": (b'{"error":{"message":"no"},"choices":[{}]}', [], APIStatusError),
    "an error document that names its status": (b'{"error":{"message":"no","code":401}}', [], AuthenticationError),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_body_gives_these_chunks_and_ends_like_this_however_it_is_cut(name: str) -> None:
    body, texts, error = STREAMS[name]
    whole = read([body])
    assert (whole.texts, type(whole.error)) == (texts, error or type(None))
    for pieces in ways_to_cut(body):
        assert read(pieces).facts == whole.facts, pieces


@settings(max_examples=15)
@pytest.mark.parametrize("name", STREAMS)
@given(data=st.data())
def test_random_cuts_change_nothing(name: str, data: st.DataObject) -> None:
    body, _, _ = STREAMS[name]
    assert read(data.draw(cuttings(body))).facts == read([body]).facts


@given(data=st.data(), body=st.lists(st.sampled_from([A, B, END, USAGE, WRONG, DONE, b"\n", b"data: ", b"{"])))
def test_random_cuts_of_random_streams_change_nothing(data: st.DataObject, body: list[bytes]) -> None:
    assert read(data.draw(cuttings(b"".join(body)))).facts == read([b"".join(body)]).facts


@pytest.mark.parametrize("size", [1, 60, 150])
@pytest.mark.parametrize("name", STREAMS)
def test_a_long_read_comes_to_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch, name: str, size: int) -> None:
    body, _, _ = STREAMS[name]
    plain = A + B + A + B
    cuts = [[plain + body], [plain + body[:7], body[7:]], [plain[:-9], plain[-9:] + body]]
    whole = [read(cut).facts for cut in cuts]
    monkeypatch.setattr(sse, "PIECE", size)

    assert [read(cut).facts for cut in cuts] == whole


@given(st.binary())
def test_no_bytes_make_reading_a_stream_raise(body: bytes) -> None:
    read([body])
    read([b"data: " + body + b"\n\n"])


def test_what_came_before_an_error_is_handed_out_with_the_same_bytes() -> None:
    decoder = ChunkDecoder(HEAD)
    assert [chunk.choices[0].delta.content for chunk in decoder.feed(A + WRONG)] == ["a"]
    assert isinstance(decoder.error, StreamError)
    assert not decoder.done


def test_an_interruption_has_what_had_come() -> None:
    error = read([A + B]).error
    assert isinstance(error, StreamInterruptedError)
    assert error.partial.text == "ab"
    assert error.partial.request_id == "req_1"


def test_an_empty_answer_is_told_as_such() -> None:
    assert "empty" in str(read([b""]).error)


def test_an_error_document_has_the_facts_of_its_head() -> None:
    head = Head(200, {"x-request-id": "req_2", "retry-after": "7"})
    error = read([b'{"error":{"message":"no","code":"429"}}'], head).error
    assert isinstance(error, RateLimitError)
    assert (error.status, error.request_id, error.retry_after) == (429, "req_2", 7)


ERRORS: dict[str, tuple[bytes, tuple[str, Any, str | None, int | None]]] = {
    "nested": (WRONG, ("too hot", 500, "server_error", 500)),
    "nested with a word for a code": (b'data: {"error":{"message":"no","code":"bad"}}\n\n', ("no", "bad", None, None)),
    "nested with its status as text": (b'data: {"error":{"message":"no","code":"503"}}\n\n', ("no", "503", None, 503)),
    "nested with a code that is no status": (b'data: {"error":{"message":"no","code":7}}\n\n', ("no", 7, None, None)),
    "nested next to choices": (event({**said("a"), "error": {"message": "no"}}), ("no", None, None, None)),
    "nested and empty of facts": (b'data: {"error":{"x":1}}\n\n', ("the server sent an error", None, None, None)),
    "a message that is an object": (b'data: {"error":{"message":{"a":1}}}\n\n', ('{"a":1}', None, None, None)),
    "flat": (b'data: {"object":"error","message":"no","code":400}\n\n', ("no", 400, None, 400)),
    "a text": (b'data: {"error":"no","error_type":"generation"}\n\n', ("no", None, "generation", None)),
    "an event named error": (b"event: error\n" + WRONG, ("too hot", 500, "server_error", 500)),
    "an event named error, flat": (b'event: error\ndata: {"message":"no","code":429}\n\n', ("no", 429, None, 429)),
    "an event named error, a text": (b'event: error\ndata: "no"\n\n', ("no", None, None, None)),
    "an event named error, no JSON": (b"event: error\ndata: oh no\n\n", ("oh no", None, None, None)),
    "an event named error, a number": (b"event: error\ndata: 503\n\n", ("503", None, None, None)),
    "an event named error, a list": (b'event: error\ndata: ["no"]\n\n', ("no", None, None, None)),
    "an event named error, an empty object": (
        b"event: error\ndata: {}\n\n",
        ("the server sent an error", None, None, None),
    ),
    "an event named error, bad UTF-8": (b"event: error\ndata: n\xff\n\n", ("n\ufffd", None, None, None)),
    "the field error": (b'error: {"code":400,"message":"no","type":"t"}\n\n', ("no", 400, "t", 400)),
    "the field error as text": (b"error: no\n\n", ("no", None, None, None)),
    "the field error, nested": (b'error: {"error":{"message":"no"}}\n\n', ("no", None, None, None)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_in_a_stream_has_these_facts(name: str) -> None:
    body, facts = ERRORS[name]
    for pieces in (*ways_to_cut(A + body), [A + body.rstrip()]):
        ending = read(pieces)
        assert ending.texts == ["a"]
        assert isinstance(ending.error, StreamError)
        assert (ending.error.message, ending.error.code, ending.error.type, ending.error.status) == facts


GROQ = (
    b'event: error\ndata: {"error":{"message":"Failed to call a function.","type":"invalid_request_error",'
    b'"param":"tools","code":"tool_use_failed","failed_generation":"<function=f>","status_code":400,"retry_after":2},"request_id":"r"}\n\n'
)


def test_an_error_in_a_stream_has_all_the_facts_that_one_under_a_status_has() -> None:
    data = GROQ.splitlines()[1].removeprefix(b"data: ")
    refused = from_response(400, {}, data)
    names = ("message", "code", "type", "param", "status", "retry_after", "request_id", "cause", "body")
    for pieces in ways_to_cut(A + GROQ):
        error = read(pieces).error
        assert isinstance(error, StreamError)
        assert {name: getattr(error, name) for name in names} == {name: getattr(refused, name) for name in names}
        assert (error.cause, error.param, error.request_id, error.retry_after) == ("<function=f>", "tools", "r", 2.0)
        assert str(error) == (
            "Failed to call a function.: <function=f> (in the stream, status 400, code tool_use_failed, "
            "type invalid_request_error, param tools, request_id r)"
        )


def test_the_event_of_an_error_is_kept_and_a_long_one_cut() -> None:
    for named in (b"", b"event: error\n", b"event: error\ndata: not JSON: "):
        body = named + (b"" if b"JSON" in named else b"data: ") + b'{"error":{"message":"no","more":"%s"}}\n\n'
        error = read([body % (b"x" * (2 * MAX_EVENT_KEPT))]).error
        assert isinstance(error, StreamError)
        assert len(error.body) == MAX_EVENT_KEPT
        assert error.body in body % (b"x" * (2 * MAX_EVENT_KEPT))


WORDS = ErrorWords(quota=frozenset({"1113"}), rate=frozenset({"insufficient_quota"}))


@pytest.mark.parametrize(
    ("frame", "form"),
    [
        (b"data: %s\n\n", b'{"error":{"message":"no","code":"%s"}}'),
        (b"data: %s\n\n", b'{"message":"no","code":"%s"}'),
        (b"data: %s\n\n", b'{"error":{"message":"no","code":"%s"},"choices":[{}]}'),
        (b"data: %s\n\n", b'[{"error":{"message":"no","code":429,"type":"%s"}}]'),
        (b"event: error\ndata: %s\n\n", b'{"message":"no","type":"%s"}'),
        (b"error: %s\n\n", b'{"message":"no","type":"%s"}'),
        (b"%s", b'{"error":{"message":"no","code":"%s"}}'),
        (b"%s", b'{"error":{"message":"no","code":429,"type":"%s"}}'),
        (b"%s", b'{"message":"no","code":"%s"}'),
        (b"%s", b'{"errors":[{"message":"no","code":"%s"}]}'),
    ],
)
def test_a_server_has_words_of_its_own_for_its_quota_and_its_rate_wherever_its_error_comes(
    frame: bytes, form: bytes
) -> None:
    policy = RetryPolicy()
    for word, ours, common in ((b"1113", True, False), (b"insufficient_quota", False, True), (b"busy", False, False)):
        body = frame % (form % word)
        for words, is_quota in ((WORDS, ours), (ErrorWords(), common)):
            for pieces in ways_to_cut(body):
                error = read(pieces, words=words).error
                assert error is not None
                assert (isinstance(error, QuotaExceededError) or getattr(error, "is_quota", False)) is is_quota
                assert policy.is_transient(error) is not is_quota
            with pytest.raises(type(error)) as caught:
                read_completion(body, HEAD, words)
            assert policy.is_transient(caught.value) is not is_quota


PAGE = b"<!doctype html><html><head><title>Open WebUI</title></head></html>"


def test_a_page_in_place_of_an_answer_is_told_by_its_title_and_with_its_cure() -> None:
    text = f"the answer is a web page, titled 'Open WebUI', no API response: {PATH_HINT}: {PAGE.decode()!r}"
    for body in (PAGE, b"\r\n " + PAGE, BOM + PAGE):
        for pieces in ways_to_cut(body):
            assert str(read(pieces).error) == text
        with pytest.raises(ResponseDecodeError) as caught:
            read_completion(body, HEAD)
        assert str(caught.value) == text
    for body in (b"<model> is gone", A + b"data: " + PAGE + b"\n\n"):
        assert "the answer is not what the API answers" in str(read([body]).error)


@pytest.mark.parametrize(
    "document",
    [
        {**said('"error": "error"'), "error": None},
        {**said("error"), "code": "error"},
        {**said("a"), "stop": ["error"]},
    ],
)
def test_a_chunk_that_only_speaks_of_an_error_is_read_once(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(chunks, "decode_lenient")
    assert len(ChunkDecoder(HEAD).feed(event(document))) == 1
    with pytest.raises(NameError):
        ChunkDecoder(HEAD).feed(WRONG)


@pytest.mark.parametrize("body", [b'{"error":true}', b'{"error":["no"]}', b'{"error":7}'])
def test_an_error_of_any_kind_that_is_not_empty_is_an_error(body: bytes) -> None:
    assert isinstance(read([A + b"data: " + body + b"\n\n"]).error, StreamError)


# -- bodies of plain calls

READABLE = {
    "JSON": COMPLETION,
    "JSON after white space": b"\n         \n\n" * 900 + COMPLETION,
    "JSON after a byte order mark": BOM + COMPLETION,
    "a stream": A + B + END + DONE,
    "a stream without [DONE]": A + B + END,
    "a stream with line ends of CRLF": (A + B + END + DONE).replace(b"\n", b"\r\n"),
    "a stream that begins with a comment": b": ping\n\n" + A + B + END + DONE,
    "a stream that begins with a name": b"event: message\n" + A + B + END + DONE,
    "a stream that begins with an id": b"id: 1\nretry: 2\n" + A + B + END + DONE,
    "a stream that begins with retry": b"retry: 2\n\n" + A + B + END + DONE,
    "a stream after white space": b"\r\n \n" + A + B + END + DONE,
    "a stream after a byte order mark": BOM + A + B + END + DONE,
}


@pytest.mark.parametrize("name", READABLE)
def test_a_body_is_a_completion(name: str) -> None:
    completion = read_completion(READABLE[name], HEAD)
    assert (completion.text, completion.finish_reason, completion.request_id) == ("ab", "stop", "req_1")


def test_a_completion_keeps_the_bytes_it_came_as() -> None:
    completion = read_completion(b' {"choices":[{}],"unknown":1}', HEAD)
    assert completion.raw == {"choices": [{}], "unknown": 1}


UNREADABLE: dict[str, tuple[bytes, type[ChatError], str | None]] = {
    "nothing": (b"", ResponseDecodeError, None),
    "white space": (b"\n" * 5000, ResponseDecodeError, None),
    "null": (b"null", ResponseDecodeError, None),
    "half a document": (COMPLETION[:30], ResponseDecodeError, None),
    "no choices": (b'{"id":"x"}', ResponseDecodeError, None),
    "empty choices": (b'{"choices":[]}', ResponseDecodeError, None),
    "a page": (b"<html><title>Welcome</title>", ResponseDecodeError, None),
    "plain text": (b"upstream timed out", ResponseDecodeError, None),
    "an error": (b'{"error":{"message":"no"}}', APIStatusError, None),
    "an error as text": (b'{"error":"no"}', APIStatusError, None),
    "an error as a detail": (b'{"detail":"no"}', APIStatusError, None),
    "an error in a list": (b'[{"error":{"message":"no","code":503}}]', InternalServerError, None),
    "an error with a code": (b'{"error":{"message":"no","code":502}}', InternalServerError, None),
    "an error with a code as text": (b'{"error":{"message":"no","code":"429"}}', RateLimitError, None),
    "an error next to choices": (b'{"error":{"message":"no"},"choices":[{}]}', APIStatusError, None),
    "a flat error": (b'{"object":"error","message":"no","code":401}', AuthenticationError, None),
    "a stream that breaks off": (A + B, StreamInterruptedError, "ab"),
    "a stream that breaks off in an event": (A + B[:20], StreamInterruptedError, "a"),
    "a stream with an error": (A + WRONG, StreamError, "a"),
    "a stream with garbage": (A + b"data: garbage\n\n" + B + DONE, ResponseDecodeError, "a"),
    "a stream with garbage after its end": (A + END + b"data: garbage\n\n", ResponseDecodeError, "a"),
    "a stream with an index no answer has": (A + event(said("b", index=128)), ResponseDecodeError, "a"),
    "a stream of nothing": (DONE, ResponseDecodeError, None),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_body_that_is_no_whole_completion_raises_with_what_had_come(name: str) -> None:
    body, kind, partial = UNREADABLE[name]
    with pytest.raises(ChatError) as caught:
        read_completion(body, HEAD)
    assert type(caught.value) is kind
    assert (caught.value.partial.text if caught.value.partial else "") == (partial or "")


@pytest.mark.parametrize("body", [b"upstream timed out", b"error code: 502", b"data center on fire"])
def test_a_body_that_is_plain_text_is_shown(body: bytes) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        read_completion(body, HEAD)
    assert body.decode() in str(caught.value)


@given(st.binary() | st.binary().map(b"data: ".__add__))
def test_any_bytes_are_a_completion_or_an_error_of_ours(body: bytes) -> None:
    with contextlib.suppress(ChatError):
        assert isinstance(read_completion(body, HEAD), ChatCompletion)


def test_a_chunk_says_all_that_a_completion_says() -> None:
    completion = ChatCompletion(
        id="c1",
        choices=[
            Choice(1, Message(content="b"), "length"),
            Choice(0, Message(content=None, tool_calls=[ToolCall("t1")], reasoning_text="hm"), "tool_calls"),
        ],
        created=7,
        model="m",
        service_tier="flex",
        system_fingerprint="fp",
        usage=CompletionUsage(1, 2, 3),
    )
    assert msgspec.to_builtins(as_chunk(completion)) == {
        "id": "c1",
        "choices": [
            {"index": 1, "delta": {"role": "assistant", "content": "b"}, "finish_reason": "length"},
            {
                "index": 0,
                "delta": {
                    "role": "assistant",
                    "tool_calls": [{"index": 0, "id": "t1", "type": "function"}],
                    "reasoning": "hm",
                },
                "finish_reason": "tool_calls",
            },
        ],
        "created": 7,
        "model": "m",
        "object": "chat.completion.chunk",
        "service_tier": "flex",
        "system_fingerprint": "fp",
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }


def test_an_event_over_its_limit_is_refused_after_what_came_before_it() -> None:
    limit = len(A) - len(b"data: \n\n")
    for pieces in ([A + event(said("b" * 100)) + B], [A, event(said("b" * 100)), B]):
        decoder = ChunkDecoder(HEAD, event_limit=limit)
        assert [chunk.choices[0].delta.content for piece in pieces for chunk in decoder.feed(piece)] == ["a"]
        assert isinstance(decoder.error, ResponseTooLargeError)
        assert "SizeLimits.event" in str(decoder.error)
        assert decoder.finish() == []


def test_a_document_over_its_limit_is_refused_before_it_is_whole() -> None:
    decoder = ChunkDecoder(HEAD, body_limit=100)
    assert not decoder.is_document
    for _ in range(3):
        assert decoder.feed(b'{"x":"' + b"x" * 60) == []
    assert decoder.is_document
    error = decoder.error
    assert isinstance(error, ResponseTooLargeError)
    assert "SizeLimits.body" in str(error)
    assert decoder.finish() == []
    assert decoder.error is error


def test_each_chunk_of_a_common_stream_keeps_its_own_bytes() -> None:
    decoder = ChunkDecoder(HEAD)
    found = decoder.feed(A + B + END)
    assert [b"data: " + chunk.__dict__["source"] + b"\n\n" for chunk in found] == [A, B, END]


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": [{"index": 0, "message": {"content": "b"}}]},
        {"choices": [{"index": 0, "delta": {"content": "b"}, "finishReason": "stop"}]},
        {"choices": [{"index": 0, "delta": {"content": "b"}, "usage": {"total_tokens": 3}}]},
        {"choices": [{"index": 0, "delta": {"content": ["b"]}}]},
        {"choices": [{"index": 0, "delta": {"content": "b"}}], "error": {"message": "oh"}},
        {"choices": [], "detail": "oh"},
    ],
)
def test_one_odd_chunk_among_common_ones_is_read_as_it_is_alone(odd: dict[str, Any]) -> None:
    together, alone = ChunkDecoder(HEAD), ChunkDecoder(HEAD)
    pieces = [A, event(odd), B]

    found = together.feed(b"".join(pieces))

    assert found == [chunk for piece in pieces for chunk in alone.feed(piece)]
    assert str(together.error) == str(alone.error)
