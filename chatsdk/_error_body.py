"""What the body of an error says, in whatever form servers give it. Nothing here fails, whatever the body holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ._head import parse_duration, parse_number


def error_facts(document: Any) -> dict[str, Any] | None:
    """Message, code, type and param of an error object, nested under `error` or flat; `None` where it is none."""
    if not isinstance(document, dict):
        return None
    error = document.get("error") or (document if document.get("object") == "error" else None)
    if isinstance(error, str):
        return {"message": error}
    if not isinstance(error, dict):
        return None
    facts: dict[str, Any] = {name: _text(error.get(name)) for name in ("message", "type", "param")}
    code = error.get("code")
    facts["code"] = code if isinstance(code, int) else _text(code)
    return facts


def decode_lenient(body: bytes) -> Any:
    """The JSON of a body, bad UTF-8 replaced; `None` where it is no JSON."""
    try:
        return msgspec.json.decode(body.decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        return None


def named_status(code: Any) -> int | None:
    """The status an error's code is, where it is one."""
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 0
    return number if 400 <= number < 600 else None


def plain_text(body: bytes) -> str:
    """A body that is no JSON: a page's title, else its text."""
    text = body.decode("utf-8", "replace").strip()
    start, end = text.lower().find("<title>"), text.lower().find("</title>")
    return text[start + len("<title>") : end].strip() if 0 <= start < end else text


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
    if not isinstance(document, dict):
        return
    for place in (document, document.get("error")):
        if isinstance(place, dict):
            yield place
            details = place.get("details")
            yield from (entry for entry in details if isinstance(entry, dict)) if isinstance(details, list) else ()


def _text(value: Any) -> str | None:
    """Text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
