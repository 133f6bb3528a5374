"""What the body of an error says, in whatever form servers give it. Nothing here fails, whatever the body holds.

Servers differ in names and in wrapping. The names are tables; the wrapping is looked through: an object in an object, a
list of errors, JSON inside a text. What an inner error says counts more than what stands round it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from ._head import Head, parse_duration, parse_number
from ._raw_body import decode_text, event_documents, event_words, json_inside, salvaged, text_of, words_in

QUOTA_WORDS = frozenset(
    {
        "insufficient_quota",
        "insufficient_credits",
        "insufficient_balance",
        "insufficient_funds",
        "insufficient_user_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "exceeded_current_quota_error",
        "budget_exceeded",
    }
)
"""Codes and types of errors that no waiting cures."""


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What a server's errors are known by: codes and types, beyond those that all servers share.

    `quota` are said of a used-up quota, and `rate` of none, though they sound so.
    """

    quota: frozenset[str] = frozenset()
    rate: frozenset[str] = frozenset()

    def is_quota(self, code: str | int | None, type: str | None) -> bool:
        """Whether an error's code or type says that the quota is used up; how a word is written makes no difference."""
        told = _plain(str(word) for word in (code, type) if word is not None)
        return bool(told & _plain(QUOTA_WORDS | self.quota)) and not told & _plain(self.rate)


COMMON_WORDS = ErrorWords()
"""Those that all servers share."""

WRAPPERS = ("error", "fault")
"""Members that are the error itself, where they hold an object or a list."""

MESSAGE_NAMES = ("message", "faultstring", "detail", "error_description", "error", "msg", "errors", "title", "Message")
CODE_NAMES = ("code", "error_code", "errorCode", "detail.errorcode")
TYPE_NAMES = ("type", "error_type")
PARAM_NAMES = ("param",)
REQUEST_ID_NAMES = ("request_id", "requestId")
STATUS_NAMES = ("status_code", "statusCode", "raw_status_code", "status", "code")
CAUSE_NAMES = ("metadata.raw", "metadata.previous_errors", "innererror")
QUOTED_NAMES = ("failed_generation",)
"""Members of an error object that say each thing, the likeliest first; a dot leads into an inner object.

Quoted ones are causes too, word for word: what Groq's model wrote where it should have called a tool."""

HEADER_FACTS: Mapping[str, tuple[str, ...]] = {
    "message": ("x-error-message",),
    "code": ("x-error-code", "x-ms-error-code"),
}
"""Headers that say what the body does not."""

NO_TYPES = frozenset({"error", "about:blank"})
"""Types that say nothing: the mark of Anthropic's envelope, and none in the words of RFC 9457."""

HINT_UNITS: Mapping[str, float] = {
    "retry_after": 1,
    "retryDelay": 1,
    "retryAfter": 1,
    "retry_after_seconds": 1,
    "retry_after_ms": 1e-3,
    "estimated_time": 1,
}
"""Members that say how long to wait, and their units in seconds; the last is of a model that is being loaded."""

HINT_PLACES = ("error", "message", "detail", "details", "metadata")
"""Members in which a wait is looked for, after the object that has them."""

MAX_LEVELS = 8
"""How many objects, lists and texts in one another are looked through. No server wraps an error deeper."""

MAX_ITEMS = 20
"""How many errors of a list are told."""

_STATUS = re.compile(r"[45][0-9]{2}")
_GOOGLE_STATUS = re.compile(r"[A-Z]+(?:_[A-Z]+)*")


def answer_facts(head: Head, body: bytes) -> dict[str, Any]:
    """All that an error answer says: the facts of `facts_of`, and the body's `retry_after`."""
    text = text_of(body)
    document = _document_in(text)
    facts = facts_of(salvaged(text) if document is None else document) or {}
    if not _tells(facts):
        facts["message"] = event_words(text) if document is None else _rest(document)
    for name, places in HEADER_FACTS.items():
        facts[name] = facts.get(name) or next(filter(None, map(head.headers.get, places)), None)
    return {**facts, "retry_after": retry_hint(document)}


def error_facts(document: Any) -> dict[str, Any] | None:
    """What the error that a document is says of itself; `None` where it is none.

    It is one with a truthy `error`, with `object: "error"`, and without choices also with `detail`, `errors`,
    `type: "error"` or `code` and `message`; and so is a list that holds one.
    """
    if isinstance(document, list):
        return next(filter(None, (error_facts(item) for item in document if isinstance(item, dict))), None)
    if not isinstance(document, dict):
        return None
    flat = {"detail", "errors"} & document.keys() or {"code", "message"} <= document.keys()
    kinds = (kind.lower() for kind in (document.get("object"), document.get("type")) if isinstance(kind, str))
    told = document.get("error") or ((flat or "error" in kinds) and not document.get("choices"))
    return facts_of(document) if told else None


def facts_of(error: Any, levels: int = MAX_LEVELS) -> dict[str, Any] | None:
    """Message, code, type, param, status, request id and cause, under whatever names and in whatever wrapping.

    Of a text it is the message, or what the JSON in it says; `None` for what says nothing.
    """
    if levels == 0:
        return None
    if isinstance(error, dict):
        return _facts_of_object(error, levels - 1)
    if isinstance(error, list):
        return _facts_of_list(error, levels - 1)
    return _facts_of_text(error, levels - 1) if isinstance(error, str) else None


def named_status(code: Any) -> int | None:
    """The status an error's code is, where it is one."""
    return int(code) if isinstance(code, int | str) and _STATUS.fullmatch(str(code)) else None


