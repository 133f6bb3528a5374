"""How an error tells its facts: short, on one line, and of an address only what may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

MAX_SHOWN = 500
"""Characters of a server's words, or of an unreadable body, that go into an error's text."""

MAX_FACT_SHOWN = 100
"""Characters of any other fact in it."""

WRONG_PATH = re.compile(
    r"unexpected endpoint|invalid url|(404 )?(page |file |resource )?not found\.?$|(405 )?method not allowed\.?$",
    re.IGNORECASE,
)
"""How a server's words begin where it is the path that it does not know."""

PATH_HINT = "does base_url end in the API's prefix, such as /v1?"

PROXY_HINT = "it wants a name and a password, as in proxy='http://name:password@host'"

SPECIAL_STATUS: Mapping[int, str] = {407: f"the proxy refused the request: {PROXY_HINT}"}
"""What is said of a status that has no class of its own, where the server said nothing."""


def told_words(message: str, cause: str | None) -> str:
    """What the server said, with what stood behind it."""
    return shorten(f"{message}: {cause}" if cause else message)


def told_cure(message: str) -> str:
    """The hint that goes behind a server's words where it is the path that it does not know."""
    return f"; {PATH_HINT}" if WRONG_PATH.match(message) else ""


def told_facts(**facts: str | int | None) -> str:
    """Those facts that are known, by name."""
    return ", ".join(f"{name} {shorten(str(fact), MAX_FACT_SHOWN)}" for name, fact in facts.items() if fact is not None)


def page_told(title: str) -> str:
    """That a web page came where an answer of the API was asked for."""
    titled = f", titled {shorten(title, MAX_FACT_SHOWN)!r}" if title else ""
    return f"the answer is a web page{titled}, no API response: {PATH_HINT}"


def shorten(text: str, limit: int = MAX_SHOWN) -> str:
    """The text on one line, without control characters, and cut where it is too long to be read in an error."""
    line = "".join(character if character.isprintable() else " " for character in text[: limit + 1])
    return line if len(line) <= limit else f"{line[:limit]}..."


def origin(url: str | None) -> str:
    """Scheme, host and port of a URL: what may be shown of it."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return "an address that cannot be read"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}{':' if parts.scheme else ''}//{host}" if host else "the same origin"
