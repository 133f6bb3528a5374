"""What every whole answer has beside its fields: the JSON as it came, and the facts of its head."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import msgspec
import pytest

from chatsdk import to_json
from chatsdk._head import Head
from chatsdk._protocol.wire import decode
from chatsdk.types import (
    Answer,
    Attempt,
    ChatCompletion,
    ChatCompletionChunk,
    Deleted,
    Model,
    Page,
    RateLimitWindow,
    StoredMessage,
)

BODY = b'{"id": "chatcmpl-1", "choices": [], "x_cost": 0.25}'
HEAD = Head(200, {"X-Request-Id": "req_1", "x-ratelimit-remaining-requests": "59"})
KINDS = (ChatCompletion, ChatCompletionChunk, Page, StoredMessage, Model, Deleted)

COPIES: dict[str, Callable[[ChatCompletion], ChatCompletion]] = {
    "pickle": lambda answer: pickle.loads(pickle.dumps(answer)),
    "oldest pickle": lambda answer: pickle.loads(pickle.dumps(answer, protocol=2)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


def test_raw_is_the_json_as_it_came() -> None:
    assert decode(ChatCompletion, BODY).raw == {"id": "chatcmpl-1", "choices": [], "x_cost": 0.25}


def test_raw_is_anew_each_time() -> None:
    answer = decode(ChatCompletion, BODY)
    answer.raw["id"] = "changed"
    assert answer.raw["id"] == "chatcmpl-1"


def test_raw_of_an_answer_that_was_made_here_is_its_fields() -> None:
    assert Model("gpt-4").raw == {"id": "gpt-4", "object": "model", "created": 0, "owned_by": ""}


def test_json_is_the_bytes_as_they_came_or_the_fields() -> None:
    assert to_json(decode(ChatCompletion, BODY)) == BODY
    assert msgspec.json.decode(to_json(Model("gpt-4"))) == Model("gpt-4").raw


def test_the_facts_of_the_head_are_at_hand() -> None:
    answer = decode(ChatCompletion, BODY, HEAD)
    assert answer.request_id == "req_1"
    assert answer.headers["x-request-ID"] == "req_1"
    assert answer.rate_limit is not None
    assert answer.rate_limit.requests == RateLimitWindow(remaining=59)


@pytest.mark.parametrize("answer", [decode(ChatCompletion, BODY), ChatCompletion()], ids=["decoded", "made here"])
def test_an_answer_without_a_head_has_no_such_facts(answer: ChatCompletion) -> None:
    assert (answer.request_id, dict(answer.headers), answer.rate_limit) == (None, {}, None)


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=list(COPIES))
def test_a_copy_keeps_the_facts(duplicate: Callable[[ChatCompletion], ChatCompletion]) -> None:
    answer = decode(ChatCompletion, BODY, HEAD)
    twin = duplicate(answer)
    assert twin == answer
    assert twin is not answer
    assert twin.raw == answer.raw
    assert twin.request_id == "req_1"
    assert twin.rate_limit == answer.rate_limit
    assert twin.headers == answer.headers


@pytest.mark.parametrize("cls", KINDS)
def test_every_kind_of_answer_pickles(cls: type[Answer]) -> None:
    answer = decode(cls, b'{"id": "1", "data": [{"id": "2"}], "x_note": 1}')
    twin = pickle.loads(pickle.dumps(answer))
    assert twin == answer
    assert twin.raw == answer.raw


def test_equality_is_of_the_fields_and_not_of_the_facts() -> None:
    bare = ChatCompletion("chatcmpl-1")
    assert decode(ChatCompletion, BODY, HEAD) == bare
    assert decode(ChatCompletion, BODY) != ChatCompletion("chatcmpl-2")
    assert bare != Model("chatcmpl-1")


@pytest.mark.parametrize("cls", KINDS)
def test_answers_are_frozen(cls: type[Answer]) -> None:
    with pytest.raises(AttributeError):
        cls().object = "changed"  # type: ignore[attr-defined]


@pytest.mark.parametrize("cls", KINDS)
def test_an_empty_object_reads_as_defaults(cls: type[Answer]) -> None:
    assert decode(cls, b"{}") == cls()


def test_the_facts_are_no_part_of_what_is_shown() -> None:
    assert repr(decode(Model, b'{"id": "gpt-4"}', HEAD)) == repr(Model("gpt-4"))


def test_an_answer_tells_of_its_attempts_and_is_equal_without_them() -> None:
    completion = ChatCompletion(id="c")
    assert completion.attempts == ()
    tried = copy.copy(completion)
    tried.__dict__["attempts"] = (Attempt(0.0, 0.0, 200),)
    assert tried.attempts[0].status == 200
    assert tried == completion