def retry_hint(document: Any) -> float | None:
    """The wait in seconds that a body asks for, under one of the names of `HINT_UNITS`."""
    for place in _hint_places(document, MAX_LEVELS):
        for name, unit in HINT_UNITS.items():
            hint = place.get(name)
            text = str(hint) if isinstance(hint, int | float | str) else None
            number = parse_number(text)
            seconds = parse_duration(text) if number is None else number * unit
            if seconds is not None:
                return seconds
    return None


def _plain(words: Iterable[str]) -> frozenset[str]:
    """Words without case and punctuation: `INSUFFICIENT QUOTA` is `insufficient_quota`."""
    return frozenset("".join(filter(str.isalnum, word.lower())) for word in words)


def _facts_of_object(error: dict[str, Any], levels: int) -> dict[str, Any]:
    inner = _facts_inside(error, levels)
    if "loc" in error:  # a failed check as FastAPI tells it, whose type is that of the check
        return {"message": ": ".join(filter(None, (_place(error["loc"]), inner.get("message"))))}
    code = _first(error, CODE_NAMES)
    facts = {
        "code": code if isinstance(code, int) else _as_text(code),
        "type": _type_of(error),
        "param": _as_text(_first(error, PARAM_NAMES)),
        "request_id": _as_text(_first(error, REQUEST_ID_NAMES)),
        "status": next(filter(None, (named_status(error.get(name)) for name in STATUS_NAMES)), None),
        "cause": _cause(error, inner.get("message"), levels),
    }
    return {"message": None, **facts, **inner}


def _facts_inside(error: dict[str, Any], levels: int) -> dict[str, Any]:
    """What the members of an error object say, wrappers first, as far as the first that has a message."""
    wrappers = [name for name in WRAPPERS if isinstance(error.get(name), dict | list)]
    inner: dict[str, Any] = {}
    for name in dict.fromkeys((*wrappers, *MESSAGE_NAMES)):
        member = error.get(name)
        facts = facts_of(member, levels) or {}
        if name not in wrappers and isinstance(member, dict | list) and not _tells(facts):
            facts = {"message": _rest(member)}
        inner = {fact: value for fact, value in facts.items() if value is not None} | inner
        if inner.get("message"):
            break
    return inner


def _tells(facts: dict[str, Any]) -> bool:
    return any(map(facts.get, ("message", "code", "type", "cause")))


def _facts_of_list(errors: list[Any], levels: int) -> dict[str, Any] | None:
    """The facts of the first, with the messages of all."""
    found = [facts for error in errors[:MAX_ITEMS] if (facts := facts_of(error, levels))]
    messages = dict.fromkeys(filter(None, (facts["message"] for facts in found)))
    return {**found[0], "message": "; ".join(messages) or None} if found else None


def _facts_of_text(text: str, levels: int) -> dict[str, Any] | None:
    inner = facts_of(json_inside(text), levels) or {}
    words = inner.get("message") or words_in(text)
    return {**inner, "message": words} if words else None


def _type_of(error: dict[str, Any]) -> str | None:
    """The type, or the status in words that Google gives in its place."""
    told, status = _as_text(_first(error, TYPE_NAMES)), error.get("status")
    if told is not None and told not in NO_TYPES:
        return told
    return status if isinstance(status, str) and _GOOGLE_STATUS.fullmatch(status) else None


def _cause(error: dict[str, Any], message: str | None, levels: int) -> str | None:
    """What stood behind an error, without the words that its message has already."""
    found = filter(None, (facts_of(_member(error, name), levels) for name in CAUSE_NAMES))
    words = [facts.get("message") or facts.get("code") for facts in found]
    words += [_as_text(_member(error, name)) for name in QUOTED_NAMES]
    return "; ".join(dict.fromkeys(str(word) for word in words if word and word != message)) or None


def _document_in(text: str) -> Any:
    """The JSON that a text is, or the first error in the events that it is; `None` where there is none."""
    document = decode_text(text)
    return next(filter(error_facts, event_documents(text)), None) if document is None else document


def _rest(document: Any) -> str | None:
    """A document of which nothing is known here, as it is; `None` where nothing is in it."""
    return None if _is_blank(document, MAX_LEVELS) else _as_text(document)


def _is_blank(document: Any, levels: int) -> bool:
    members = document.values() if isinstance(document, dict) else document if isinstance(document, list) else None
    if members is None or levels == 0:
        return not document
    return all(_is_blank(member, levels - 1) for member in members)


def _hint_places(document: Any, levels: int) -> Iterator[dict[str, Any]]:
    """The objects that may hold a wait, the outermost first."""
    if isinstance(document, str):
        document = json_inside(document)
    if levels and isinstance(document, dict):
        yield document
    inner = [document.get(name) for name in HINT_PLACES] if isinstance(document, dict) else document
    for place in inner if levels and isinstance(inner, list) else ():
        yield from _hint_places(place, levels - 1)


def _first(error: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first member that says something."""
    return next((value for name in names if (value := _member(error, name)) not in (None, "")), None)


def _member(error: Any, path: str) -> Any:
    for name in path.split("."):
        error = error.get(name) if isinstance(error, dict) else None
    return error


def _place(loc: Any) -> str:
    """Where a check failed: `body.messages.0`."""
    return ".".join(str(step) for step in (loc if isinstance(loc, list) else [loc]) if isinstance(step, int | str))


def _as_text(value: Any) -> str | None:
    """Text as it is, anything else as JSON."""
    try:
        return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
    except RecursionError:
        return None
