"""Recorded answers as lines of JSON: what was asked, how it was answered, and each piece of the answer with its time.

    {"line": "tape", "url": "https://api.example.com/v1"}
    {"line": "request", "method": "POST", "path": "/v1/chat/completions", "query": {}, "body": {...}}
    {"line": "head", "after": 0.41, "status": 200, "headers": [["content-type", "text/event-stream"]]}
    {"line": "piece", "after": 0.0, "text": "data: ..."}            or "base64", for what is no UTF-8
    {"line": "end", "after": 1.3, "whole": true}                    not whole: the connection broke, or was left

`after` is in seconds: that of a head since the request, all others since the head. Nothing secret is kept: no header
of the request at all, and what its headers held is starred out wherever else it stands. Pure.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from . import _http
from ._faults import Close, Pause, Send, Step
from ._request import RecordedRequest

SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|passw|credential|signature|^code$|^sig$", re.IGNORECASE)
"""Headers of a request, and parameters of its query, that may hold a secret."""

SHORTEST_SECRET = 6
"""Characters; what is shorter is a word like another."""

_NOT_KEPT = re.compile(
    r"connection|keep-alive|transfer-encoding|trailer|upgrade|proxy-.*|set-cookie.*|www-authenticate"
    r"|openai-(organization|project)",
    re.IGNORECASE,
)
"""Headers of an answer that are the connection's or the account's."""

_NO_BODY = {204, 304}


class TapeLine(Struct, tag_field="line", tag="tape", frozen=True):
    """The first line: which server was recorded."""

    url: str


class RequestLine(Struct, tag_field="line", tag="request", frozen=True):
    """What was asked; a `body` that is no JSON is text."""

    method: str
    path: str
    query: dict[str, str] = {}
    body: Any = None


class HeadLine(Struct, tag_field="line", tag="head", frozen=True):
    """How the answer began."""

    after: float
    status: int
    headers: list[tuple[str, str]] = []


class PieceLine(Struct, tag_field="line", tag="piece", frozen=True, omit_defaults=True):
    """A piece of the body, as the server cut it."""

    after: float
    text: str | None = None
    base64: str | None = None

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return base64.b64decode(self.base64) if self.base64 is not None else (self.text or "").encode()


class EndLine(Struct, tag_field="line", tag="end", frozen=True):
    """The end of the body."""

    after: float
    whole: bool


Line = TapeLine | RequestLine | HeadLine | PieceLine | EndLine

_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class Answered(Struct, frozen=True):
    """One request and its answer."""

    request: RequestLine
    head: HeadLine
    pieces: list[PieceLine]
    end: EndLine


class Tape(Struct, frozen=True):
    """All that one recording holds, in the order of the requests."""

    source: TapeLine
    answers: list[Answered] = []


def dump(tape: Tape) -> bytes:
    """The lines of a tape."""
    lines: list[Line] = [tape.source]
    for answered in tape.answers:
        lines += [answered.request, answered.head, *answered.pieces, answered.end]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def load(data: bytes) -> Tape:
    """The tape that lines are. ValueError if they are none."""
    try:
        source, *lines = _DECODER.decode_lines(data)
        if not isinstance(source, TapeLine):
            raise ValueError("it does not begin with a line of kind 'tape'")
        return Tape(source, list(_grouped(lines)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _grouped(lines: Iterable[Line]) -> Iterator[Answered]:
    group: list[Line] = []
    for line in lines:
        group.append(line)
        if isinstance(line, EndLine):
            yield _one_answer(group)
            group = []
    if group:
        raise ValueError("it breaks off within an answer")


def _one_answer(lines: list[Line]) -> Answered:
    match lines:
        case [RequestLine() as request, HeadLine() as head, *between, EndLine() as end]:
            pieces = [line for line in between if isinstance(line, PieceLine)]
            if len(pieces) == len(between):
                return Answered(request, head, pieces, end)
    raise ValueError("its lines are not in the order request, head, pieces, end")


def answered(
    request: RecordedRequest,
    head_after: float,
    status: int,
    headers: Iterable[tuple[str, str]],
    pieces: Iterable[tuple[float, bytes]],
    end: tuple[float, bool],
) -> Answered:
    """A request and its answer without anything secret."""
    hide = Hider(secrets_of(request))
    times, data = zip(*pieces, strict=True) if (pieces := list(pieces)) else ((), ())
    kept = [(name.lower(), hide.text(value)) for name, value in headers if not _NOT_KEPT.fullmatch(name)]
    return Answered(
        asked(request, hide),
        HeadLine(round(head_after, 6), status, kept),
        [_piece(after, part) for after, part in zip(times, hide.parts(data), strict=True)],
        EndLine(round(end[0], 6), end[1]),
    )


def asked(request: RecordedRequest, hide: Hider) -> RequestLine:
    """A request as a tape tells of it."""
    query = {name: "*" if SECRET_NAME.search(name) else hide.text(value) for name, value in request.query.items()}
    body = hide.data(request.body)
    try:
        told = msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = body.decode("utf-8", "replace")
    return RequestLine(request.method, hide.text(request.path), query, told)


def _piece(after: float, data: bytes) -> PieceLine:
    try:
        return PieceLine(round(after, 6), text=data.decode())
    except UnicodeDecodeError:
        return PieceLine(round(after, 6), base64=base64.b64encode(data).decode())


def secrets_of(request: RecordedRequest) -> list[str]:
    """What the headers and the query of a request hold that nobody else should see."""
    pairs: Mapping[str, str]
    found = []
    for pairs in (request.headers, request.query):
        for name, value in pairs.items():
            if SECRET_NAME.search(name):
                found += [value, *re.split(r"[\s;,=]+", value)]
    return found


class Hider:
    """Stars out secrets, however they are quoted. What is hidden keeps its length, so that lengths stay true."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), secret.replace("/", "\\/"))}
        words = sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len, reverse=True)
        self._pattern = re.compile(b"|".join(re.escape(word.encode()) for word in words)) if words else None

    def data(self, data: bytes) -> bytes:
        """The bytes without the secrets."""
        return self._pattern.sub(lambda found: b"*" * len(found[0]), data) if self._pattern else data

    def text(self, text: str) -> str:
        """The text without them."""
        return self.data(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def parts(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """The same parts without them, also without those that are cut in two."""
        parts = list(parts)
        whole, place = self.data(b"".join(parts)), 0
        for part in parts:
            yield whole[place : place + len(part)]
            place += len(part)


def difference(wanted: RequestLine, found: RequestLine) -> str | None:
    """What is not the same in two requests, `None` if they are alike."""
    for name in ("method", "path", "query"):
        if getattr(wanted, name) != getattr(found, name):
            return f"its {name} is {getattr(wanted, name)!r}"
    ours, theirs = wanted.body, found.body
    if ours == theirs:
        return None
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return "its body is another"
    names = [name for name in {**ours, **theirs} if ours.get(name, ...) != theirs.get(name, ...)]
    return f"{', '.join(map(repr, names))} of its body differ{'s' * (len(names) == 1)}"


def steps(answer: Answered, pace: float) -> Iterator[Step]:
    """The script that gives an answer again, its pauses multiplied by `pace`."""
    yield Pause(answer.head.after * pace)
    yield Send(_http.head(answer.head.status, framed(answer.head.status, answer.head.headers)))
    is_chunked = framing(answer.head.status, answer.head.headers) == "chunked"
    now = 0.0
    for piece in answer.pieces:
        yield Pause((piece.after - now) * pace)
        yield Send(_http.chunk(piece.data) if is_chunked else piece.data)
        now = piece.after
    yield Pause((answer.end.after - now) * pace)
    if not answer.end.whole:
        yield Close()
    elif is_chunked:
        yield Send(_http.LAST_CHUNK)


def framing(status: int, headers: Iterable[tuple[str, str]]) -> str:
    """How the end of a body is told: by `length`, `chunked`, or `none` where there is no body."""
    if status in _NO_BODY:
        return "none"
    return "length" if any(name.lower() == "content-length" for name, _ in headers) else "chunked"


def framed(status: int, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, and what the framing adds to them."""
    headers = list(headers)
    return [*headers, ("transfer-encoding", "chunked")] if framing(status, headers) == "chunked" else headers
