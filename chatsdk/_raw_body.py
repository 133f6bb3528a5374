"""The bytes of an answer to a text, and to the JSON in it, as far as they hold any. Nothing here fails.

They may be JSON, whole or cut; events, of a server that had meant to stream; a page; a text; any of it packed.
What the JSON means is for others to say.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

NO_WORDS = frozenset({"null", "None"})
"""Texts that say nothing: they were none before they became text."""

MAX_INFLATED = 1 << 16
"""Bytes that come of a packed body at most: an error is short, a bomb is not."""

_BLANK = b"\xef\xbb\xbf \t\r\n"

_HTML = re.compile(r"<(?:!doctype\s+html|html|head|title|body)\b", re.IGNORECASE)
_PAGE = re.compile(r"<(?:!doctype|html|head|title|body|\?xml)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_UNSEEN = re.compile(r"<(?:script|style)[^<>]*>[^<]*", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")

_EVENTS = re.compile(r"\s*(?:data|event|error|id|retry)?:")
_EVENT_DATA = re.compile(r"^data:(.*)$", re.MULTILINE)
_EVENT_PAYLOAD = re.compile(r"^(?:data|error):(.*)$", re.MULTILINE)

_MEMBER = re.compile(r'"([A-Za-z_]+)"\s*:\s*(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)|([0-9]{1,18}))')


def text_of(body: bytes) -> str:
    """A body as text, bad UTF-8 replaced; one that is still packed with gzip is unpacked as far as it can be."""
    if body.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            body = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, MAX_INFLATED)
    return body.decode("utf-8-sig", "replace")


def decode_lenient(body: bytes) -> Any:
    """The JSON of a body, bad UTF-8 replaced; `None` where it is no JSON."""
    return decode_text(body.decode("utf-8-sig", "replace"))


def decode_text(text: str) -> Any:
    """The JSON that a text is; `None` where it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def json_inside(text: str) -> Any:
    """The object or list that a text is; `None` where it is none."""
    return decode_text(text) if _looks_like_json(text) else None


def event_documents(text: str) -> Iterator[Any]:
    """The JSON in a text that is events: of all their data together, then of each."""
    payloads = _EVENT_PAYLOAD.findall(text) if _EVENTS.match(text) else []
    if payloads:
        yield decode_text("".join(payloads))
    yield from map(decode_text, payloads)


def event_words(text: str) -> str:
    """What a reader sees of the data of the events that a text is, or of the text where it is none."""
    return words_in("\n".join(_EVENT_DATA.findall(text) if _EVENTS.match(text) else ()) or text)


def salvaged(text: str) -> dict[str, Any]:
    """The texts and numbers at the start of JSON that is cut or broken, as members of one object.

    The first of a name counts.
    """
    members: dict[str, Any] = {}
    for name, words, number in _MEMBER.findall(text[:MAX_INFLATED]) if _looks_like_json(text) else ():
        members.setdefault(name, int(number) if number else decode_text(f'"{words}"') or words)
    return members


def words_in(text: str) -> str:
    """What a reader sees of a text: of a page its title, else its text without tags; of what is no text nothing."""
    if _PAGE.search(text):
        text = _title(text) or " ".join(_TAG.sub(" ", _UNSEEN.sub(" ", text)).split())
    text = text.strip()
    return text if _is_readable(text[:1000]) and text not in NO_WORDS else ""


def page_title(body: bytes) -> str | None:
    """The title of the web page that a body is, `""` for one without; `None` where it is no page."""
    if body.lstrip(_BLANK)[:1] != b"<":
        return None
    text = body[:MAX_INFLATED].decode("utf-8", "replace")
    return _title(text) if _HTML.search(text) else None


def _title(text: str) -> str:
    title = _TITLE.search(text)
    return " ".join(title[1].split()) if title else ""


def _is_readable(text: str) -> bool:
    """Whether a text is one: bytes of another kind come out as signs that cannot be shown."""
    odd = sum(sign == "\ufffd" or not (sign.isprintable() or sign.isspace()) for sign in text)
    return 4 * odd <= len(text)


def _looks_like_json(text: str) -> bool:
    return text.lstrip().startswith(("{", "["))
