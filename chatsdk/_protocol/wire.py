"""Requests to JSON, strictly; JSON to replies, leniently.

A request is checked as a whole before it is written, Structs and plain dicts alike, and what is written is what
the caller gave: members of a message that the API does not know are kept. `extra_body` is the unchecked way out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from .._error_body import decode_lenient, error_facts
from .._head import Head
from ..errors import ResponseDecodeError, UsageError, from_response
from ..types._base import UNSET, Answer
from ..types.request import ChatRequest

A = TypeVar("A", bound=Answer)

UNENCODABLE = (TypeError, ValueError, RecursionError)
"""What msgspec raises for values that have no JSON form: foreign types, lone surrogates, loops."""

PARAMETERS = tuple(name for name in ChatRequest.__struct_fields__ if name != "extra_body")


def build_request(parameters: Mapping[str, Any]) -> ChatRequest:
    """The request of these keywords. Raises `UsageError` for one that does not exist, and without messages."""
    for name in parameters:
        if name not in ChatRequest.__struct_fields__:
            close = difflib.get_close_matches(name, PARAMETERS, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise UsageError(f"unknown parameter {name!r}: {hint}What the API does not know goes into extra_body")
    if "messages" not in parameters:
        raise UsageError("messages are missing: pass a str or a sequence of messages")
    return ChatRequest(**parameters)


def encode_request(request: ChatRequest) -> bytes:
    """The body of `POST /chat/completions`. Raises `UsageError` naming the parameter or message that is wrong."""
    body = request_builtins(request)
    extra = body.pop("extra_body", {})
    try:
        msgspec.convert({**body, "extra_body": extra}, ChatRequest)
    except msgspec.ValidationError as error:
        raise UsageError(_explain(str(error))) from None
    body |= extra
    if not body.get("model"):
        raise UsageError("no model: pass model=, to the call or to the client")
    return encode_json(body)


def request_builtins(request: ChatRequest) -> dict[str, Any]:
    """The request as dicts and lists, a plain `str` for messages made into one message of the user."""
    body: dict[str, Any] = _or_explain(_as_builtins, request, _members)
    if isinstance(body["messages"], str):
        body["messages"] = [{"role": "user", "content": body["messages"]}]
    return body


def encode_json(body: dict[str, Any]) -> bytes:
    """Compact JSON. Raises `UsageError` naming the member that has no JSON form."""
    encoded: bytes = _or_explain(msgspec.json.encode, body, dict)
    return encoded


def to_json(value: Any) -> bytes:
    """The JSON of any Struct of this package; an answer gives the very bytes it came as."""
    if isinstance(value, ChatRequest):
        body = request_builtins(value)
        return encode_json(body | body.pop("extra_body", {}))
    source = value.__dict__.get("source") if isinstance(value, Answer) else None
    return msgspec.json.encode(value) if source is None else bytes(source)


def decode(cls: type[A], body: bytes, head: Head | None = None) -> A:
    """The reply that a JSON document is. Raises `ResponseDecodeError`.

    With its head it is a whole answer, and an error under a status of success raises its `APIStatusError`.
    """
    if head is not None and b'"error"' in body and error_facts(decode_lenient(body)):
        raise from_response(head.status, head.headers, body, received_at=head.received_at)
    try:
        answer: A = _decoder(cls).decode(body)
    except UnicodeDecodeError:
        return decode(cls, body.decode("utf-8", "replace").encode(), head)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ResponseDecodeError(f"the answer is not what the API answers ({error})", body) from None
    facts = answer.__dict__
    facts["source"] = body
    if head is not None:
        facts["head"] = head
    return answer


@cache
def _decoder(cls: type[A]) -> msgspec.json.Decoder[A]:
    return msgspec.json.Decoder(cls)


def _or_explain(convert: Callable[[Any], Any], value: Any, members: Callable[[Any], dict[str, Any]]) -> Any:
    """`convert(value)`. Raises `UsageError` naming the first member that it fails for."""
    try:
        return convert(value)
    except UNENCODABLE as error:
        for name, member in members(value).items():
            try:
                convert({name: member})
            except UNENCODABLE:
                raise UsageError(f"{name}: this has no JSON form: {error}") from None
        raise UsageError(f"this has no JSON form: {error}") from None


def _members(request: ChatRequest) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(request).items() if value is not UNSET}


def _as_builtins(value: Any) -> Any:
    """Structs, mappings and sequences as dicts and lists. Bytes stay bytes, which the check refuses."""
    return msgspec.to_builtins(value, enc_hook=_plain, builtin_types=(bytes, bytearray, memoryview), str_keys=True)


def _plain(value: Any) -> Any:
    """Mappings and sequences of other kinds than msgspec knows, and subclasses of `str`."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _explain(error: str) -> str:
    """msgspec's message with the place first: `messages[0].content: expected ...`."""
    what, _, where = error.replace("`key` in `$", "`$").partition(" - at `$")
    place = where.rstrip("`").lstrip(".") or "the request"
    return f"{place}: {what[0].lower()}{what[1:]}"
