"""The matrix: what goes wrong, in which kind of call, and what a caller has to get. Data only; `checker` reads it.

A row with a time limit has that one only: it is the limit that has to notice. All others have to notice by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chatsdk import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ChatError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    RedirectError,
    ResponseDecodeError,
    ResponseTooLargeError,
    StreamError,
    StreamInterruptedError,
)
from chatsdk.testing import FAULTS, Fault, RecordedRequest, Step

GOOD = "Hello there, dear world."
HALF = "Hello there,"
LIMIT = 0.2
BOUND = 2.5
BIG = "x" * 12_000_000
"""A prompt that fits in no buffer between a client and a server."""

Kind = Literal["create", "stream"]
Errors = type[ChatError] | tuple[type[ChatError], ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One scenario. Without an `error` the call succeeds; a `text` of `None` may be any; `kept` are connections that
    may stay open for the next call."""

    name: str
    fault: Fault
    call: Kind
    error: Errors | None = None
    phase: str | None = None
    status: int | None = None
    text: str | None = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    prompt: str = field(default="Hi", repr=False)
    kept: int = 0
    tls: bool = False
    within: float = BOUND

    def __str__(self) -> str:
        return f"{self.name}-{self.call}" + (f"-{self.phase}" if self.phase else "")


BOTH: tuple[Kind, ...] = ("create", "stream")


def rows(names: str, calls: Iterable[Kind] = BOTH, **expected: Any) -> Iterator[Row]:
    """The same expectation for each of the faults in each kind of call."""
    for name in names.split():
        for call in calls:
            yield Row(name=name, fault=FAULTS[name], call=call, tls=name.startswith("tls_"), **expected)


def create(names: str, **expected: Any) -> Iterator[Row]:
    return rows(names, ["create"], **expected)


def stream(names: str, **expected: Any) -> Iterator[Row]:
    return rows(names, ["stream"], **expected)


def times_out(names: str, calls: Iterable[Kind], *phases: str, **expected: Any) -> Iterator[Row]:
    """Each limit alone ends it, in the phase of its name."""
    for phase in phases:
        yield from rows(names, calls, error=APITimeoutError, phase=phase, limits={phase: LIMIT}, **expected)


def special(name: str, fault: Fault, calls: Iterable[Kind] = BOTH, **expected: Any) -> Iterator[Row]:
    """A fault that is not in the table."""
    for call in calls:
        yield Row(name=name, fault=fault, call=call, **expected)


def repeats_the_key(request: RecordedRequest) -> list[Step]:
    """An answer of someone who shows everything to everybody."""
    seen = request.headers["authorization"].encode()
    body = b'{"error":{"message":"bad key %b","code":"%b"}}' % (seen, seen.split()[-1])
    head = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nx-request-id: %b\r\nx-seen: %b\r\n"
    length = b"content-length: %d\r\n\r\n" % len(body)
    return [Step.send(head % (seen.split()[-1], seen) + length + body)]


def repeats_the_key_in_a_stream(request: RecordedRequest) -> list[Step]:
    seen = request.headers["authorization"].encode()
    event = b'data: {"error":{"message":"bad key %b"}}\n\n' % seen
    return [Step.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + event), Step.close()]


BREAKS = [
    *rows(
        "reset_at_accept reset_in_request reset_before_head reset_in_head "
        "close_at_accept close_in_request close_before_head close_in_head",
        error=APIConnectionError,
    ),
    *create("reset_after_head close_after_head reset_in_body close_in_body", error=APIConnectionError),
    *stream("reset_after_head close_after_head", error=StreamInterruptedError),
    *stream("reset_in_body close_in_body", error=StreamInterruptedError, text=HALF),
    *rows("reset_after_finish reset_after_done close_after_finish close_after_done", text=GOOD),
    *rows("close_while_sending", error=APIConnectionError, prompt=BIG),
    *rows("early_413", error=APIStatusError, status=413, prompt=BIG),
    *rows("stale stale_reset close_on_reuse reset_on_reuse", text=GOOD, kept=1),
]

STALLS = [
    *times_out("stall_at_accept stall_in_request stall_before_head stall_in_head", BOTH, "headers", "total"),
    *times_out("stall_after_head stall_in_body", ["create"], "idle", text=""),
    *times_out("stall_after_head", ["stream"], "first_token", "idle", "total"),
    *times_out("stall_in_body", ["stream"], "idle", "total", text=HALF),
    *stream("stall_after_finish", text=GOOD, limits={"idle": LIMIT}),
    *stream("stall_after_done", text=GOOD),
    *times_out("drip_head continue_forever hints_forever", BOTH, "headers"),
    *times_out("drip", BOTH, "total", text=None),
    *times_out("deaf deaf_to_body", BOTH, "headers"),
    *special(
        "deaf_to_a_big_body",
        FAULTS["deaf_to_body"],
        error=APITimeoutError,
        phase="headers",
        limits={"headers": LIMIT},
        prompt=BIG,
    ),
    *special("quick_drip", Fault.drip(size=64, every=0.002), text=GOOD, kept=1),
]

HEADS = [
    *rows(
        "no_status_line http_0.9 http_9.9 garbage status_of_letters status_of_six_digits header_without_colon "
        "header_with_nul header_of_1_mib header_forever headers_forever status_line_forever",
        error=APIConnectionError,
    ),
]

