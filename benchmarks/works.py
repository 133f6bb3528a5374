"""What is measured: the list of works, each a value that server, worker and report read the same way.

A work is named in the request's path, so any client can be sent to it by its base URL alone.
"""

import msgspec

from benchmarks import workloads
from benchmarks.rows import AT_ONCE, FLOOR, Kind, Messages, Row

_SEED = 20260317
_ANSWER_TOKENS = 150
_LIGHT = (FLOOR, "chatsdk")
_OPENAI = (*_LIGHT, "openai")
_CALLS = ("call", "batch")


class Work(msgspec.Struct, frozen=True):
    """One thing to do, `asks` times over in each of `processes`; CPU time is divided by the `units` of all.

    A batch is asked once, and has as many lines as `asks` says.
    `per_packet` events go into one HTTP chunk. With a `pace` each HTTP chunk is a write of its own, that many
    microseconds after the last, so that a client quicker than the pace wakes and reads once for each: tokens
    as they come. Pace 0 is the whole body in one write: the backlog of a client that was busy elsewhere, read
    as fast as it can. `clients` are beginnings of the names of the rows that do it; `is_full` works take
    minutes or gigabytes, and are done only where they are asked for.
    """

    name: str
    title: str
    kind: Kind
    asks: int
    peer_asks: int
    chunks: int = 0
    per_packet: int = 0
    pace: int = 0
    in_flight: int = 1
    processes: int = 1
    body: str = "text"
    tokens: int = _ANSWER_TOKENS
    prompt: str = "hello"
    clients: tuple[str, ...] = ("",)
    is_full: bool = False

    @property
    def unit(self) -> str:
        return {"call": "call", "batch": "call", "first": "stream", "held": "stream"}.get(self.kind, "chunk")

    @property
    def packets(self) -> int:
        return -(-self.chunks // self.per_packet) if self.per_packet else 0

    @property
    def expected(self) -> str:
        if self.kind in _CALLS:
            return workloads.completion_text(_SEED, self.tokens)
        return workloads.BODIES[self.body].answer(_SEED, self.chunks)

    @property
    def messages(self) -> Messages:
        return workloads.messages(self.prompt)

    @property
    def least_request(self) -> int:
        """Bytes; the server takes no request that is smaller."""
        return workloads.PROMPTS[self.prompt]

    @property
    def waits(self) -> bool:
        """Whether a client has to wait for the server however quick that is."""
        return bool(self.pace) or (self.kind == "call" and self.in_flight == 1)

    @property
    def is_watched(self) -> bool:
        """Whether memory is told, for each unit."""
        return self.kind in ("held", "batch")

    def is_done_by(self, row: Row) -> bool:
        return row.kind == self.kind and row.name.startswith(self.clients)

    def asks_of(self, row: Row) -> int:
        return self.peer_asks if row.is_peer else self.asks

    def units(self, asks: int) -> int:
        """In one process."""
        return asks * (self.chunks if self.unit == "chunk" else 1)

    @property
    def path(self) -> str:
        """The path that asks the server for this work."""
        if self.kind in _CALLS:
            return f"/call/{_SEED}/{self.tokens}/{self.least_request}"
        return f"/stream/{self.body}/{_SEED}/{self.chunks}/{self.per_packet}/{self.pace}"


def _held(streams: int, pace: int, *, is_full: bool = False) -> Work:
    """Six chunks each, the first at once; the last comes when all have long been opened."""
    title = f"{streams:,} streams held open"
    name = f"held-{streams}"
    return Work(name, title, "held", streams, streams, 6, 1, pace, streams, clients=_OPENAI, is_full=is_full)


def _length(name: str, chunks: int, asks: int, *, is_full: bool = False) -> Work:
    title = f"stream of {chunks:,} chunks, 64 per packet, in one burst"
    return Work(name, title, "stream", asks, 1, chunks, 64, clients=(FLOOR, "chatsdk chunks"), is_full=is_full)


def _items(name: str, items: int, asks: int, *, clients: tuple[str, ...] = ("",), is_full: bool = False) -> Work:
    """openai reads all that has come anew with each chunk: 2,000 items take it 12 s, 32,000 would take half an hour."""
    title = f"a list of {items:,} items read as a type while it comes, 64 chunks per packet, in one burst"
    chunks = workloads.chunks_of_items(items)
    return Work(name, title, "items", asks, 1, chunks, 64, body="items", clients=clients, is_full=is_full)


def _batch(name: str, lines: int) -> Work:
    title = f"a batch of {lines:,} lines, {AT_ONCE} at a time"
    return Work(name, title, "batch", lines, lines, in_flight=AT_ONCE, clients=_LIGHT)


# The paces: quick enough to be a hard day for a model (2,000 tokens a second), slow enough for every client
# but those that need more than 400 us for 64 chunks; the report tells how many packets each read brought.
WORKS = (
    Work("stream-1", "stream, 1 chunk per packet, as they come", "stream", 1, 1, 600, 1, pace=500),
    Work("stream-1-burst", "stream, 1 chunk per packet, in one burst", "stream", 10, 1, 2400, 1),
    Work("stream-8", "stream, 8 chunks per packet, as they come", "stream", 3, 1, 1280, 8, pace=400),
    Work("stream-64", "stream, 64 chunks per packet, as they come", "stream", 8, 1, 2560, 64, pace=400),
    Work(
        "padded-64", "the same, each chunk padded", "stream", 8, 1, 2560, 64, pace=400, body="padded", clients=_OPENAI
    ),
    _length("length-100", 100, 200),
    _length("length-10k", 10_000, 2),
    _length("length-1M", 1_000_000, 1, is_full=True),
    Work("logprobs", "stream with the top 20 of each token, in one burst", "logprobs", 3, 1, 800, 8, body="logprobs"),
    Work("tools-10MB", "tool arguments of 10 MB, 32 bytes a chunk", "tools", 1, 1, 312_502, 64, body="tools"),
    _items("items-1k", 1000, 4),
    _items("items-2k", 2000, 2, is_full=True),
    _items("items-32k", 32_000, 1, clients=_LIGHT),
    Work("first", "short stream; time to its first token", "first", 200, 60, 10, 2, pace=200, body="first"),
    Work("call-1", "one-shot, one after another", "call", 300, 60),
    Work("call-100", "one-shot, 100 in flight", "call", 600, 200, in_flight=100),
    Work("call-100-x2", "the same in two processes", "call", 2000, 2000, in_flight=100, processes=2, clients=_LIGHT),
    Work("call-1000", "one-shot, 1,000 in flight", "call", 2000, 1000, in_flight=1000, clients=_OPENAI),
    _batch("batch-1k", 1000),
    _batch("batch-20k", 20_000),
    Work("prompt-1MB", "one-shot, prompt of 1 MB", "call", 30, 10, prompt="text-1MB", clients=_OPENAI),
    Work("image-20MB", "one-shot, image of 20 MB in the prompt", "call", 3, 2, prompt="image-20MB", clients=_OPENAI),
    Work("answer-5MB", "one-shot, answer of 5 MB", "call", 5, 3, tokens=1_240_000, clients=_OPENAI),
    _held(3_000, 1_000_000),
    _held(10_000, 4_000_000, is_full=True),
)


def shorter(work: Work) -> Work:
    """The same work in half the size, for a quick look; the request itself weighs double per chunk then."""
    if work.kind == "held":
        tenth = work.in_flight // 10
        return msgspec.structs.replace(work, asks=tenth, peer_asks=tenth, in_flight=tenth)
    asks, peer_asks = max(work.in_flight, work.asks // 2), max(work.in_flight, work.peer_asks // 2)
    return msgspec.structs.replace(work, asks=asks, peer_asks=peer_asks, chunks=work.chunks // 2)


def tiny(work: Work) -> Work:
    """Just enough of the same kind to have all code imported and warm, and a full pool settled.

    After opening 100 connections the pool of httpx takes 16 ms of CPU per call, not 2, for some 300 calls.
    """
    in_flight = 1 if work.kind == "held" else work.in_flight
    asks = 1 if in_flight == 1 else min(4 * in_flight, 1000)
    chunks = min(work.chunks, 64)
    return msgspec.structs.replace(work, asks=asks, peer_asks=asks, in_flight=in_flight, chunks=chunks, pace=0)
