"""Everything that is raised: which class, with which facts, told how."""

from __future__ import annotations

import copy
import gzip
import pickle
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk import errors
from chatsdk._error_body import (
    MAX_ITEMS,
    MAX_LEVELS,
    ErrorWords,
    error_facts,
    facts_of,
    named_status,
    retry_hint,
)
from chatsdk._error_text import MAX_FACT_SHOWN, page_told
from chatsdk._head import Head
from chatsdk._protocol.accumulate import Accumulator
from chatsdk._raw_body import MAX_INFLATED, decode_lenient, page_title, words_in
from chatsdk._tool_run import ToolRun
from chatsdk.errors import (
    MAX_EVENT_KEPT,
    MAX_SHOWN,
    PATH_HINT,
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
    ToolError,
    TurnLimitError,
    UnprocessableEntityError,
    UsageError,
    ValidationError,
    from_response,
    origin,
    shorten,
)
from chatsdk.messages import user
from chatsdk.types import ChatCompletion, Choice, Message, RateLimitWindow, ToolCall

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
    ToolError: ChatError,
    OutputError: ChatError,
    LengthLimitError: OutputError,
    ContentFilterError: OutputError,
    RefusedError: OutputError,
    ValidationError: OutputError,
    TurnLimitError: OutputError,
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
    "nested with a list for a message": (
        b'{"error":{"message":[{"a":1}]}}',
        {"message": '[{"a":1}]'},
    ),
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
    "a page without a title": (
        b"<!DOCTYPE html><style>p {}</style><body><p>no</p>\n<p>such path",
        {"message": "no such path"},
    ),
    "a page with half a title": (b"<title>no", {"message": "no"}),
    "a page whose title is empty": (b"<title> </title>", {"message": BadRequestError.default_message}),
    "a page with letters that grow when made small": ("İİİ<title>no</title>".encode(), {"message": "no"}),
    "a page in JSON": (b'{"error":{"message":"<html><title>502 Bad</title>"}}', {"message": "502 Bad"}),
    "a word in angle brackets": (b"<model> is unknown", {"message": "<model> is unknown"}),
    "XML": (b"<?xml version='1.0'?><Error><Code>Gone</Code><Message>no</Message></Error>", {"message": "Gone no"}),
    "nothing": (b"", {"message": BadRequestError.default_message}),
    "white space": (b" \n", {"message": BadRequestError.default_message}),
    "null": (b"null", {"message": BadRequestError.default_message}),
    "a number": (b"429", {"message": BadRequestError.default_message}),
    "an empty text": (b'""', {"message": BadRequestError.default_message}),
    "an empty object": (b"{}", {"message": BadRequestError.default_message}),
    "an empty list": (b"[]", {"message": BadRequestError.default_message}),
    "an empty error": (b'{"error":{},"detail":[]}', {"message": BadRequestError.default_message}),
    "an object of other names": (b'{"ok":false,"why":"no"}', {"message": '{"ok":false,"why":"no"}'}),
    "an object of other names, with an id": (
        b'{"request_id":"r","why":"no"}',
        {"message": '{"request_id":"r","why":"no"}', "request_id": "r"},
    ),
    "a list of errors": (b'{"success":false,"errors":[{"code":7009,"message":"no"}]}', {"message": "no", "code": 7009}),
    "a list of texts": (b'{"error":["no","never","no"]}', {"message": "no; never"}),
    "a list": (b"[1]", {"message": BadRequestError.default_message}),
    "a byte order mark": (b'\xef\xbb\xbf{"error":"no"}', {"message": "no"}),
    "latin-1": ("Schlüssel".encode("latin-1"), {"message": "Schl\ufffdssel"}),
    "latin-1 in JSON": (b'{"error":{"message":"\xfcbel"}}', {"message": "\ufffdbel"}),
    "bytes that are no text": (b"\xff\xfe\x00\x01\x80\x90ok", {"message": BadRequestError.default_message}),
    "half a character": (b'{"error":{"message":"\\ud800","code":7}}', {"message": "\\ud800", "code": 7}),
    "half a document": (b'{"error":{"mess', {"message": '{"error":{"mess'}),
    "a document that is cut in its message": (
        b'{"error":{"code":"c","type":"t","message":"too \\"mu',
        {"message": 'too "mu', "code": "c", "type": "t"},
    ),
    "a document that is cut after its message": (
        b'{"error":{"message":"a\\nb","param":null,"code":404,',
        {"message": "a\nb", "code": 404, "param": None},
    ),
    "a number that JSON has not": (b'{"error":{"message":"no","n":NaN}}', {"message": "no"}),
    "too deep a document": (b"[" * 100_000, {"message": BadRequestError.default_message}),
    "a deep document": (b'{"error":' * 900 + b'"no"' + b"}" * 900, {"code": None, "type": None}),
    "gzip": (gzip.compress(b'{"error":{"message":"no"}}'), {"message": "no"}),
    "gzip that is cut": (gzip.compress(b'{"error":{"message":"no"}}', mtime=0)[:-9], {"message": "no"}),
    "no gzip, though it begins so": (b"\x1f\x8b\xff\xff\xff", {"message": BadRequestError.default_message}),
    "zlib": (zlib.compress(b'{"error":{"message":"no"}}'), {"message": BadRequestError.default_message}),
    "an event": (b'data: {"error":{"message":"no","code":"c"}}\n\ndata: [DONE]\n\n', {"message": "no", "code": "c"}),
    "a named event": (b'event: error\r\ndata: {"error":"no"}\r\n\r\n', {"message": "no"}),
    "an event after others": (b': hello\n\ndata: {"id":"1"}\n\ndata: {"error":"no"}\n\n', {"message": "no"}),
    "an event in two lines": (b'data: {"error":\ndata: "no"}\n\n', {"message": "no"}),
    "a field that is called error": (b'error: {"code":400,"message":"no"}', {"message": "no", "code": 400}),
    "an event that is a text": (b"event: error\ndata: no upstream\n\n", {"message": "no upstream"}),
    "a text that begins as an event does": (b"error: no\nhint: ask", {"message": "error: no\nhint: ask"}),
    "JSON in a detail": (
        b'{"detail":"{\\"error\\":{\\"message\\":\\"no\\",\\"type\\":\\"t\\",\\"code\\":5}}"}',
        {"message": "no", "type": "t", "code": 5},
    ),
    "JSON in a message, which knows better": (
        b'{"error":{"message":" {\\"error\\":{\\"message\\":\\"no\\",\\"code\\":1}}","code":2,"type":"t"}}',
        {"message": "no", "type": "t", "code": 1},
    ),
    "what looks like JSON in a message": (
        b'{"error":{"message":"{model} is unknown"}}',
        {"message": "{model} is unknown"},
    ),
    "an object of other names for a message": (
        b'{"error":{"message":{"a":1},"code":7}}',
        {"message": '{"a":1}', "code": 7},
    ),
    "JSON of other names in a message": (
        b'{"error":{"message":"{\\"a\\":1}","code":7}}',
        {"message": '{"a":1}', "code": 7},
    ),
    "JSON without words in a message": (b'{"error":{"message":"[]"}}', {"message": BadRequestError.default_message}),
    "an object in a detail": (b'{"detail":{"error":{"message":"no","code":"c"}}}', {"message": "no", "code": "c"}),
    "an object for a message": (b'{"message":{"detail":"no"},"type":"t"}', {"message": "no", "type": "t"}),
    "failed checks": (
        b'{"detail":[{"type":"missing","loc":["body","messages",0,"role"],"msg":"Field required"},'
        b'{"loc":"n"},{"loc":[[]]}]}',
        {"message": "body.messages.0.role: Field required; n", "type": None},
    ),
    "an error beside its title": (b'{"error":"Not Found","message":"no such route"}', {"message": "no such route"}),
    "an error with a description": (
        b'{"error":"e","error_description":"no such client"}',
        {"message": "no such client"},
    ),
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