FRAMING = [
    *rows("chunk_size_bad chunk_size_negative chunk_size_huge chunk_longer_than_said", error=APIConnectionError),
    *times_out("chunk_size_bad_later", ["create"], "idle"),
    *times_out("chunk_size_bad_later", ["stream"], "idle", text=HALF),
    *times_out("chunk_size_forever", ["create"], "idle"),
    *times_out("chunk_size_forever", ["stream"], "first_token"),
    *create("chunk_shorter_than_said no_last_chunk length_too_long", error=APIConnectionError),
    *stream("chunk_shorter_than_said no_last_chunk length_too_long", text=GOOD),
    *times_out("no_last_chunk_and_open length_too_long_and_open", ["create"], "idle"),
    *stream("no_last_chunk_and_open length_too_long_and_open", text=GOOD),
    *rows("length_too_short", error=(APIConnectionError, ResponseDecodeError)),
    *rows("length_negative length_of_letters length_twice", error=APIConnectionError),
    *create("length_huge", error=ResponseTooLargeError),
    *create("no_length_and_cut", error=ResponseDecodeError),
    *stream("no_length_and_cut", error=StreamInterruptedError, text=None),
    *rows("length_and_chunked", error=APIConnectionError),
    *rows("body_after_204", error=(APIConnectionError, ResponseDecodeError)),
]

CODINGS = [
    *create("gzip_cut gzip_without_end gzip_bad_checksum", error=ResponseDecodeError, kept=1),
    *stream("gzip_cut", error=StreamInterruptedError, text=None, kept=1),
    *stream("gzip_without_end", text=GOOD, kept=1),
    *rows("gzip_not coding_unknown", error=ResponseDecodeError, kept=1),
    *rows("gzip_bomb", error=ResponseTooLargeError, sizes={"body": 1 << 20, "event": 1 << 20}, kept=1),
]

FLOODS = [
    *times_out(
        "comments_forever blank_lines_forever pings_forever empty_deltas_forever", ["stream"], "first_token", "idle"
    ),
    *times_out("comments_forever empty_deltas_forever comment_forever spaces_forever", ["create"], "total"),
    *times_out("comments_forever_in_body empty_deltas_forever_in_body", ["stream"], "idle", text=HALF),
    *times_out("comment_forever", ["stream"], "first_token"),
    *times_out("spaces_forever", ["create"], "idle"),
    *times_out("words_forever", ["stream"], "total", text=None),
    *create(
        "line_forever words_forever spaces_forever",
        error=ResponseTooLargeError,
        sizes={"body": 1 << 18},
        text=None,
    ),
    *stream("line_forever", error=ResponseTooLargeError, sizes={"event": 1 << 20}),
    *stream("event_of_8_mib", error=ResponseTooLargeError, sizes={"event": 1 << 20}, text=HALF),
    *special("event_of_8_mib_allowed", FAULTS["event_of_8_mib"], ["stream"], text=HALF + GOOD, kept=1),
    *rows("error_body_forever error_body_of_100_gb", error=(InternalServerError, ResponseTooLargeError)),
]

IN_STREAMS = [
    *stream("error_first", error=(StreamError, InternalServerError), status=502, kept=1),
    *stream(
        "error_in_body error_event_in_body error_in_body_and_open", error=StreamError, status=502, text=HALF, kept=1
    ),
    *stream("bad_json_in_body page_in_body", error=ResponseDecodeError, text=HALF, kept=1),
    *rows("done_without_words", error=ResponseDecodeError, kept=1),
    *rows("nothing_in_stream", error=(ResponseDecodeError, StreamInterruptedError), kept=1),
    *stream("not_utf8_in_body", error=StreamInterruptedError, text=HALF + "\ufffd", kept=1),
]

BODIES = [
    *rows(
        "page_with_200 page_called_json empty_with_200 null_with_200 list_with_200 deep_with_200",
        error=ResponseDecodeError,
        kept=1,
    ),
    *rows("error_with_200", error=InternalServerError, status=502, kept=1),
    *rows("status_401", error=AuthenticationError, status=401, kept=1),
    *rows("status_404_page", error=NotFoundError, status=404, kept=1),
    *rows("status_407", error=APIStatusError, status=407, kept=1),
    *rows("status_429_page status_429_for_a_year", error=RateLimitError, status=429, kept=1),
    *rows("status_500_binary status_500_empty status_500_cut", error=InternalServerError, status=500, kept=1),
    *rows("status_503_gzip_not", error=InternalServerError, status=503, kept=1),
    *rows("status_599", error=InternalServerError, status=599, kept=1),
    *rows("status_302", error=RedirectError, status=302, kept=1),
    *rows("status_308_without_location", error=RedirectError, status=308, kept=1),
    *rows("status_500_stalls", error=InternalServerError, status=500, limits={"idle": LIMIT}),
    *special(
        "status_500_stalls", FAULTS["status_500_stalls"], error=APITimeoutError, phase="total", limits={"total": LIMIT}
    ),
    *rows("no_choices_with_200", error=ResponseDecodeError, kept=1),
    *rows("none cookies", text=GOOD, kept=1),
    *special(
        "key_repeated",
        Fault.script(Step.read(), Step.respond(repeats_the_key)),
        error=AuthenticationError,
        status=401,
        kept=1,
    ),
    *special(
        "key_repeated_in_a_stream",
        Fault.script(Step.read(), Step.respond(repeats_the_key_in_a_stream)),
        ["stream"],
        error=(StreamError, APIStatusError),
    ),
]

TLS = [
    *rows(
        "tls_expired tls_wrong_host tls_self_signed tls_untrusted tls_close tls_reset tls_garbage tls_plain_answer",
        error=APIConnectionError,
    ),
    *times_out("tls_stall", BOTH, "connect", "total"),
    *create("tls_cut", error=APIConnectionError),
    *stream("tls_cut", error=StreamInterruptedError, text=HALF),
]

ROWS: list[Row] = [*BREAKS, *STALLS, *HEADS, *FRAMING, *CODINGS, *FLOODS, *IN_STREAMS, *BODIES, *TLS]
