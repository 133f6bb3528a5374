"""What a server does wrong, as values: a fault is a script of steps. Pure: nothing here waits or has a socket.

Step
├── Read      the request, or a part of it           ├── Pause     wait, and hear if the client leaves
├── Send      bytes                                  ├── Deaf      wait, and read nothing
├── Drip      bytes, a few at a time                 ├── Stall     nothing more, until the client leaves
├── Repeat    bytes, again and again                 ├── Reset     the connection, by RST
├── Good      a good answer, or a part of one        └── Close     the connection, by FIN
└── Respond   whatever steps the request asks for

`POINTS` are the places of an exchange at which something may happen; `_fault_table` names what does.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ._http import Place, head
from ._reply import Reply
from ._request import RecordedRequest

Point = Literal[
    "at_accept",
    "in_request",
    "before_head",
    "in_head",
    "after_head",
    "in_body",
    "after_finish",
    "after_done",
]
"""A place of an exchange. `in_request`: the request's head has come; `in_body`: the client has half of the text."""

POINTS: tuple[Point, ...] = Point.__args__  # type: ignore[attr-defined]

Certificate = Literal["good", "expired", "wrong_host", "self_signed", "untrusted"]

Answer = Callable[[RecordedRequest], "Iterable[Step] | AsyncGenerator[Step, None]"]


@dataclass(frozen=True)
class Step:
    """One thing that a server does, made by one of the methods below."""

    @staticmethod
    def read(body: int | None = None) -> Step:
        """Wait for the request: its head and at least so many bytes of its body, or all of it."""
        return Read(body)

    @staticmethod
    def send(data: bytes) -> Step:
        """Write these bytes."""
        return Send(data)

    @staticmethod
    def drip(data: bytes, *, size: int = 1, every: float = 0.01) -> Step:
        """Write these bytes, `size` of them at a time and `every` so many seconds."""
        return Drip(data, size, every)

    @staticmethod
    def repeat(data: bytes, *, times: int | None = None, every: float = 0.0) -> Step:
        """Write these bytes again and again, without end or so many times, as fast as they are read or slower."""
        return Repeat(data, times, every)

    @staticmethod
    def good(*, until: Point | int | None = None, reply: Reply | None = None) -> Step:
        """A good answer, or what comes of it before a point or before so many bytes after its head.

        It is what `ChatServer` would send: the `reply`, or a few words of its own.
        """
        return Good(reply, until)

    @staticmethod
    def pause(seconds: float) -> Step:
        """Wait."""
        return Pause(seconds)

    @staticmethod
    def deaf(seconds: float) -> Step:
        """Wait, and read nothing: what the client sends fills the buffers in between, and then blocks it."""
        return Deaf(seconds)

    @staticmethod
    def stall() -> Step:
        """Do nothing more until the client leaves."""
        return Stall()

    @staticmethod
    def reset() -> Step:
        """End the connection by RST: what was sent may not arrive."""
        return Reset()

    @staticmethod
    def close(*, abrupt: bool = False, notify: bool = True) -> Step:
        """End the connection by FIN, and wait for the client to do so too; an `abrupt` end does not wait.

        Under TLS, `notify` says whether the end is announced (close_notify), so that it can be told from a cut.
        """
        return Close(abrupt, notify)

    @staticmethod
    def respond(answer: Answer) -> Step:
        """Do what `answer(request)` gives: steps, or an asynchronous generator of them."""
        return Respond(answer)


@dataclass(frozen=True)
class Fault:
    """The script of one exchange: of a new connection, or of the next request on one that the last script left open.

    On a server with TLS `certificate` is what it shows at the start of a connection; `None` is no handshake at all.
    """

    steps: tuple[Step, ...]
    certificate: Certificate | None = "good"

    @staticmethod
    def script(*steps: Step, certificate: Certificate | None = "good") -> Fault:
        """These steps and no others: not even the request is read."""
        return Fault(tuple(map(checked_step, steps)), certificate)

    @staticmethod
    def none(reply: Reply | None = None) -> Fault:
        """A good answer: the `reply`, or a few words."""
        return Fault.script(Read(None), Good(reply, None))

    @staticmethod
    def at(point: Point | int, *steps: Step, reply: Reply | None = None) -> Fault:
        """All is well up to a point, or up to so many bytes after the head of a good answer; then these steps."""
        if isinstance(point, str) and point not in POINTS:
            raise ValueError(f"{point!r} is none of {', '.join(POINTS)}")
        before: dict[Point | int, tuple[Step, ...]] = {"at_accept": (), "in_request": (Read(1),)}
        usual = (Read(None), *(() if point == "before_head" else (Good(reply, point),)))
        return Fault.script(*before.get(point, usual), *steps)

    @staticmethod
    def reset(point: Point | int) -> Fault:
        """The connection is reset at a point."""
        return Fault.at(point, Reset())

    @staticmethod
    def close(point: Point | int) -> Fault:
        """The connection is closed at a point."""
        return Fault.at(point, Close())

    @staticmethod
    def stall(point: Point | int) -> Fault:
        """Nothing more comes after a point."""
        return Fault.at(point, Stall())

    @staticmethod
    def drip(*, size: int = 1, every: float = 0.01) -> Fault:
        """A good answer, `size` bytes of it at a time and `every` so many seconds."""
        return Fault.script(Read(None), Good(None, None, size, every))

    @staticmethod
    def raw(*pieces: bytes | Step) -> Fault:
        """The request is read; then come these bytes, one write for each piece, and steps between them."""
        return Fault.script(Read(None), *(Send(piece) if isinstance(piece, bytes) else piece for piece in pieces))

    @staticmethod
    def answer(
        body: bytes = b"", *, status: int = 200, headers: Mapping[str, str | None] | None = None, cut: bool = False
    ) -> Fault:
        """The request is read; then comes an answer with this body and its length, and the connection stays open.

        The headers stand beside `content-type: application/json`, or instead of it; `None` takes one away.
        With `cut`, the connection ends one byte before the body does.
        """
        usual = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
        told = {name: value for name, value in usual.items() if value is not None}
        sent = Send(head(status, told) + body[: len(body) - cut])
        return Fault.script(Read(None), sent, *([Close()] if cut else []))


@dataclass(frozen=True)
class Read(Step):
    body: int | None


@dataclass(frozen=True)
class Send(Step):
    data: bytes


@dataclass(frozen=True)
class Drip(Step):
    data: bytes
    size: int
    every: float


@dataclass(frozen=True)
class Repeat(Step):
    data: bytes
    times: int | None
    every: float


@dataclass(frozen=True)
class Good(Step):
    reply: Reply | None
    until: Place | None
    size: int | None = None
    every: float = 0.0


@dataclass(frozen=True)
class Pause(Step):
    seconds: float


@dataclass(frozen=True)
class Deaf(Step):
    seconds: float


@dataclass(frozen=True)
class Stall(Step):
    pass


@dataclass(frozen=True)
class Reset(Step):
    pass


@dataclass(frozen=True)
class Close(Step):
    abrupt: bool = False
    notify: bool = True


@dataclass(frozen=True)
class Respond(Step):
    answer: Answer


def checked_step(made: object) -> Step:
    """The same, if it is a step. TypeError if not."""
    if isinstance(made, Step) and type(made) is not Step:
        return made
    raise TypeError(f"a Step is made by one of its methods, such as Step.send; this is {made!r}")
