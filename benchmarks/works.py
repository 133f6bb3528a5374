"""What is measured: the list of works, each a value that server, worker and report read the same way.

A work is named in the request's path, so any client can be sent to it by its base URL alone.
"""

from typing import Literal

import msgspec

from benchmarks import workloads
from benchmarks.rows import Row

_SEED = 20260317
_ANSWER_TOKENS = 150


class Work(msgspec.Struct, frozen=True):
    """One thing to do, `asks` times over; CPU time is divided by `units`.

    `per_packet` events go into one HTTP chunk. With a `pace` each HTTP chunk is a write of its own, that many
    microseconds after the last, so that a client quicker than the pace wakes and reads once for each: tokens
    as they come. Pace 0 is the whole body in one write: the backlog of a client that was busy elsewhere, read
    as fast as it can.
    """

    name: str
    title: str
    kind: Literal["stream", "call"]
    asks: int
    peer_asks: int
    chunks: int = 0
    per_packet: int = 0
    pace: int = 0
    in_flight: int = 1

    @property
    def unit(self) -> str:
        return "chunk" if self.kind == "stream" else "call"

    @property
    def packets(self) -> int:
        return -(-self.chunks // self.per_packet) if self.kind == "stream" else 0

    @property
    def expected(self) -> str:
        if self.kind == "stream":
            return workloads.stream_text(_SEED, self.chunks)
        return workloads.completion_text(_SEED, _ANSWER_TOKENS)

    @property
    def waits(self) -> bool:
        """Whether a client has to wait for the server however quick that is."""
        return bool(self.pace) or (self.kind == "call" and self.in_flight == 1)

    def asks_of(self, row: Row) -> int:
        return self.peer_asks if row.is_peer else self.asks

    def units(self, asks: int) -> int:
        return asks * (self.chunks if self.kind == "stream" else 1)

    @property
    def path(self) -> str:
        """The path that asks the server for this work."""
        if self.kind == "stream":
            return f"/stream/{_SEED}/{self.chunks}/{self.per_packet}/{self.pace}"
        return f"/call/{_SEED}/{_ANSWER_TOKENS}"


# The paces: quick enough to be a hard day for a model (2,000 tokens a second), slow enough for every client
# but those that need more than 400 us for 64 chunks; the report tells how many packets each read brought.
WORKS = (
    Work("stream-1", "stream, 1 chunk per packet, as they come", "stream", 1, 1, 600, 1, pace=500),
    Work("stream-1-burst", "stream, 1 chunk per packet, in one burst", "stream", 10, 1, 2400, 1),
    Work("stream-64", "stream, 64 chunks per packet, as they come", "stream", 8, 1, 2560, 64, pace=400),
    Work("call-1", "one-shot, one after another", "call", 300, 60),
    Work("call-100", "one-shot, 100 in flight", "call", 600, 200, in_flight=100),
)


def shorter(work: Work) -> Work:
    """The same work in half the size, for a quick look; the request itself weighs double per chunk then."""
    asks, peer_asks = max(work.in_flight, work.asks // 2), max(work.in_flight, work.peer_asks // 2)
    return msgspec.structs.replace(work, asks=asks, peer_asks=peer_asks, chunks=work.chunks // 2)


def tiny(work: Work) -> Work:
    """Just enough of the same kind to have all code imported and warm, and a full pool settled.

    After opening 100 connections the pool of httpx takes 16 ms of CPU per call, not 2, for some 300 calls.
    """
    asks = 1 if work.in_flight == 1 else 4 * work.in_flight
    return msgspec.structs.replace(work, asks=asks, peer_asks=asks, chunks=min(work.chunks, 64), pace=0)
