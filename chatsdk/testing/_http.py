"""HTTP/1.1 as bytes: what a client sent is read, what a server sends is written, right or wrong. Pure.

Source: RFC 9112. Bodies of requests have a Content-Length, as those of this package's client do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from multidict import CIMultiDict

from ._api import Sendable
from ._reply import Cut, Pieces, Whole
from ._request import RecordedRequest

HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
REASONS = {status.value: status.phrase for status in HTTPStatus}

_FINISH = b'"finish_reason":"'

Place = str | int
"""A place in an answer: the name of one, or so many bytes after the head."""


def head(status: int, headers: Mapping[str, str | None] | Iterable[tuple[str, str | None]] = ()) -> bytes:
    """A status line and headers, those that are `None` left out; nothing is added."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}",
        *(f"{name}: {value}" for name, value in pairs if value is not None),
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def chunk(data: bytes) -> bytes:
    """A piece of a body in chunked framing."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def chunked(pieces: Iterable[bytes]) -> bytes:
    """A whole body in chunked framing; an empty piece would end it, and is left out."""
    return b"".join(chunk(piece) for piece in pieces if piece) + LAST_CHUNK


def request_of(data: bytes) -> tuple[RecordedRequest, int]:
    """The request whose head these bytes are, its body yet to come, and how long that is. ValueError for no request."""
    line, *lines = data.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = line.split(" ")
    headers: CIMultiDict[str] = CIMultiDict()
    for pair in lines:
        name, _, value = pair.partition(":")
        headers.add(name, value.strip())
    address = urlsplit(target)
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    return RecordedRequest(method, address.path, query, headers, b""), int(headers.get("content-length", 0))


@dataclass(frozen=True)
class Wire:
    """An answer's bytes, and how many of them come before each place that has a name."""

    data: bytes
    places: Mapping[str, int]

    def until(self, place: Place | None) -> bytes:
        """The bytes before a place; all of them where that is `None`."""
        if place is None:
            return self.data
        return self.data[: place + self.places["after_head"] if isinstance(place, int) else self.places[place]]


def wire(answer: Sendable) -> Wire:
    """An answer in the usual framing: a Content-Length, or chunks where there are pieces."""
    match answer:
        case Whole():
            start = head(answer.status, {**answer.headers, "content-length": str(len(answer.body))})
            return _wire(start, answer.body[: len(answer.body) // 2], answer.body, b"")
        case Pieces():
            pieces = [piece for piece in answer.pieces if isinstance(piece, bytes)]
            start = head(answer.status, {**answer.headers, "transfer-encoding": "chunked"})
            end = b"" if answer.hang_up else LAST_CHUNK
            last = next((place for place, piece in enumerate(pieces) if _FINISH in piece), len(pieces) - 1)
            half, finish, body = (b"".join(map(chunk, part)) for part in _parts(pieces, last))
            return _wire(start, half, body, end, finish)
        case Cut():
            return _wire(b"", b"", b"", b"")


def _parts(pieces: list[bytes], last: int) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The first chunk and half of the text, all up to the chunk with the finish reason, and all."""
    return pieces[: 1 + (last - 1) // 2], pieces[: last + 1], pieces


def _wire(start: bytes, half: bytes, body: bytes, end: bytes, finish: bytes | None = None) -> Wire:
    place = len(start)
    places = {
        "in_head": place // 2,
        "after_head": place,
        "in_body": place + len(half),
        "after_finish": place + len(body if finish is None else finish),
        "after_done": place + len(body),
    }
    return Wire(start + body + end, places)