@pytest.mark.parametrize(
    "words",
    [
        "Unexpected endpoint or method. (POST /chat/completions)",
        "Invalid URL (POST /chat/completions)",
        "Not Found",
        "404 page not found",
        "404 Not Found",
        "405 Method Not Allowed",
        "Method Not Allowed",
        "File Not Found",
        "Resource not found.",
    ],
)
def test_an_unknown_path_is_told_with_its_cure(words: str) -> None:
    for status in (200, 404):
        assert PATH_HINT in str(from_response(status, {}, msgspec.json.encode({"error": words})))
    assert PATH_HINT not in str(from_response(404, {}, b'{"error":"Model not found"}'))
    assert str(from_response(404, {}, b"")).count(PATH_HINT) == 1


def test_a_page_in_place_of_an_error_is_told_by_its_title_and_with_its_cure() -> None:
    page = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>nginx</body></html>"
    assert str(from_response(404, {}, page)) == f"404 Not Found; {PATH_HINT} (status 404)"
    assert str(from_response(502, {}, page.replace(b"404 Not Found", b"502 Bad Gateway"))) == (
        "502 Bad Gateway (status 502)"
    )


def test_an_error_that_is_born_without_facts_has_some() -> None:
    error = RateLimitError(Head(429))
    assert (error.body, error.code, error.type, error.param, error.retry_after) == (b"", None, None, None, None)
    assert error.partial is None


