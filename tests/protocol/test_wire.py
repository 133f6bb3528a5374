"""Requests to JSON, strictly; JSON to replies, leniently."""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
from collections import ChainMap, UserList, deque
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatsdk._error_body import ErrorWords
from chatsdk._head import Head
from chatsdk._protocol import wire
from chatsdk._protocol.wire import (
    PARAMETERS,
    SHORT,
    build_request,
    decode,
    encode_call,
    encode_json,
    encode_request,
    to_json,
)
from chatsdk.errors import (
    PATH_HINT,
    APIStatusError,
    ChatError,
    QuotaExceededError,
    RateLimitError,
    ResponseDecodeError,
    UsageError,
)
from chatsdk.messages import image, system, user
from chatsdk.providers.default import PROVIDER
from chatsdk.types import (
    UNSET,
    AssistantMessage,
    ChatCompletion,
    ChatCompletionChunk,
    ChatRequest,
    Choice,
    FunctionDefinition,
    FunctionTool,
    Message,
    Model,
    RateLimitWindow,
    StreamOptions,
    ToolCallChunk,
    UserMessage,
)

from .pieces import HEAD, work_of


class Word(str):
    """A text of a kind of one's own."""


HI = [{"role": "user", "content": "hi"}]
PART = {"type": "text", "text": "hi"}


def request(**parameters: Any) -> ChatRequest:
    return build_request({"messages": "hi", "model": "m", **parameters})


def written(request: ChatRequest) -> Any:
    return msgspec.json.decode(encode_request(request))


# -- what is written

WRITTEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a text is one message of the user": ({"messages": "hi"}, {"messages": HI}),
    "messages as dicts": ({"messages": HI}, {"messages": HI}),
    "messages as Structs": (
        {"messages": [system("be brief"), UserMessage("hi")]},
        {"messages": [{"role": "system", "content": "be brief"}, *HI]},
    ),
    "messages of both kinds": ({"messages": (user("hi"), HI[0])}, {"messages": HI * 2}),
    "messages in another kind of sequence": ({"messages": deque([user("hi")])}, {"messages": HI}),
    "messages in a sequence of somebody's own": ({"messages": UserList(HI)}, {"messages": HI}),
    "messages as other mappings": ({"messages": [MappingProxyType(HI[0]), ChainMap(HI[0])]}, {"messages": HI * 2}),
    "parts": (
        {"messages": [user("see", image("http://example.org/a.png"))]},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "see"},
                        {"type": "image_url", "image_url": {"url": "http://example.org/a.png"}},
                    ],
                }
            ]
        },
    ),
    "members of a message that the API does not know": (
        {"messages": [{**HI[0], "cache": True, "x": None}]},
        {"messages": [{**HI[0], "cache": True, "x": None}]},
    ),
    "an answer of an earlier turn": (
        {"messages": [Message(content="hi", reasoning_text="hm").to_request()]},
        {"messages": [{"role": "assistant", "content": "hi", "reasoning": "hm"}]},
    ),
    "null is null": ({"temperature": None, "stop": None}, {"messages": HI, "temperature": None, "stop": None}),
    "unset is absent": ({"temperature": UNSET, "stop": UNSET}, {"messages": HI}),
    "a default is written when it is given": ({"n": 1, "stream": False}, {"messages": HI, "n": 1, "stream": False}),
    "other kinds of mappings and sequences inside": (
        {"metadata": MappingProxyType({"a": "b"}), "stop": deque(["x"]), "logit_bias": ChainMap({"50256": -100})},
        {"messages": HI, "metadata": {"a": "b"}, "stop": ["x"], "logit_bias": {"50256": -100}},
    ),
    "tools of both kinds": (
        {"tools": [FunctionTool(FunctionDefinition("f")), {"type": "function", "function": {"name": "g"}}]},
        {
            "messages": HI,
            "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "g"}}],
        },
    ),
    "texts of a kind of one's own": (
        {"messages": Word("hi"), "stop": [Word("x")], "metadata": {Word("a"): Word("b")}},
        {"messages": HI, "stop": ["x"], "metadata": {"a": "b"}},
    ),
    "a Struct as a value": (
        {"stream_options": StreamOptions(include_usage=True)},
        {"messages": HI, "stream_options": {"include_usage": True}},
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_parameters_are_written_as_this_json(name: str) -> None:
    parameters, document = WRITTEN[name]
    assert written(request(**parameters)) == {"model": "m", "messages": HI, **document}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_json_of_a_request_reads_as_a_request_that_writes_it(name: str) -> None:
    body = encode_request(request(**WRITTEN[name][0]))
    again = msgspec.json.decode(body, type=ChatRequest)
    assert msgspec.json.decode(to_json(again)) == written(again)


def test_json_is_compact_and_not_escaped() -> None:
    assert encode_request(request(messages="é")) == '{"messages":[{"role":"user","content":"é"}],"model":"m"}'.encode()


EXTRA: dict[str, tuple[Any, dict[str, Any]]] = {
    "a new member": ({"top_k": 5}, {"top_k": 5}),
    "it wins over a parameter": ({"temperature": 9, "model": "mine"}, {"temperature": 9, "model": "mine"}),
    "it is not checked": ({"n": "many", "messages": []}, {"n": "many", "messages": []}),
    "another kind of mapping": (MappingProxyType({"top_k": ChainMap({"a": 1})}), {"top_k": {"a": 1}}),
    "empty": ({}, {}),
    "unset": (UNSET, {}),
}


@pytest.mark.parametrize("name", EXTRA)
def test_extra_body_goes_into_the_body_as_it_is(name: str) -> None:
    extra, members = EXTRA[name]
    found = request(temperature=1, extra_body=extra)
    document = {"messages": HI, "model": "m", "temperature": 1, **members}
    assert written(found) == document
    assert msgspec.json.decode(to_json(found)) == document


def test_a_model_may_come_in_extra_body() -> None:
    assert written(build_request({"messages": "hi", "extra_body": {"model": "x"}}))["model"] == "x"


# -- what is refused

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a word where a number belongs": ({"temperature": "hot"}, "temperature: expected `float | null`, got `str`"),
    "a number out of bounds": ({"temperature": 3}, "temperature: expected `float` <= 2.0"),
    "too few choices": ({"n": 0}, "n: expected `int` >= 1"),
    "a bool for a number": ({"n": True}, "n: expected `int | null`, got `bool`"),
    "a word that is none of the choices": ({"reasoning_effort": "huge"}, "reasoning_effort: invalid enum value 'huge'"),
    "null where none belongs": ({"model": None}, "model: expected `str`, got `null`"),
    "no messages": ({"messages": []}, "messages: expected `array` of length >= 1"),
    "null for messages": ({"messages": None}, "messages: expected `str | array`, got `null`"),
    "one message for messages": ({"messages": HI[0]}, "messages: expected `str | array`, got `object`"),
    "a text for a message": ({"messages": ["hi"]}, "messages[0]: expected `object`, got `str`"),
    "an unknown role": ({"messages": [*HI, {"role": "x"}]}, "messages[1].role: invalid value 'x'"),
    "a message without a role": ({"messages": [{"content": "x"}]}, "messages[0]: object missing required field `role`"),
    "a message without content": (
        {"messages": [{"role": "user"}]},
        "messages[0]: object missing required field `content`",
    ),
    "a content of the wrong kind": (
        {"messages": [{"role": "user", "content": 5}]},
        "messages[0].content: expected `str | array`, got `int`",
    ),
    "a Struct that holds the wrong kind": (
        {"messages": [UserMessage(5)]},
        "messages[0].content: expected `str | array`, got `int`",
    ),
    "a tool without a name": (
        {"tools": [{"type": "function", "function": {}}]},
        "tools[0].function: object missing required field `name`",
    ),
    "a key of a mapping": ({"metadata": {"a": 1}}, "metadata[...]: expected `str`, got `int`"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_request_is_refused_and_the_place_named_first(name: str) -> None:
    parameters, message = REFUSED[name]
    with pytest.raises(UsageError) as caught:
        encode_request(request(**parameters))
    assert str(caught.value) == message
    assert caught.value.__suppress_context__


ENDLESS: dict[str, Any] = {}
ENDLESS["self"] = ENDLESS


def deep(levels: int) -> Any:
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value


FORMLESS: dict[str, dict[str, Any]] = {
    "an object": {"extra_body": {"x": object()}},
    "an object in a message": {"messages": [{"role": "user", "content": object()}]},
    "a generator for messages": {"messages": (message for message in HI)},
    "half a character": {"messages": "\ud800"},
    "half a character in a key": {"extra_body": {"\ud800": 1}},
    "half a character in a message": {"messages": [user("\udc00")]},
    "a key that is no text": {"extra_body": {(1, 2): 3}},
    "a circle": {"extra_body": ENDLESS},
    "a circle in a message": {"messages": [{"role": "user", "content": "x", "more": ENDLESS}]},
    "something too deep": {"extra_body": {"x": deep(100_000)}},
    "no number": {"extra_body": {"x": math.nan}},
    "no finite number": {"extra_body": {"x": [math.inf]}},
    "a list for extra_body": {"extra_body": [1]},
    "a text for extra_body": {"extra_body": "top_k"},
}


@pytest.mark.parametrize("name", FORMLESS)
def test_what_has_no_json_form_is_refused(name: str) -> None:
    found = request(**FORMLESS[name])
    with pytest.raises(UsageError) as caught:
        encode_request(found)
    assert str(caught.value).encode(), "it can be printed"
    with pytest.raises(UsageError):
        to_json(found)


@pytest.mark.parametrize("messages", [b"hi", bytearray(b"hi"), [b"hi"], [user("hi"), UserMessage(b"hi")]], ids=repr)
def test_bytes_are_no_prompt(messages: Any) -> None:
    with pytest.raises(UsageError, match="messages"):
        encode_request(request(messages=messages))


def test_what_has_no_json_form_is_refused_by_the_name_of_its_parameter() -> None:
    for parameters in ({"stop": ["\ud800"]}, {"metadata": {"a": object()}}, {"tools": [ENDLESS]}):
        with pytest.raises(UsageError, match=next(iter(parameters))):
            encode_request(request(**parameters))


@pytest.mark.parametrize("value", [object(), "\ud800", {(1, 2): 3}, ENDLESS, math.nan], ids=type)
def test_a_body_with_a_member_that_has_no_json_form_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(UsageError, match="wrong"):
        encode_json({"fine": 1, "wrong": value})


NO_NUMBERS: dict[str, dict[str, Any]] = {
    "messages[1].weight": {"messages": [*HI, {**HI[0], "weight": math.nan}]},
    "messages[0].content[1].box[2]": {
        "messages": [{"role": "user", "content": [PART, {**PART, "box": [0, 1.5, -math.inf]}]}]
    },
    "messages[0].more.x": {"messages": deque([MappingProxyType({**HI[0], "more": ChainMap({"x": math.inf})})])},
    "tools[0].function.parameters.maximum": {
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"maximum": math.inf}}}]
    },
    "x.y[0]": {"extra_body": {"x": {"y": (math.nan,)}}},
    "\\xe9": {"extra_body": {"é": math.nan}},
}


