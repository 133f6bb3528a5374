"""Errors without the keys of the request they are about.

Servers repeat keys in their words, bodies and headers. And an error's traceback and context lead into frames of the
HTTP library, whose locals hold the request's headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from os.path import commonprefix
from typing import Any, TypeVar

from ._head import Head
from ._secret import MASK, Secret
from .errors import ChatError

E = TypeVar("E", bound=ChatError)

MIN_SECRET = 8
"""Characters of a key that is one: what local servers are given instead, such as `x` or `none`, stands everywhere."""

MIN_LEAK = 4
"""Characters of a key that may be told: so many begin the keys of half a vendor's customers."""


def scrubbed(error: E, secrets: Iterable[Secret]) -> E:
    """The error without the secrets, and without where it came from."""
    for secret in secrets:
        error.args = tuple(without(secret, value) for value in error.args)
        for name, value in list(vars(error).items()):
            setattr(error, name, without(secret, value))
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def without(secret: Secret, value: Any) -> Any:
    """A text, bytes or a head with the secret masked; anything else as it is."""
    if isinstance(value, str):
        return _masked(value, secret.reveal())
    if isinstance(value, bytes):
        return without(secret, value.decode("latin-1")).encode("latin-1")
    if isinstance(value, Head):
        pairs = {name: without(secret, text) for name, text in value.headers.items()}
        return Head(value.status, pairs, value.received_at)
    return value


def _masked(text: str, key: str) -> str:
    """The text without the key, and without a beginning of it where the text was cut."""
    if len(key) < MIN_SECRET:
        return text
    text = text.replace(key, MASK)
    start = text.find(key[:MIN_LEAK])
    while start >= 0:
        end = start + len(commonprefix([text[start : start + len(key)], key]))  # noqa: RUF071 - of characters
        if end == len(text) or text.startswith("...", end):
            text = f"{text[:start]}{MASK}{text[end:]}"
        start = text.find(key[:MIN_LEAK], start + len(MASK))
    return text
