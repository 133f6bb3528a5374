"""What the body of an error says, in whatever form servers give it. Nothing here fails, whatever the body holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from ._head import parse_duration, parse_number

_STATUS = re.compile(r"[45][0-9]{2}")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

MESSAGE_NAMES = ("message", "detail", "error", "msg", "title", "faultstring")
CODE_NAMES = ("code", "error_code")
TYPE_NAMES = ("type", "error_type")
STATUS_NAMES = ("status_code", "statusCode", "status", "code")
"""Members of an error object that say each thing, the likeliest first."""


def error_facts(document: Any) -> dict[str, Any] | None:
    """What the error that a document is says of itself; `None` where it is none.

    It is one with a truthy `error`, with `object: "error"`, and without choices also with `detail`, `errors`,
    `type: "error"` or `code` and `message`; and so is a list that holds one.
    """
    if isinstance(document, list):
        return next(filter(None, map(error_facts, document)), None)
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if error:
        return facts_of({**document, "error": None, **error} if isinstance(error, dict) else document)
    flat = {"detail", "errors"} & document.keys() or {"code", "message"} <= document.keys()
    if str(document.get("object")).lower() == "error" or document.get("type") == "error":
        flat = {"object"}
    return facts_of(document) if flat and not document.get("choices") else None


def facts_of(error: Any) -> dict[str, Any] | None:
    """Message, code, type, param and status, under whatever names; of a text the message; `None` for anything else."""
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return None
    if isinstance(error.get("errors"), list) and error["errors"] and not error.get("message"):
        return facts_of(error["errors"][0])
    code = _first(error, CODE_NAMES)
    return {
        "message": _text(_first(error, MESSAGE_NAMES)),
        "code": code if isinstance(code, int) else _text(code),
        "type": _text(_first(error, TYPE_NAMES)),
        "param": _text(error.get("param")),
        "status": next(filter(None, (named_status(error.get(name)) for name in STATUS_NAMES)), None),
    }


def decode_lenient(body: bytes) -> Any:
    """The JSON of a body, bad UTF-8 replaced; `None` where it is no JSON."""
    try:
        return msgspec.json.decode(body.decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


def named_status(code: Any) -> int | None:
    """The status an error's code is, where it is one."""
    return int(code) if isinstance(code, int | str) and _STATUS.fullmatch(str(code)) else None


def plain_text(body: bytes) -> str:
    """A body that is no JSON: a page's title, else its text."""
    text = body.decode("utf-8", "replace")
    title = _TITLE.search(text)
    return (title[1] if title else text).strip()


def retry_hint(document: Any) -> float | None:
    """The wait in seconds that a body asks for: `retry_after`, or `retryDelay` in details as Google writes them."""
    for place in _hint_places(document):
        for name in ("retry_after", "retryDelay"):
            text = str(place.get(name, ""))
            seconds = parse_number(text)
            seconds = parse_duration(text) if seconds is None else seconds
            if seconds is not None:
                return seconds
    return None


def _hint_places(document: Any) -> Iterator[dict[str, Any]]:
    """The document, its error, and the details of both."""
    if isinstance(document, list):
        for item in document:
            yield from _hint_places(item)
    elif isinstance(document, dict):
        yield document
        for name in ("error", "details"):
            yield from _hint_places(document.get(name))


def _first(error: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((error[name] for name in names if error.get(name) is not None), None)


def _text(value: Any) -> str | None:
    """Text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