@pytest.mark.parametrize("place", NO_NUMBERS)
def test_a_number_that_is_none_is_refused_by_its_place(place: str) -> None:
    for write in (encode_request, to_json):
        with pytest.raises(UsageError) as caught:
            write(request(**NO_NUMBERS[place]))
        assert str(caught.value) == f"{place}: NaN and infinities have no JSON form"


def test_a_number_that_is_none_is_found_beside_a_long_text() -> None:
    with pytest.raises(UsageError, match=r"^weight: NaN"):
        encode_json({"text": "x" * 2 * SHORT, "weight": math.nan})


def test_numbers_are_written_wherever_they_are() -> None:
    more = {"a": 1.5, "b": [True, None, 10**30, {"c": -0.0}], "d": ()}
    assert written(request(messages=[{**HI[0], **more}], temperature=0.5))["messages"] == [{**HI[0], **more, "d": []}]
    assert encode_json([1.5, "x"]) == b'[1.5,"x"]'
    assert encode_json({"a": "null", "nan": "NaN"}) == b'{"a":"null","nan":"NaN"}'


def test_looking_for_numbers_costs_nothing_for_a_long_text_and_a_fixed_amount_for_a_message() -> None:
    def work(messages: list[dict[str, Any]]) -> int:
        return work_of(lambda: encode_json({"messages": messages}))

    few, many = work(HI * 100), work(HI * 1000)
    assert work([{"role": "user", "content": "x" * 100_000}] * 100) == few
    assert many - few <= 900 * 10
    assert work(HI) <= len(encode_json({"messages": HI})) + 10


@pytest.mark.parametrize(
    "struct", [UserMessage("\ud800"), UserMessage(object())], ids=["half a character", "an object"]
)
def test_a_struct_that_has_no_json_form_is_refused(struct: UserMessage) -> None:
    with pytest.raises(UsageError):
        to_json(struct)


def test_a_request_needs_a_model() -> None:
    for parameters in ({}, {"model": ""}, {"extra_body": {"model": None}}):
        with pytest.raises(UsageError, match="model="):
            encode_request(build_request({"messages": "hi", **parameters}))


def test_another_model_stands_in_where_the_request_names_none() -> None:
    for parameters, asked in (({}, "other"), ({"model": "m"}, "m"), ({"extra_body": {"model": "m"}}, "m")):
        model, body = encode_call(build_request({"messages": "hi", **parameters}), PROVIDER, "other")
        assert (model, msgspec.json.decode(body)["model"]) == (asked, asked)