@pytest.mark.parametrize("body", [b"429", b'{"error":"429"}', b'{"error":{"message":429}}', b'{"error":{"code":429}}'])
def test_no_error_is_told_as_a_number_only(body: bytes) -> None:
    for status in (200, 307, 429, 500):
        assert any(letter.isalpha() for letter in str(from_response(status, {}, body)))


# -- the envelopes of servers, written after the tables of what they are known to send

UPSTREAM = b'{"error":{"message":"Provider returned error","code":429,"metadata":{"provider_name":"X","raw":%s}}}'

SERVERS: dict[str, tuple[int, dict[str, str], bytes, type[APIStatusError], dict[str, Any]]] = {
    "Azure's gateway": (
        401,
        {"apim-request-id": "a-1"},
        b'{ "statusCode": 401, "message": "Unauthorized. The token has expired." }',
        AuthenticationError,
        {"message": "Unauthorized. The token has expired.", "code": None, "request_id": "a-1"},
    ),
    "Azure's filter": (
        400,
        {"x-ms-error-code": "ignored"},
        b'{"error":{"message":"filtered","type":null,"param":"prompt","code":"content_filter","status":400,'
        b'"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}',
        BadRequestError,
        {"message": "filtered", "code": "content_filter", "param": "prompt", "cause": "ResponsibleAIPolicyViolation"},
    ),
    "GitHub": (
        429,
        {"x-ms-error-code": "RateLimitReached", "retry-after": "0", "x-ratelimit-timeremaining": "41"},
        b'{"message":"Rate limit of 2 per 0s exceeded","documentation_url":"https://docs.github.com","status":"429"}',
        RateLimitError,
        {"message": "Rate limit of 2 per 0s exceeded", "code": "RateLimitReached", "type": None, "retry_after": 0.0},
    ),
    "Gemini": (
        429,
        {},
        b'[{"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED","details":['
        b'{"@type":"type.googleapis.com/google.rpc.Help"},{"retryDelay":"7.5s"}]}}]',
        RateLimitError,
        {"message": "Slow down.", "code": 429, "type": "RESOURCE_EXHAUSTED", "retry_after": 7.5},
    ),
    "Gemini with its error as text": (
        400,
        {},
        b'{"error":{"message":"{\\n \\"error\\": {\\"code\\": 400, \\"message\\": \\"Bad key\\", '
        b'\\"status\\": \\"INVALID_ARGUMENT\\"}}","code":400,"status":"Bad Request"}}',
        BadRequestError,
        {"message": "Bad key", "code": 400, "type": "INVALID_ARGUMENT"},
    ),
    "xAI": (
        400,
        {},
        b'{"code":"Client specified an invalid argument","error":"Incorrect API key"}',
        BadRequestError,
        {"message": "Incorrect API key", "code": "Client specified an invalid argument"},
    ),
    "xAI, in words": (
        422,
        {"content-type": "text/plain; charset=utf-8"},
        b"Failed to deserialize the JSON body: messages[0]: missing field `content` at line 1 column 9",
        UnprocessableEntityError,
        {"message": "Failed to deserialize the JSON body: messages[0]: missing field `content` at line 1 column 9"},
    ),
    "Mistral": (
        422,
        {"mistral-correlation-id": "m-1"},
        b'{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Not permitted",'
        b'"input":1}]},"type":"invalid_request_error","param":null,"code":null,"raw_status_code":422}',
        UnprocessableEntityError,
        {"message": "body.seed: Not permitted", "type": "invalid_request_error", "code": None, "request_id": "m-1"},
    ),
    "vLLM, before its errors were nested": (
        404,
        {},
        b'{"object":"error","message":"The model `m` does not exist.","type":"NotFoundError","param":null,"code":404}',
        NotFoundError,
        {"message": "The model `m` does not exist.", "type": "NotFoundError", "code": 404},
    ),
    "Cerebras": (
        429,
        {"x-should-retry": "false"},
        b'{"message":"The queue is full.","type":"too_many_requests_error","param":"queue","code":"queue_exceeded"}',
        RateLimitError,
        {"message": "The queue is full.", "code": "queue_exceeded", "param": "queue", "should_retry": False},
    ),
    "TGI": (
        424,
        {},
        b'{"error":"Request failed during generation: out of memory","error_type":"generation"}',
        APIStatusError,
        {"message": "Request failed during generation: out of memory", "type": "generation"},
    ),
    "Hugging Face, of a model that is being loaded": (
        503,
        {"x-request-id": "Root=1"},
        b'{"error":"Model m is currently loading","estimated_time":20.5}',
        InternalServerError,
        {"message": "Model m is currently loading", "retry_after": 20.5, "request_id": "Root=1"},
    ),
    "Hugging Face, in headers only": (
        403,
        {"x-error-code": "GatedRepo", "x-error-message": "Access to model m is restricted."},
        b"",
        PermissionDeniedError,
        {"message": "Access to model m is restricted.", "code": "GatedRepo"},
    ),
    "OpenRouter, with words from further up": (
        429,
        {},
        UPSTREAM % b'"m is rate-limited upstream"',
        RateLimitError,
        {"message": "Provider returned error", "code": 429, "cause": "m is rate-limited upstream"},
    ),
    "OpenRouter, with JSON from further up": (
        429,
        {},
        UPSTREAM % b'"{\\"error\\":{\\"message\\":\\"busy\\"}}"',
        RateLimitError,
        {"message": "Provider returned error", "cause": "busy"},
    ),
    "OpenRouter, with errors before": (
        502,
        {"x-generation-id": "gen-1"},
        b'{"error":{"message":"down","code":502,"metadata":{"previous_errors":['
        b'{"code":429,"message":"busy"},{"code":400,"message":"too long"}]}},"user_id":"u"}',
        InternalServerError,
        {"message": "down", "code": 502, "cause": "busy; too long", "request_id": "gen-1"},
    ),
    "OpenRouter, with the same error before": (
        502,
        {},
        b'{"error":{"message":"down","code":502,"metadata":{"previous_errors":[{"code":502,"message":"down"}]}}}',
        InternalServerError,
        {"message": "down", "cause": None},
    ),
    "Fireworks' gateway": (
        401,
        {},
        b'{"fault":{"faultstring":"No such key","detail":{"errorcode":"oauth.v2.FailedToResolve"}}}',
        AuthenticationError,
        {"message": "No such key", "code": "oauth.v2.FailedToResolve"},
    ),
    "Together": (503, {}, b'{"error":"The server is busy"}', InternalServerError, {"message": "The server is busy"}),
    "Databricks": (
        429,
        {},
        b'{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"Too many for m"}',
        RateLimitError,
        {"message": "Too many for m", "code": "REQUEST_LIMIT_EXCEEDED"},
    ),
    "DashScope": (
        400,
        {},
        b'{"code":"InvalidParameter","message":"Range of top_p","request_id":"d-1"}',
        BadRequestError,
        {"message": "Range of top_p", "code": "InvalidParameter", "request_id": "d-1"},
    ),
    "Z.ai": (
        429,
        {},
        b'{"error":{"code":"1302","message":"High concurrency"}}',
        RateLimitError,
        {"message": "High concurrency", "code": "1302"},
    ),
    "Moonshot": (
        429,
        {},
        b'{"error":{"message":"suspended, please recharge","type":"exceeded_current_quota_error"}}',
        QuotaExceededError,
        {"type": "exceeded_current_quota_error"},
    ),
    "NVIDIA, with a title": (
        404,
        {"nvcf-reqid": "n-1"},
        b'{"type":"about:blank","status":404,"title":"Not Found","detail":"Function f: Not found for account"}',
        NotFoundError,
        {"message": "Function f: Not found for account", "type": None, "code": None, "request_id": "n-1"},
    ),
    "NVIDIA, as a stream": (
        429,
        {"content-type": "text/event-stream"},
        b'data: {"error": {"message": "Too many requests wait", "type": "TooMany", "code": 429}}\n\ndata: [DONE]\n\n',
        RateLimitError,
        {"message": "Too many requests wait", "type": "TooMany", "code": 429},
    ),
    "Cloudflare": (
        403,
        {"cf-ray": "ray-1"},
        b'{"result":null,"success":false,"errors":[{"code":10000,"message":"Wrong token"}],"messages":[]}',
        PermissionDeniedError,
        {"message": "Wrong token", "code": 10000, "request_id": "ray-1"},
    ),
    "Anthropic": (
        529,
        {},
        b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"},"request_id":"req_b"}',
        InternalServerError,
        {"message": "Busy", "type": "overloaded_error", "code": None, "request_id": "req_b"},
    ),
    "LiteLLM": (
        400,
        {"x-litellm-call-id": "l-1", "llm_provider-retry-after": "3"},
        b'{"error":{"message":"litellm.BadRequestError: no","type":"None","param":"None","code":"400"}}',
        BadRequestError,
        {"type": "None", "param": "None", "code": "400", "request_id": "l-1", "retry_after": 3.0},
    ),
    "Groq, of a request that is too large": (
        413,
        {"retry-after": "9"},
        b'{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}',
        APIStatusError,
        {"code": "rate_limit_exceeded", "retry_after": 9.0},
    ),
    "Groq, of a call that its model did not write well": (
        400,
        {},
        b'{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed",'
        b'"failed_generation":"<function=get_weather>{\\"city\\": \\"Rome\\"}</function>"}}',
        BadRequestError,
        {"code": "tool_use_failed", "cause": '<function=get_weather>{"city": "Rome"}</function>'},
    ),
    "Groq, of JSON that its model did not write well": (
        400,
        {},
        b'{"error":{"message":"Failed to generate JSON.","code":"json_validate_failed",'
        b'"failed_generation":"{\\"message\\": \\"hi\\"}"}}',
        BadRequestError,
        {"message": "Failed to generate JSON.", "cause": '{"message": "hi"}'},
    ),
    "Groq, of a page that its model wrote": (
        400,
        {},
        b'{"error":{"message":"no call","failed_generation":"<title>Hi</title>"}}',
        BadRequestError,
        {"cause": "<title>Hi</title>"},
    ),
    "Groq, of nothing that its model wrote": (
        400,
        {},
        b'{"error":{"message":"no call","failed_generation":""}}',
        BadRequestError,
        {"cause": None},
    ),
    "Groq, cut": (
        400,
        {},
        b'{"error":{"message":"no call","failed_generation":"<function=get_wea',
        BadRequestError,
        {"cause": "<function=get_wea"},
    ),
    "nginx": (
        502,
        {"content-type": "text/html"},
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><hr>nginx</body></html>",
        InternalServerError,
        {"message": "502 Bad Gateway"},
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_an_error_of_a_server_is_understood(name: str) -> None:
    status, headers, body, kind, facts = SERVERS[name]
    error = from_response(status, headers, body)
    assert (type(error), error.status, error.body) == (kind, status, body)
    assert {fact: getattr(error, fact) for fact in facts} == facts
    for words in (error.message, error.cause or "", error.request_id or ""):
        assert words in str(error)


# -- quota or rate


@pytest.mark.parametrize("word", sorted(errors.QUOTA_WORDS))
@pytest.mark.parametrize("member", ["code", "type"])
def test_a_used_up_quota_is_told_by_its_code_or_type(word: str, member: str) -> None:
    body = msgspec.json.encode({"error": {"message": "no", member: word}})
    assert type(from_response(429, {}, body)) is QuotaExceededError
    assert type(from_response(402, {}, body)) is QuotaExceededError
    assert type(from_response(403, {}, body)) is PermissionDeniedError


def test_a_server_has_words_of_its_own_for_its_quota_and_its_rate() -> None:
    body = b'{"error":{"message":"no","code":1113}}'
    assert type(from_response(429, {}, body)) is RateLimitError
    assert type(from_response(429, {}, body, quota_words=frozenset({"1113"}))) is QuotaExceededError
    body = b'{"error":{"message":"no","type":"INSUFFICIENT QUOTA"}}'
    assert type(from_response(429, {}, body)) is QuotaExceededError
    assert type(from_response(429, {}, body, quota_words=frozenset({"1113"}))) is QuotaExceededError
    assert type(from_response(429, {}, body, rate_words=frozenset({"insufficient_quota"}))) is RateLimitError
    assert type(from_response(402, {}, body, rate_words=frozenset({"insufficient_quota"}))) is QuotaExceededError


def test_the_words_of_a_server_may_come_as_one_value() -> None:
    words = ErrorWords(frozenset({"1113"}), frozenset({"insufficient_quota"}))
    kinds = {
        word: type(from_response(429, {}, b'{"error":{"message":"no","code":"%s"}}' % word.encode(), words=words))
        for word in ("1113", "1114", "insufficient_quota", "insufficient_funds")
    }
    assert [word for word, kind in kinds.items() if kind is QuotaExceededError] == ["1113", "insufficient_funds"]
    body = b'{"error":{"message":"no","code":"1114"}}'
    assert type(from_response(429, {}, body, words=words, quota_words=frozenset({"1114"}))) is QuotaExceededError
    assert type(from_response(429, {}, body.replace(b"1114", b"1113"), words=words, rate_words={"1113"})) is (
        RateLimitError
    )


def test_how_a_word_is_written_makes_no_difference() -> None:
    common = ErrorWords()
    for word in ("insufficient_quota", "InsufficientQuota", "INSUFFICIENT QUOTA", "insufficient-quota"):
        assert common.is_quota(word, None)
        assert common.is_quota(None, word)
        assert not ErrorWords(rate=frozenset({word})).is_quota("insufficient_quota", None)
    for word in ("rate_limit_exceeded", "quota", "", "request_quota_exceeded", 429, None):
        assert not common.is_quota(word, None)
    assert ErrorWords(frozenset({"429"})).is_quota(429, None)


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
    "a used-up quota without a number": (
        b'{"error":{"message":"no","code":"insufficient_quota"}}',
        QuotaExceededError,
        200,
    ),
    "a used-up quota with another number": (
        b'{"error":{"message":"no","code":403,"type":"insufficient_quota"}}',
        PermissionDeniedError,
        403,
    ),
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
                [
                    *("error", "message", "code", "type", "param", "detail", "details", "object", "retry_after"),
                    *("errors", "fault", "metadata", "raw", "innererror", "loc", "status", "request_id"),
                ]
            ),
            inner | st.sampled_from(["error", "429", "1s", "a\nb", "BUSY", '{"error":"no"}', "[]"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.integers(100, 999), st.binary() | st.builds(msgspec.json.encode, DOCUMENTS))
def test_any_status_with_any_bytes_is_an_error_that_can_be_told(status: int, body: bytes) -> None:
    error = from_response(status, [("x-request-id", "r")], body)
    assert isinstance(error, APIStatusError)
    assert str(error).isprintable()
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
    "milliseconds": (b'{"retry_after_ms":1500}', 1.5),
    "in the metadata of a router": (b'{"error":{"metadata":{"retry_after_seconds":12}}}', 12.0),
    "in JSON in a text": (b'{"error":{"message":"{\\"details\\":[{\\"retryDelay\\":\\"9s\\"}]}"}}', 9.0),
    "a list": (b'{"retry_after":[1]}', None),
    "too deep": (b'{"error":' * 900 + b'{"retry_after":1}' + b"}" * 900, None),
    "a number beyond all": (b'{"retry_after":1%s}' % (b"0" * 400), None),
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
    assert str(StreamError()) == "the server sent an error (in the stream)"
    error = StreamError("no", code=503, type="t", status=503)
    assert str(error) == "no (in the stream, code 503, type t)"
    assert (error.message, error.code, error.type, error.status) == ("no", 503, "t", 503)
    assert (error.param, error.retry_after, error.cause, error.request_id, error.body) == (None, None, None, None, b"")
    assert len(str(StreamError("x" * 10_000))) < MAX_SHOWN + 100
    error = StreamError("no", code="c", status=400, param="p", request_id="r", cause="the reason")
    assert str(error) == "no: the reason (in the stream, status 400, code c, param p, request_id r)"
    assert len(str(StreamError("no", cause="x" * 10_000))) < MAX_SHOWN + 100


def test_an_error_of_a_stream_keeps_the_event_but_not_all_of_a_long_one() -> None:
    assert StreamError("no", b"{}").body == b"{}"
    assert StreamError("no", b"x" * (MAX_EVENT_KEPT + 1)).body == b"x" * MAX_EVENT_KEPT


def test_the_request_id_of_the_headers_comes_before_that_of_the_event() -> None:
    error = StreamError("no", request_id="of the event")
    assert error.request_id == "of the event"
    error.head = Head(200)
    assert error.request_id == "of the event"
    error.head = Head(200, {"x-request-id": "of the headers"})
    assert error.request_id == "of the headers"


def test_an_error_of_a_stream_knows_whether_the_quota_is_used_up() -> None:
    assert not StreamError("no", code=429, status=429).is_quota
    assert StreamError("no", status=402).is_quota
    for facts in ({"code": "insufficient_quota"}, {"type": "insufficient_quota", "code": 429, "status": 429}):
        assert StreamError("no", **facts).is_quota
        assert not StreamError("no", **facts, words=ErrorWords(rate=frozenset({"insufficient_quota"}))).is_quota
    assert StreamError("no", code=1113, words=ErrorWords(frozenset({"1113"}))).is_quota
    assert pickle.loads(pickle.dumps(StreamError("no", code="insufficient_quota"))).is_quota


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
    error = from_response(
        500, {"x-request-id": "r\u2028"}, b'{"error":{"message":"no","code":"a\\nb","type":"\\u0000"}}'
    )
    assert str(error) == "no (status 500, code a b, type  , request_id r )"
    assert str(StreamError("no", code="a\nb")) == "no (in the stream, code a b)"
    redirect = from_response(307, {"location": "http://a\x1b\u2028b/"}, b"")
    assert str(redirect).isprintable()


def test_a_fact_is_cut_too() -> None:
    error = from_response(400, {}, b'{"error":{"message":"no","code":"%s"}}' % (b"c" * 10_000))
    assert str(error) == f"no (status 400, code {'c' * MAX_FACT_SHOWN}...)"
    assert len(str(error.code)) == 10_000


HEADERS = {"x-request-id": "r", "retry-after": "3", "location": "https://example.org/x"}


def born(kind: type[ChatError]) -> ChatError:
    """An error with all its facts."""
    if issubclass(kind, APIStatusError):
        head = Head(429, HEADERS, 5.0)
        return kind(head, b"body", message="no", code=7, type="t", param="p", retry_after=1.0)
    if issubclass(kind, OutputError | StreamInterruptedError):
        return kind("words", PARTIAL)
    if kind is ToolError:
        return ToolError("words", ToolCall("a"))
    if issubclass(kind, ResponseDecodeError):
        return kind("garbage", b"body")
    if kind is APITimeoutError:
        return APITimeoutError("idle", 5.0)
    if kind is StreamError:
        return StreamError(
            "no", b"{}", code="c", type="t", param="p", status=402, retry_after=1.0, request_id="r", cause="why"
        )
    return kind("words")


def all_facts_of(error: ChatError) -> dict[str, Any]:
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
    error.run = ToolRun([user("Hi")], PARTIAL)
    error.add_note("a note")
    found = again(again(error))
    assert type(found) is kind
    assert str(found) == str(error)
    assert repr(found) == repr(error)
    assert all_facts_of(found) == all_facts_of(error)
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


def test_an_error_is_marked_in_one_of_these_ways() -> None:
    for document in (
        {"error": "no"},
        {"error": True, "message": "no"},
        {"object": "Error", "message": "no"},
        {"type": "error", "message": "no"},
        {"detail": "no"},
        {"errors": ["no"]},
        {"code": 1, "message": "no"},
        [{}, 5, {"error": "no"}],
    ):
        facts = error_facts(document)
        assert facts
        assert (facts["message"], facts.get("type")) == ("no", None)
    assert error_facts({"detail": "no", "choices": [{}]}) is None
    assert error_facts({"error": "no", "choices": [{}]})
    assert error_facts({"object": []}) is None
    assert error_facts([[{"error": "no"}]]) is None


def test_what_is_too_deep_or_too_much_is_left_out() -> None:
    deep: Any = "no"
    for _ in range(MAX_LEVELS - 1):
        deep = {"error": deep}
    assert facts_of(deep) == {
        **dict.fromkeys(["code", "type", "param", "request_id", "status", "cause"]),
        "message": "no",
    }
    assert (facts_of({"error": deep}) or {}).get("message") is None
    many = facts_of([f"no {number}" for number in range(10 * MAX_ITEMS)])
    assert many == {"message": "; ".join(f"no {number}" for number in range(MAX_ITEMS))}


def test_a_fact_that_is_too_deep_for_json_is_none() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    facts = facts_of({"message": "no", "code": deep})
    assert facts
    assert (facts["message"], facts["code"]) == ("no", None)


PAGES: dict[bytes, str | None] = {
    b"<html><title>Welcome</title>": "Welcome",
    b" \r\n\xef\xbb\xbf\t<!DOCTYPE HTML><TITLE lang=en>\n Open\n WebUI </TITLE>": "Open WebUI",
    b"<!-- hello --><body>no title": "",
    b"<title>": "",
    b"<head><title>caf\xe9": "caf\ufffd",
    b"<html>" + b" " * MAX_INFLATED + b"<title>too late</title>": "",
    b"<?xml version='1.0'?><html><title>Welcome</title>": "Welcome",
    b"<?xml version='1.0'?><Error/>": None,
    b"<model> is unknown": None,
    b'{"content":"<html><title>no</title>"}': None,
    b'"<html>"': None,
    b"see <html>": None,
    b"": None,
}


@pytest.mark.parametrize("body", PAGES, ids=lambda body: body[:20])
def test_a_web_page_is_known_by_its_start_and_has_a_title_or_none(body: bytes) -> None:
    assert page_title(body) == PAGES[body]


def test_a_web_page_is_told_with_its_cure() -> None:
    assert page_told("Open WebUI") == (
        "the answer is a web page, titled 'Open WebUI', no API response: "
        "does base_url end in the API's prefix, such as /v1?"
    )
    assert page_told("") == f"the answer is a web page, no API response: {PATH_HINT}"
    assert len(page_told("x" * 10_000)) < 2 * MAX_FACT_SHOWN + 100


def test_a_bomb_is_not_unpacked() -> None:
    error = from_response(500, {}, gzip.compress(b"x" * (1 << 24)))
    assert len(error.message) == MAX_INFLATED


@given(st.binary())
def test_no_bytes_make_reading_a_body_raise(body: bytes) -> None:
    document = decode_lenient(body)
    error_facts(document)
    retry_hint(document)
    assert isinstance(words_in(body.decode("latin-1")), str)
    assert isinstance(page_title(b"<html>" + body), str)
