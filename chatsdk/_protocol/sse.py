"""Server-sent events out of bytes that come in pieces of any size.

Source: WHATWG HTML, 9.2.6 "Interpreting an event stream". Three things differ on purpose. Bytes stay bytes: what
is done about bad UTF-8 is for the reader of the event to say. A field `error`, which some servers send where
`data` belongs, makes an event of that name. And the last event counts although no blank line follows it.

An event comes only where a `data` line was; every byte is looked at a fixed number of times, however the bytes
are cut. What is kept between two pieces has a limit: comments and unknown fields are dropped as they come, and an event
that grows over it is the end.
"""

from __future__ import annotations

import re
import sys

from msgspec import Struct

BOM = b"\xef\xbb\xbf"

SHORT = 1024
"""Bytes of a line that are kept whatever field it is, and lines of an event that are not weighed."""

POINTER = 8
"""What it costs to keep a line, beyond its bytes."""

PIECE = 32768
"""Bytes of a long read that are looked at together: no more than a processor has at hand."""

SLACK = len("error: \n") * 2
"""What an event that is not over yet may have beyond its data."""

KEPT_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?(?:data|event|error)(?:[:\n]|$)")


class ServerEvent(Struct, frozen=True, gc=False):
    """The lines of `data`, joined by newlines, and the event's name (`""` is the usual: none)."""

    data: bytes
    name: str = ""


def split_common(body: bytes) -> list[bytes]:
    """What stands between `data: ` and the blank line of each event, in a piece that `SSEDecoder.common` gave."""
    return body[6:-2].split(b"\n\ndata: ")


def encode_event(data: bytes, name: str = "") -> bytes:
    """An event of this data, a line for each of its lines."""
    head = f"event: {name}\n".encode() if name else b""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return head + b"".join(b"data: %b\n" % line for line in lines) + b"\n"


class SSEDecoder:
    """`feed` it bytes and get the events they complete; `finish` tells it that no more come.

    After an event of more than `limit` bytes `is_too_large` is set, and nothing comes any more. While `is_between`,
    nothing is left of the events that `common` gave, and bytes that are read elsewhere need not be fed.
    """

    __slots__ = (
        "_after_cr",
        "_at_start",
        "_data",
        "_limit",
        "_measured",
        "_name",
        "_pending",
        "_pending_size",
        "_size",
        "_tail",
        "is_between",
        "is_too_large",
    )

    def __init__(self, limit: int = sys.maxsize) -> None:
        self._limit = limit
        self._tail = b""  # what came after the last event that `common` took
        self._pending: list[bytes] = []  # pieces of the line that has not ended yet
        self._pending_size = 0
        self._data: list[bytes] = []
        self._measured = 0  # how many of `_data` are counted in `_size`
        self._size = 0
        self._name = ""
        self._at_start = True
        self._after_cr = False
        self.is_between = False
        self.is_too_large = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that these bytes complete, in order."""
        events: list[ServerEvent] = []
        self.is_between = False
        if self.is_too_large:
            return events
        if self._tail:
            data, self._tail = self._tail + data, b""
        if self._after_cr or b"\r" in data:
            data = self._unify_newlines(data)
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines:
            if self._pending:
                lines[0] = b"".join([*self._pending, lines[0]])
                self._pending.clear()
                self._pending_size = 0
            if self._at_start:
                self._at_start = False
                lines[0] = lines[0].removeprefix(BOM)
            for line in lines:
                if line:
                    self._read_field(line)
                else:
                    self._dispatch(events)
        if rest:
            self._keep(rest)
        if self._data or rest:
            self._measure()
        return events

    def common(self, data: bytes) -> tuple[list[bytes], bytes] | None:
        """The events that these bytes complete, in pieces, where all seem of the commonest form, and what comes after.

        That is one `data: ` line each, LF, and one blank line; an event with a line break in it is of another form.
        Nothing is taken: `take` what comes after, or `feed` the bytes. `None`: they are of another form.
        """
        if self._pending or self._data or self._name or self._after_cr:
            return None
        end = data.rfind(b"\n\n") + 2
        if end < 2 or len(self._tail) + len(data) > self._limit or data.find(b"\r") >= 0:
            return None
        pieces, start = [], 0
        while start < end:
            stop = end if end - start <= PIECE else data.find(b"\n\n", start + PIECE // 2) + 2
            pieces.append(data[start:stop])
            start = stop
        pieces[0] = self._tail + pieces[0]
        return (pieces, data[end:]) if all(piece.startswith(b"data: ") for piece in pieces) else None

    def take(self, rest: bytes) -> None:
        """Go on with what comes after the events that `common` gave."""
        self._tail = rest
        self._at_start = False
        self.is_between = not rest

    def finish(self) -> list[ServerEvent]:
        """The event that the end of the stream cut off, if there is one."""
        events = self.feed(b"\n") if self._pending or self._tail else []
        self._dispatch(events)
        return events

    def _unify_newlines(self, data: bytes) -> bytes:
        """CR and CRLF become LF; a CR at the end of a piece ends its line, and the LF that may follow is dropped."""
        if not data:
            return data
        if self._after_cr:
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read_field(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace")
        elif field == b"error":
            self._data.append(value)
            self._name = "error"

    def _dispatch(self, events: list[ServerEvent]) -> None:
        if self._data:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            if len(data) + max(0, len(self._data) - SHORT) * POINTER > self._limit:
                self.is_too_large = True
            if not self.is_too_large:
                events.append(ServerEvent(data, self._name))
            self._data.clear()
            self._measured = self._size = 0
        self._name = ""

    def _keep(self, rest: bytes) -> None:
        """The start of a line, unless it is long already and a comment, or a field that nobody reads."""
        self._pending.append(rest)
        was_short = self._pending_size <= SHORT
        self._pending_size += len(rest)
        if was_short and self._pending_size > SHORT and not KEPT_FIELD.match(b"".join(self._pending)):
            self._pending = [b":"]
            self._pending_size = 1

    def _measure(self) -> None:
        """An event of very many lines costs more to keep than its bytes."""
        fresh = self._data[self._measured :]
        self._measured = len(self._data)
        self._size += sum(map(len, fresh)) + len(fresh)
        many = max(0, self._measured - SHORT)
        if self._size + self._pending_size + many * POINTER > self._limit + SLACK:
            self.is_too_large = True
            self._data.clear()
            self._pending.clear()
