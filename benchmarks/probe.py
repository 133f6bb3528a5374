"""Is the server the slow side? What it can do for a bare socket, and how busy that keeps it.

The socket reads and throws away, so these numbers are the server's ceiling: where its wall time per unit is
far below F's CPU time, no client was kept waiting. Paced streams are slow on purpose; there the wall time per
packet says how far a write falls behind the pace. Calls one after another wait for each other anyway.
"""

import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from benchmarks.works import Work

_END_OF_STREAM = b"\r\n0\r\n\r\n"


class Ceiling(msgspec.Struct):
    """The server alone: microseconds of its CPU and of wall time per unit (paced works: per packet)."""

    work: str
    unit: str
    waits: bool
    cpu: float
    wall: float


def ceiling(port: int, work: Work) -> Ceiling:
    """Drains the work's answers through as many sockets as it has requests in flight."""
    body = b" " * (work.least_request + 2)
    head = f"POST {work.path}/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    turns = max(1, (1 if work.pace else work.asks) // work.in_flight)
    with ExitStack() as stack:
        connect = socket.create_connection
        sockets = [stack.enter_context(connect(("127.0.0.1", port))) for _ in range(work.in_flight)]
        _turn(sockets, request)  # builds the answer
        before, start = _busy(port), time.perf_counter()
        for _ in range(turns):
            _turn(sockets, request)
        wall, cpu = time.perf_counter() - start, _busy(port) - before
    asks = turns * work.in_flight
    units = asks * work.packets if work.pace else work.units(asks)
    unit = "packet" if work.pace else work.unit
    return Ceiling(work.name, unit, work.waits, cpu / units * 1e6, wall / units * 1e6)


def _turn(sockets: Sequence[socket.socket], request: bytes) -> None:
    for each in sockets:
        each.sendall(request)
    for each in sockets:
        _drain(each)


def _busy(port: int) -> float:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /busy HTTP/1.1\r\nhost: bench\r\n\r\n")
        return float(_drain(connection))


def _drain(connection: socket.socket) -> bytes:
    """Reads one answer to its end and gives back a body that came with a length."""
    data = connection.recv(1 << 20)
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 20)
    head, _, body = data.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head:
        while not body.endswith(_END_OF_STREAM):
            body = body[-len(_END_OF_STREAM) :] + connection.recv(1 << 20)
        return b""
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(1 << 20)
    return body