def test_a_request_needs_messages() -> None:
    with pytest.raises(UsageError, match="messages"):
        build_request({"model": "m"})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("temprature", "did you mean 'temperature'?"),
        ("max_token", "did you mean 'max_tokens'?"),
        ("message", "did you mean 'messages'?"),
        ("Model", "did you mean 'model'?"),
        ("guided_json", "extra_body"),
    ],
)
def test_an_unknown_parameter_is_refused_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_request({"messages": "hi", name: 1})
    assert str(caught.value).startswith(f"unknown parameter {name!r}: ")
    assert hint in str(caught.value)


def test_every_parameter_of_the_api_is_taken() -> None:
    assert len(PARAMETERS) == 37
    assert build_request(dict.fromkeys(PARAMETERS, UNSET)) == ChatRequest(UNSET)


@given(st.text(st.characters()))
def test_any_text_is_written_or_refused(text: str) -> None:
    try:
        assert written(request(messages=text))["messages"][0]["content"] == text
    except UsageError:
        with pytest.raises(UnicodeEncodeError):
            text.encode()


# -- to_json

FORMS: dict[str, tuple[Any, Any]] = {
    "a request": (request(), {"messages": HI, "model": "m"}),
    "a request without a model": (ChatRequest("hi"), {"messages": HI}),
    "a message": (AssistantMessage("hi"), {"role": "assistant", "content": "hi"}),
    "a message of mappings and sequences of other kinds": (
        UserMessage(UserList([MappingProxyType({"type": "text", "text": "hi"})])),
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ),
    "a part of a chunk": (ToolCallChunk(0, "a"), {"index": 0, "id": "a"}),
    "facts about a limit": (RateLimitWindow(1), {"limit": 1, "remaining": None, "reset_after": None}),
    "an answer made here": (
        ChatCompletion("c", [Choice(message=Message(content="hi"), finish_reason="stop")]),
        {
            "id": "c",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "hi", "refusal": None},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "created": 0,
            "model": "",
            "object": "chat.completion",
        },
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_struct_has_this_json(name: str) -> None:
    struct, document = FORMS[name]
    assert msgspec.json.decode(to_json(struct)) == document


def test_an_answer_gives_the_very_bytes_it_came_as() -> None:
    body = b' {"id" : "c", "choices":[{}], "new":{"deep":[1.0]} }'
    completion = decode(ChatCompletion, body, Head(200))
    assert to_json(completion) == body
    assert to_json(pickle.loads(pickle.dumps(completion))) == body
    assert completion.raw["new"] == {"deep": [1.0]}
    changed = msgspec.structs.replace(completion, id="d")
    assert msgspec.json.decode(to_json(changed))["id"] == "d"


def test_two_answers_are_equal_when_their_fields_are() -> None:
    one, two = (decode(ChatCompletion, b'{"id":"c","new":%d}' % number, Head(200)) for number in (1, 2))
    assert one == two == ChatCompletion("c")
    assert copy.deepcopy(one) == one


# -- what is read


def test_a_reply_is_read_with_its_head() -> None:
    head = Head(200, {"x-request-id": "req_1", "x-ratelimit-limit-requests": "9"})
    model = decode(Model, b'{"id":"m","object":"model"}', head)
    assert (model.id, model.request_id, model.headers["X-Request-Id"]) == ("m", "req_1", "req_1")
    assert model.rate_limit
    assert model.rate_limit.requests.limit == 9
    assert decode(Model, b'{"id":"m"}').request_id is None


LENIENT: dict[str, tuple[bytes, ChatCompletionChunk]] = {
    "an empty object": (b"{}", ChatCompletionChunk()),
    "unknown members": (b'{"p":"abc","choices":[],"x_new":{"a":[null]}}', ChatCompletionChunk()),
    "members twice": (b'{"model":"a","model":"b"}', ChatCompletionChunk(model="b")),
    "white space": (b' { "id" : "c" }\r\n', ChatCompletionChunk("c")),
    "bad UTF-8": (b'{"id":"\xff"}', ChatCompletionChunk("\ufffd")),
    "unknown words": (b'{"service_tier":"new","object":"x"}', ChatCompletionChunk(object="x", service_tier="new")),
    "large numbers": (b'{"created":101769291066947460000000}', ChatCompletionChunk(created=101769291066947460000000)),
    "a whole number with a point": (b'{"created":1744857525.0}', ChatCompletionChunk(created=1744857525)),
    "null for an id": (b'{"id":null,"model":null}', ChatCompletionChunk()),
    "null for choices": (b'{"choices":null}', ChatCompletionChunk()),
    "null for a delta": (b'{"choices":[{"index":0,"delta":null}]}', decode(ChatCompletionChunk, b'{"choices":[{}]}')),
    "null for usage": (b'{"usage":null}', ChatCompletionChunk()),
    "null in usage": (b'{"usage":{"prompt_tokens":null}}', decode(ChatCompletionChunk, b'{"usage":{}}')),
    "usage with points": (
        b'{"usage":{"total_tokens":2.0}}',
        decode(ChatCompletionChunk, b'{"usage":{"total_tokens":2}}'),
    ),
    "an error that is null": (b'{"id":"c","error":null}', ChatCompletionChunk("c")),
}


@pytest.mark.parametrize("name", LENIENT)
def test_a_reply_is_read_leniently(name: str) -> None:
    body, chunk = LENIENT[name]
    assert decode(ChatCompletionChunk, body) == chunk
    assert decode(ChatCompletionChunk, body, Head(200)) == chunk


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b'{"id":', b"[]", b"null", b'"x"', b"5", b"<html>", b'{"choices":5}', b"\xff", b"[" * 100_000],
    ids=lambda body: body[:10],
)
@pytest.mark.parametrize("head", [None, Head(200)], ids=["bare", "answer"])
def test_what_is_no_reply_is_refused_and_shown(body: bytes, head: Head | None) -> None:
    with pytest.raises(ResponseDecodeError) as caught:
        decode(ChatCompletionChunk, body, head)
    assert caught.value.body == body[:500]
    assert len(str(caught.value)) < 1000


