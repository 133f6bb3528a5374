"""Server-sent events out of bytes that come in pieces of any size.

Source: WHATWG HTML, 9.2.6 "Interpreting an event stream". Three things differ on purpose. Bytes stay bytes: what
is done about bad UTF-8 is for the reader of the event to say. A field `error`, which some servers send where
`data` belongs, makes an event of that name. And the last event counts although no blank line follows it.

An event comes only where a `data` line was; every byte is looked at a fixed number of times, however the bytes
are cut.
"""

from __future__ import annotations

from msgspec import Struct

BOM = b"\xef\xbb\xbf"


class ServerEvent(Struct, frozen=True, gc=False):
    """The lines of `data`, joined by newlines, and the event's name (`""` is the usual: none)."""

    data: bytes
    name: str = ""


def encode_event(data: bytes, name: str = "") -> bytes:
    """An event of this data, a line for each of its lines."""
    head = f"event: {name}\n".encode() if name else b""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return head + b"".join(b"data: %b\n" % line for line in lines) + b"\n"


class SSEDecoder:
    """`feed` it bytes and get the events they complete; `finish` tells it that no more come."""

    __slots__ = ("_after_cr", "_at_start", "_data", "_name", "_pending")

    def __init__(self) -> None:
        self._pending: list[bytes] = []  # pieces of the line that has not ended yet
        self._data: list[bytes] = []
        self._name = ""
        self._at_start = True
        self._after_cr = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that these bytes complete, in order."""
        if self._after_cr or b"\r" in data:
            data = self._unify_newlines(data)
        lines = data.split(b"\n")
        rest = lines.pop()
        if not lines:
            if rest:
                self._pending.append(rest)
            return []
        if self._pending:
            self._pending.append(lines[0])
            lines[0] = b"".join(self._pending)
            self._pending.clear()
        if rest:
            self._pending.append(rest)
        if self._at_start:
            self._at_start = False
            lines[0] = lines[0].removeprefix(BOM)
        events: list[ServerEvent] = []
        for line in lines:
            if line:
                self._read_field(line)
            else:
                self._dispatch(events)
        return events

    def finish(self) -> list[ServerEvent]:
        """The event that the end of the stream cut off, if there is one."""
        events = self.feed(b"\n") if self._pending else []
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
            events.append(ServerEvent(data, self._name))
            self._data.clear()
        self._name = ""
