"""Requests to JSON, strictly; JSON to replies, leniently.

A request is checked as a whole before it is written, Structs and plain dicts alike, and what is written is what
the caller gave: members of a message that the API does not know are kept. `extra_body` is the unchecked way out.
"""

from __future__ import annotations

import difflib
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from .._error_body import COMMON_WORDS, ErrorWords, error_facts
from .._error_text import page_told
from .._head import Head
from .._raw_body import decode_lenient, page_title
from ..errors import ResponseDecodeError, UsageError, from_response
from ..providers._provider import Provider
from ..providers._shape import shape
from ..providers.default import PROVIDER as UNKNOWN_PROVIDER
from ..types._base import UNSET, Answer, source_of
from ..types.chunk import ChatCompletionChunk
from ..types.request import ChatRequest
from ..types.response import ChatCompletion
from .repair import Halves, mend, read_odd_json
from .shapes import ODD, straighten

A = TypeVar("A", bound=Answer)
S = TypeVar("S", bound=msgspec.Struct)

UNENCODABLE = (TypeError, ValueError, RecursionError)
"""What msgspec raises for values that have no JSON form: foreign types, lone surrogates, loops."""

ERROR_MEMBER = re.compile(rb'"error"\s*+:\s*+(?!null\b)|"(?:object|type)"\s*+:\s*+"error"')
"""The members that mark an error next to whatever else, at any depth."""

SHORT = 2000
"""Bytes that are looked through faster than the members that they are made of."""

CONTAINERS = (dict, list, tuple)
BYTES = (bytes, bytearray, memoryview)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What it raises for bytes that are not the JSON that was asked for."""

PARAMETERS = tuple(name for name in ChatRequest.__struct_fields__ if name != "extra_body")


def build_request(parameters: Mapping[str, Any], others: Iterable[str] = ()) -> ChatRequest:
    """The request of these keywords. Raises `UsageError` for one that does not exist, and without messages.

    `others` are keywords that the caller takes besides, and may have meant.
    """
    try:
        return ChatRequest(**parameters)
    except TypeError:
        pass
    raise _refused(parameters, others)


def _refused(parameters: Mapping[str, Any], others: Iterable[str]) -> UsageError:
    """What is wrong with keywords that make no request."""
    for name in parameters:
        if name not in ChatRequest.__struct_fields__:
            close = difflib.get_close_matches(str(name), (*PARAMETERS, *others), 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            return UsageError(f"unknown parameter {name!r}: {hint}What the API does not know goes into extra_body")
    return UsageError("messages are missing: pass a str or a sequence of messages")


def encode_request(request: ChatRequest) -> bytes:
    """The body of `POST /chat/completions`. Raises `UsageError` naming the parameter or message that is wrong."""
    return encode_call(request, UNKNOWN_PROVIDER)[1]


def encode_call(request: ChatRequest, provider: Provider, model: str | None = None) -> tuple[str, bytes]:
    """The model that is asked, and the body as its provider wants it. Raises what `encode_request` raises.

    `model` stands in where the request names none.
    """
    body = request_builtins(request)
    if model:
        body.setdefault("model", model)
    try:
        msgspec.convert(body, ChatRequest)
    except msgspec.ValidationError as error:
        raise UsageError(_explain(str(error))) from None
    body = with_extra_body(shape(body, provider))
    asked = body.get("model")
    if not asked or not isinstance(asked, str):
        raise UsageError("no model: pass model=, to the call or to the client")
    return asked, encode_json(body)


def request_builtins(request: ChatRequest) -> dict[str, Any]:
    """The request as dicts and lists, a plain `str` for messages made into one message of the user."""
    try:
        body: dict[str, Any] = _as_builtins(request)
    except UNENCODABLE as error:
        raise _explained(error, _as_builtins, request) from None
    if isinstance(body["messages"], str):
        body["messages"] = [{"role": "user", "content": body["messages"]}]
    return body


def with_extra_body(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the members of its `extra_body` put into it. Raises `UsageError`."""
    if "extra_body" not in body:
        return body
    extra = body.pop("extra_body") or {}
    if not isinstance(extra, dict):
        raise UsageError("extra_body: expected an object")
    return body | extra


def encode_json(value: Any) -> bytes:
    """Compact JSON. Raises `UsageError` naming the member that has no JSON form.

    msgspec writes NaN and infinities as `null`, so they are looked for, in the text where that is short.
    """
    try:
        encoded = _encode(value)
    except UNENCODABLE as error:
        raise _explained(error, _encode, value) from None
    may_hold_null = len(encoded) > SHORT or encoded.find(b"null") >= 0
    if may_hold_null and not _is_finite(value):
        raise UsageError(f"{_printable(_place_of_no_number(value))}: NaN and infinities have no JSON form")
    return encoded


def to_json(value: Any) -> bytes:
    """The JSON of any Struct of this package; an answer gives the very bytes it came as.

    Raises `UsageError` for a value that has no JSON form.
    """
    if isinstance(value, ChatRequest):
        return encode_json(with_extra_body(request_builtins(value)))
    source = source_of(value) if isinstance(value, Answer) else None
    return encode_json(value) if source is None else bytes(source)