def test_an_error_under_a_status_of_success_is_the_error_it_names() -> None:
    body = b'{"error":{"message":"slow down","code":"429"}}'
    with pytest.raises(RateLimitError) as caught:
        decode(ChatCompletion, body, Head(200, {"x-request-id": "req_1"}))
    assert (caught.value.status, caught.value.request_id, caught.value.body) == (429, "req_1", body)
    with pytest.raises(APIStatusError) as caught:
        decode(ChatCompletion, b'{"error":"no"}', Head(200))
    assert caught.value.status == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices":[{"message":{"content":"say \\"error\\": {} or \\"object\\":\\"error\\""}}]}',
        b'{"choices":[{"message":{"content":"error"}}],"stop":["error","error"]}',
        b'{"error":null,"choices":[{}],"kind":"error"}',
        b'{"error" : null,"choices":[{}]}',
    ],
)
def test_an_answer_that_only_speaks_of_an_error_is_read_once(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(wire, "decode_lenient")
    assert decode(ChatCompletion, body, HEAD).choices


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices":[{}],"error":{"message":"no"}}',
        b'{"choices":[{}],"error"\r\n\t : \n true}',
        b'{"choices":[{}],"error":"null"}',
        b'{"error":null,"choices":[{}],"error":"no"}',
        b'{"object":"error","message":"no"}',
        b'{"type" : "error","error":{"message":"no"}}',
        b'[{"error":"no"}]',
    ],
)
def test_an_error_in_any_place_of_an_answer_is_found(body: bytes) -> None:
    with pytest.raises(APIStatusError):
        decode(ChatCompletion, body, HEAD)
    with pytest.raises(APIStatusError):
        decode(Model, body, HEAD)


def test_a_server_has_words_of_its_own_for_its_quota_and_its_rate() -> None:
    words = ErrorWords(quota=frozenset({"1113"}), rate=frozenset({"insufficient_quota"}))
    for word, ours, common in (("1113", True, False), ("insufficient_quota", False, True)):
        body = b'{"error":{"message":"no","code":"%s"}}' % word.encode()
        for known, is_quota in ((words, ours), (ErrorWords(), common)):
            with pytest.raises(APIStatusError) as caught:
                decode(Model, body, HEAD, words=known)
            assert isinstance(caught.value, QuotaExceededError) is is_quota


@pytest.mark.parametrize("cls", [ChatCompletion, Model])
def test_a_page_in_place_of_an_answer_is_told_by_its_title(cls: type[Any]) -> None:
    page = b"\n<html><head><title>Sign in</title></head></html>"
    with pytest.raises(ResponseDecodeError) as caught:
        decode(cls, page, HEAD)
    assert caught.value.reason == f"the answer is a web page, titled 'Sign in', no API response: {PATH_HINT}"
    assert caught.value.body == page


@given(st.binary())
def test_any_bytes_are_a_reply_or_an_error_of_ours(body: bytes) -> None:
    for head in (None, Head(200)):
        with contextlib.suppress(ChatError):
            assert isinstance(decode(ChatCompletion, body, head), ChatCompletion)
