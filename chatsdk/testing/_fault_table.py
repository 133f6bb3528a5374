"""`FAULTS`: what servers, and things that stand before them, have been seen to do wrong, each by name. Pure.

What is not in it can be made with the methods of `Fault` and `Step`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping

import msgspec

from ._faults import POINTS, Fault, Point, Step
from ._http import LAST_CHUNK, chunk, chunked, head
from ._payloads import completion_payload, sse_body
from ._request import RecordedRequest

_MIB = 1 << 20
_WORDS = ["Hello", " there,", " dear", " world."]
_PLAIN = msgspec.json.encode(completion_payload("".join(_WORDS)))
_STREAM = sse_body(_WORDS)
_HALF = sse_body(_WORDS[:2], finish=False)
_NO_WORDS = sse_body([""], finish=False)

_JSON = {"content-type": "application/json"}
_SSE = {"content-type": "text/event-stream"}
_HTML = {"content-type": "text/html; charset=utf-8"}
_CHUNKED = {"transfer-encoding": "chunked"}
_PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_UPSTREAM = b'{"error":{"message":"The upstream failed.","type":"server_error","code":502}}'

_ENDS: Mapping[str, Callable[[Point], Fault]] = {"reset": Fault.reset, "close": Fault.close, "stall": Fault.stall}


def _answers(frame: Callable[[dict[str, str], bytes], Iterable[bytes | Step]]) -> Fault:
    """A body that fits the request, as JSON or as a stream, in the frame that is made of its headers and it."""

    def answer(request: RecordedRequest) -> Iterable[Step]:
        headers, body = (_SSE, _STREAM) if b'"stream":true' in request.body else (_JSON, _PLAIN)
        return [Step.send(piece) if isinstance(piece, bytes) else piece for piece in frame(dict(headers), body)]

    return Fault.script(Step.read(), Step.respond(answer))


def _says_length(*lengths: str, then: Step) -> Fault:
    return _answers(
        lambda headers, body: [
            head(200, [*headers.items(), *(("content-length", value % len(body)) for value in lengths)]) + body,
            then,
        ]
    )


def _in_chunks(frame: Callable[[bytes, bytes], Iterable[bytes | Step]]) -> Fault:
    """The first and the second half of a body in a frame, after a head that says chunked."""

    def framed(headers: dict[str, str], body: bytes) -> Iterable[bytes | Step]:
        middle = body.find(b"data: ", len(body) // 2) if body.startswith(b"data") else len(body) // 2
        return [head(200, headers | _CHUNKED), *frame(body[:middle], body[middle:])]

    return _answers(framed)


def _encoded(encode: Callable[[bytes], bytes], encoding: str = "gzip") -> Fault:
    def framed(headers: dict[str, str], body: bytes) -> Iterable[bytes]:
        sent = encode(body)
        return [head(200, headers | {"content-encoding": encoding, "content-length": str(len(sent))}) + sent]

    return _answers(framed)


def _stream(*pieces: bytes | Step, headers: Mapping[str, str] = _SSE) -> Fault:
    """A stream of these pieces, each a chunk of its own; a step ends it if nothing else does."""
    framed = [chunk(piece) if isinstance(piece, bytes) else piece for piece in pieces]
    end = [] if isinstance(pieces[-1], Step) else [LAST_CHUNK]
    return Fault.raw(head(200, {**headers, **_CHUNKED}), *framed, *end)


def _for_ever(data: bytes, *, every: float = 0.001, after: bytes = b"") -> Fault:
    return _stream(*([after] if after else []), Step.repeat(chunk(data), every=every))


def _bomb(body: bytes) -> bytes:
    """The first bytes of a body and 64 MiB more, in a few KiB: gzip members one after the other are one stream."""
    return gzip.compress(body[:12]) + gzip.compress(b"x" * _MIB, 9) * 64


_AT_POINTS = {f"{verb}_{point}": make(point) for verb, make in _ENDS.items() for point in POINTS}

_SLOW = {
    "drip": Fault.drip(size=8, every=0.02),
    "drip_head": Fault.raw(Step.drip(head(200, {f"x-{n}": "slow" for n in range(100)}), every=0.02)),
    "continue_forever": Fault.raw(Step.repeat(head(100), every=0.001)),
    "hints_forever": Fault.raw(Step.repeat(head(103, {"link": "</style.css>"}), every=0.001)),
    "deaf": Fault.script(Step.deaf(1.0), Step.stall()),
    "deaf_to_body": Fault.script(Step.read(0), Step.deaf(1.0), Step.stall()),
}

_REQUEST = {
    "close_while_sending": Fault.script(Step.read(0), Step.close(abrupt=True)),
    "early_413": Fault.script(
        Step.read(0), Step.send(head(413, _JSON | {"content-length": "2", "connection": "close"}) + b"{}"), Step.close()
    ),
    "stale": Fault.script(Step.read(), Step.good(), Step.close()),
    "stale_reset": Fault.script(Step.read(), Step.good(), Step.pause(0.05), Step.reset()),
    "close_on_reuse": Fault.script(Step.read(), Step.good(), Step.read(), Step.close()),
    "reset_on_reuse": Fault.script(Step.read(), Step.good(), Step.read(), Step.reset()),
}

_HEADS = {
    "no_status_line": Fault.raw(b"\r\n\r\ncontent-type: text/plain\r\n\r\nHello", Step.close()),
    "http_0.9": Fault.raw(b"<html>Hello</html>\n", Step.close()),
    "http_9.9": Fault.raw(b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n", Step.close()),
    "garbage": Fault.raw(bytes(range(256)) * 8, Step.close()),
    "status_of_letters": Fault.raw(b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n", Step.close()),
    "status_of_six_digits": Fault.raw(b"HTTP/1.1 200200 OK\r\ncontent-length: 0\r\n\r\n", Step.close()),
    "header_without_colon": Fault.raw(b"HTTP/1.1 200 OK\r\nno colon here\r\ncontent-length: 0\r\n\r\n", Step.close()),
    "header_with_nul": Fault.raw(b"HTTP/1.1 200 OK\r\nx-bad: a\0b\r\ncontent-length: 0\r\n\r\n", Step.close()),
    "header_of_1_mib": Fault.raw(head(200, {"x-long": "x" * _MIB, "content-length": "0"}), Step.close()),
    "header_forever": Fault.raw(b"HTTP/1.1 200 OK\r\nx-long: ", Step.repeat(b"x" * 4096)),
    "headers_forever": Fault.raw(b"HTTP/1.1 200 OK\r\n", Step.repeat(b"x-more: and more\r\n" * 200)),
    "status_line_forever": Fault.raw(b"HTTP/1.1 200 ", Step.repeat(b"O" * 4096)),
}

_FRAMING = {
    "chunk_size_bad": _in_chunks(lambda first, second: [b"zz\r\n" + first + b"\r\n", Step.stall()]),
    "chunk_size_bad_later": _in_chunks(
        lambda first, second: [chunk(first), Step.pause(0.05), b"zz\r\n" + second + b"\r\n", Step.stall()]
    ),
    "chunk_size_negative": _in_chunks(lambda first, second: [b"-5\r\n" + first + b"\r\n", Step.stall()]),
    "chunk_size_huge": _in_chunks(lambda first, second: [b"f" * 40 + b"\r\n" + first, Step.stall()]),
    "chunk_size_forever": _in_chunks(lambda first, second: [Step.repeat(b"0" * 4096)]),
    "chunk_longer_than_said": _in_chunks(lambda first, second: [b"5\r\n" + first + b"\r\n", Step.close()]),
    "chunk_shorter_than_said": _in_chunks(lambda first, second: [chunk(first), b"ffff\r\n" + second, Step.close()]),
    "no_last_chunk": _in_chunks(lambda first, second: [chunk(first + second), Step.close()]),
    "no_last_chunk_and_open": _in_chunks(lambda first, second: [chunk(first + second), Step.stall()]),
    "length_too_long": _says_length("9%d", then=Step.close()),
    "length_too_long_and_open": _says_length("9%d", then=Step.stall()),
    "length_too_short": _answers(lambda headers, body: [head(200, headers | {"content-length": "40"}) + body]),
    "length_negative": _says_length("-%d", then=Step.close()),
    "length_of_letters": _says_length("%dx", then=Step.close()),
    "length_twice": _says_length("%d", "1%d", then=Step.close()),
    "length_huge": _says_length("9" * 15 + "%d", then=Step.stall()),
    "length_and_chunked": _answers(
        lambda headers, body: [head(200, headers | _CHUNKED | {"content-length": "7"}) + chunked([body])]
    ),
    "no_length_and_cut": _answers(lambda headers, body: [head(200, headers) + body[: len(body) // 2], Step.close()]),
    "body_after_204": _answers(lambda headers, body: [head(204, headers) + body, Step.close()]),
}

_CODINGS = {
    "gzip_cut": _encoded(lambda body: gzip.compress(body)[:-20]),
    "gzip_without_end": _encoded(lambda body: gzip.compress(body)[:-8]),
    "gzip_bad_checksum": _encoded(lambda body: gzip.compress(body)[:-8] + bytes(8)),
    "gzip_not": _encoded(lambda body: body),
    "gzip_bomb": _encoded(_bomb),
    "coding_unknown": _encoded(lambda body: body[::-1], "x-reversed"),
}

_FLOODS = {
    "comments_forever": _for_ever(b": keep-alive\n\n"),
    "comments_forever_in_body": _for_ever(b": keep-alive\n\n", after=_HALF),
    "blank_lines_forever": _for_ever(b"\n\n"),
    "pings_forever": _for_ever(b'event: ping\ndata: {"type":"ping"}\n\n'),
    "empty_deltas_forever": _for_ever(_NO_WORDS),
    "empty_deltas_forever_in_body": _for_ever(_NO_WORDS, after=_HALF),
    "line_forever": _for_ever(b"data: " + b"x" * 65536, every=0),
    "comment_forever": _for_ever(b":" + b"x" * 65536, every=0),
    "words_forever": _for_ever(_HALF * 100, every=0),
    "spaces_forever": Fault.raw(head(200, _JSON | _CHUNKED), Step.repeat(chunk(b" " * 65536))),
    "error_body_forever": Fault.raw(head(500, _HTML | _CHUNKED), Step.repeat(chunk(b"<p>sorry</p>" * 4096))),
    "error_body_of_100_gb": Fault.raw(
        head(500, _HTML | {"content-length": "100000000000"}), Step.repeat(b"<p>sorry</p>" * 4096)
    ),
    "event_of_8_mib": _stream(_HALF, b'data: {"x":"' + b"x" * (8 * _MIB) + b'"}\n\n', _STREAM),
}

_IN_STREAMS = {
    "error_first": _stream(b"data: " + _UPSTREAM + b"\n\n"),
    "error_in_body": _stream(_HALF, b"data: " + _UPSTREAM + b"\n\n", b"data: [DONE]\n\n"),
    "error_event_in_body": _stream(_HALF, b"event: error\ndata: " + _UPSTREAM + b"\n\n"),
    "error_in_body_and_open": _stream(_HALF, b"data: " + _UPSTREAM + b"\n\n", Step.stall()),
    "bad_json_in_body": _stream(_HALF, b'data: {"choices":[{"index":0,"del\n\n', _STREAM),
    "page_in_body": _stream(_HALF, b"data: " + _PAGE + b"\n\n"),
    "done_without_words": _stream(b"data: [DONE]\n\n"),
    "nothing_in_stream": Fault.raw(head(200, _SSE | _CHUNKED) + LAST_CHUNK),
    "not_utf8_in_body": _stream(_HALF, b'data: {"choices":[{"index":0,"delta":{"content":"\xf0\x9f"}}]}\n\n'),
}

_BODIES = {
    "page_with_200": Fault.answer(_PAGE, headers=_HTML),
    "page_called_json": Fault.answer(_PAGE),
    "error_with_200": Fault.answer(_UPSTREAM),
    "empty_with_200": Fault.answer(),
    "null_with_200": Fault.answer(b"null"),
    "list_with_200": Fault.answer(b"[]"),
    "deep_with_200": Fault.answer(b"[" * 100_000),
    "no_choices_with_200": Fault.answer(b'{"id":"chatcmpl-1","object":"chat.completion","choices":[]}'),
    "status_401": Fault.answer(b'{"detail":"Invalid API key"}', status=401),
    "status_404_page": Fault.answer(_PAGE, status=404, headers=_HTML),
    "status_407": Fault.answer(status=407, headers={"proxy-authenticate": 'Basic realm="proxy"'}),
    "status_429_page": Fault.answer(_PAGE, status=429, headers=_HTML | {"retry-after": "a while"}),
    "status_429_for_a_year": Fault.answer(b'"slow down"', status=429, headers={"retry-after": "31536000"}),
    "status_500_binary": Fault.answer(bytes(range(256)), status=500, headers={"content-type": "image/png"}),
    "status_500_empty": Fault.answer(status=500),
    "status_500_cut": Fault.answer(_UPSTREAM, status=500, cut=True),
    "status_500_stalls": Fault.raw(head(500, _JSON | {"content-length": "99"}) + b'{"error":', Step.stall()),
    "status_503_gzip_not": Fault.answer(_UPSTREAM, status=503, headers={"content-encoding": "gzip"}),
    "status_599": Fault.answer(b"\xff\xfe", status=599),
    "status_302": Fault.answer(status=302, headers={"location": "https://elsewhere.invalid/v1/chat/completions"}),
    "status_308_without_location": Fault.answer(status=308),
    "cookies": _answers(
        lambda headers, body: [
            head(200, headers | {"set-cookie": "session=secret", "content-length": str(len(body))}) + body
        ]
    ),
}

_HELLO = Step.pause(0.05)
"""Long enough for a client to say it."""

_TLS = {
    **{
        f"tls_{certificate}": Fault.script(Step.read(), Step.good(), certificate=certificate)
        for certificate in ("expired", "wrong_host", "self_signed", "untrusted")
    },
    "tls_stall": Fault.script(Step.stall(), certificate=None),
    "tls_close": Fault.script(_HELLO, Step.close(), certificate=None),
    "tls_reset": Fault.script(_HELLO, Step.reset(), certificate=None),
    "tls_garbage": Fault.script(_HELLO, Step.send(b"\x16\x03\x01\xff\xff" + bytes(99)), certificate=None),
    "tls_plain_answer": Fault.script(_HELLO, Step.send(head(400, _JSON)), Step.close(), certificate=None),
    "tls_cut": Fault.script(Step.read(), Step.good(until="in_body"), Step.close(notify=False)),
}

FAULTS: Mapping[str, Fault] = {
    "none": Fault.none(),
    **_AT_POINTS,
    **_SLOW,
    **_REQUEST,
    **_HEADS,
    **_FRAMING,
    **_CODINGS,
    **_FLOODS,
    **_IN_STREAMS,
    **_BODIES,
    **_TLS,
}
"""Every fault by name. `<end>_<point>` for each of `reset`, `close` and `stall`, and each of `POINTS`."""