def decode(
    cls: type[A],
    body: bytes,
    head: Head | None = None,
    halves: Halves | None = None,
    *,
    words: ErrorWords = COMMON_WORDS,
) -> A:
    """The reply that a JSON document is. Raises `ResponseDecodeError`.

    With its head it is a whole answer, and an error under a status of success raises its `APIStatusError`, by the
    server's `words`. A stream's chunks share `halves`, of characters that were cut.
    """
    if head is not None:
        if may_hold_error(body):
            raise_error_in(body, head, words)
        title = None if body.startswith(b"{") else page_title(body)
        if title is not None:
            raise ResponseDecodeError(page_told(title), body)
    try:
        answer: A = decoder_of(cls).decode(body)
        if halves or (cls in ODD and ODD[cls](answer, body)):
            answer = _decode_odd(cls, body, "its shape is odd", halves)
    except UNREADABLE as error:
        answer = _decode_odd(cls, body, str(error), halves)
    facts = answer.__dict__
    facts["source"] = body
    if head is not None:
        facts["head"] = head
    return answer


def may_hold_error(body: bytes) -> bool:
    """Whether a document is worth a second look: text that speaks of an error is not, for JSON escapes its quotes."""
    return body.find(b'"error"') >= 0 and ERROR_MEMBER.search(body) is not None


def raise_error_in(body: bytes, head: Head, words: ErrorWords = COMMON_WORDS) -> None:
    """Raise the `APIStatusError` that a body under a status of success is, if it is one."""
    if error_facts(decode_lenient(body)) is not None:
        raise from_response(head.status, head.headers, body, received_at=head.received_at, words=words)


def _decode_odd(cls: type[A], body: bytes, refused: str, halves: Halves | None) -> A:
    """The reply that a document of another shape must mean. Raises `ResponseDecodeError` for what is no object."""
    try:
        document = read_odd_json(body, halves)
        if isinstance(document, dict):
            return msgspec.convert(mend(straighten(document) if cls in ODD else document, cls), cls)
    except (ValueError, RecursionError):
        pass  # then it is what the typed decoder said
    raise ResponseDecodeError(f"the answer is not what the API answers ({refused})", body) from None


@cache
def decoder_of(cls: type[S]) -> msgspec.json.Decoder[S]:
    """The one decoder of a Struct."""
    return msgspec.json.Decoder(cls)


for _cls in (ChatRequest, ChatCompletion, ChatCompletionChunk):
    decoder_of(_cls)  # msgspec learns a Struct at its first use, and not safely in two threads at once


def _explained(error: Exception, convert: Callable[[Any], Any], value: Any) -> UsageError:
    """The error of `convert(value)`, naming the first member that it fails for."""
    place = next((f"{_printable(name)}: " for name, member in _members(value) if _fails(convert, member)), "")
    return UsageError(f"{place}this has no JSON form: {_printable(error)}")


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    members = structs.asdict(value) if isinstance(value, msgspec.Struct) else value
    pairs = members.items() if isinstance(members, dict) else ()
    return ((name, {name: member}) for name, member in pairs if member is not UNSET)


def _fails(convert: Callable[[Any], Any], value: Any) -> bool:
    try:
        convert(value)
    except UNENCODABLE:
        return True
    return False


def _printable(value: object) -> str:
    return str(value).encode("ascii", "backslashreplace").decode()


def _is_finite(value: Any) -> bool:
    """Whether no number in it is NaN or infinite. Most of a request is texts, and they cost next to nothing here."""
    left = [value] if isinstance(value, CONTAINERS) else []
    for container in left:  # which grows
        for member in container.values() if isinstance(container, dict) else container:
            if type(member) is str:
                continue
            if isinstance(member, CONTAINERS):
                left.append(member)
            elif _is_no_number(member):
                return False
    return True


def _place_of_no_number(value: Any) -> str:
    """Where the first one is, as `messages[0].weight`."""
    place, left = "", deque[tuple[str, Any]]()
    while not _is_no_number(value):
        if isinstance(value, dict):
            left += ((f"{place}.{name}" if place else str(name), member) for name, member in value.items())
        elif isinstance(value, CONTAINERS):
            left += ((f"{place}[{index}]", member) for index, member in enumerate(value))
        place, value = left.popleft()
    return place


def _is_no_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _plain(value: Any) -> Any:
    """Mappings and sequences of other kinds than msgspec knows, and subclasses of `str`."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON type")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode

_as_builtins = partial(msgspec.to_builtins, enc_hook=_plain, builtin_types=BYTES, str_keys=True)
"""Structs, mappings and sequences as dicts and lists. Bytes stay bytes, which the check refuses."""


def _explain(error: str) -> str:
    """msgspec's message with the place first: `messages[0].content: expected ...`."""
    what, _, where = _printable(error).replace("`key` in `$", "`$").partition(" - at `$")
    place = where.rstrip("`").lstrip(".") or "the request"
    return f"{place}: {what[0].lower()}{what[1:]}"
