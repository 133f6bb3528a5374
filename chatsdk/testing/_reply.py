"""What a test wants answered. Values only: nothing here knows the request, nothing waits.

Reply
├── Said      words and calls of a model; `_render` gives them the form the request asks for
├── Whole     a status, headers and a body, sent as they are
├── Pieces    a status, headers and pieces of a body, each sent by itself
└── Cut       the end of the connection
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, Self

import msgspec

from . import _tokens

Headers = Mapping[str, str | None]
"""Headers beside the API's usual ones, or instead of them; `None` leaves a usual one out."""


class Gate(Protocol):
    """Something to wait for, such as an `asyncio.Event`: a test holds an answer back without sleeping."""

    def wait(self) -> Awaitable[object]: ...


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer to be given, made by one of the methods below."""

    headers: Headers = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()

    def after(self, gate: Gate) -> Self:
        """The same reply, of which nothing is sent before the gate opens: `.after(asyncio.Event())` is never."""
        return replace(self, gates=(*self.gates, gate))

    @staticmethod
    def text(
        text: str | Sequence[str | Gate],
        *,
        finish_reason: str = "stop",
        reasoning: str | None = None,
        headers: Headers | None = None,
    ) -> Said:
        """The model says this. A stream has a chunk for each word, or for each piece if a sequence is given.

        A gate among the pieces holds back what follows it (all of it, in a one-shot answer):
        `Reply.text(["Hel", event, "lo"])`.
        """
        content = _tokens.split(text) if isinstance(text, str) else tuple(text)
        choice = Choice(content=content, reasoning=reasoning, finish_reason=finish_reason)
        return Said(alternatives=(choice,), headers=headers or {})

    @staticmethod
    def refusal(text: str, *, headers: Headers | None = None) -> Said:
        """The model declines with these words."""
        return Said(alternatives=(Choice(refusal=text, finish_reason="stop"),), headers=headers or {})

    @staticmethod
    def tool_call(name: str, arguments: Arguments, *, headers: Headers | None = None) -> Said:
        """The model calls one tool. A `str` is sent as it is, be it JSON or not."""
        return Reply.tool_calls([(name, arguments)], headers=headers)

    @staticmethod
    def tool_calls(
        calls: Iterable[Call | tuple[str, Arguments]],
        *,
        text: str | None = None,
        headers: Headers | None = None,
    ) -> Said:
        """The model calls several tools, each a name and its arguments, perhaps with a few words before."""
        made = tuple(call if isinstance(call, Call) else Call.function(*call) for call in calls)
        content = None if text is None else _tokens.split(text)
        return Said(
            alternatives=(Choice(content=content, calls=made, finish_reason="tool_calls"),), headers=headers or {}
        )

    @staticmethod
    def custom_call(name: str, text: str, *, headers: Headers | None = None) -> Said:
        """The model calls a custom tool with this input."""
        return Reply.tool_calls([Call(name, text, "custom")], headers=headers)

    @staticmethod
    def choices(*replies: Said) -> Said:
        """Different choices for `n` > 1, one from each reply. Without it, all `n` choices are alike."""
        return Said(alternatives=tuple(reply.alternatives[0] for reply in replies), headers=replies[0].headers)

    @staticmethod
    def error(
        status: int,
        message: str,
        *,
        type: str | None = None,
        code: str | None = None,
        param: str | None = None,
        headers: Headers | None = None,
    ) -> Whole:
        """The API's error object. Without a `type` it gets the one the API mostly gives with that status."""
        usual = "server_error" if status >= 500 else "requests" if status == 429 else "invalid_request_error"
        error = {"message": message, "type": type or usual, "param": param, "code": code}
        return Reply.json({"error": error}, status=status, headers=headers)

    @staticmethod
    def json(body: Any, *, status: int = 200, headers: Headers | None = None) -> Whole:
        """This body, whatever was asked: bytes as they are, anything else encoded."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return Whole(status=status, body=encoded, headers=headers or {})

    @staticmethod
    def sse(
        pieces: Iterable[bytes | str | Mapping[str, Any] | Gate],
        *,
        status: int = 200,
        headers: Headers | None = None,
        disconnect: bool = False,
    ) -> Pieces:
        """This stream, whatever was asked, one write for each piece.

        Bytes and text are sent as they are, a mapping as one event; a gate holds back what follows it, and
        gates are the only way to be sure of what a client reads together. The head is sent before anything
        else. `disconnect` cuts the connection after the last piece, within the body's framing.
        """
        raw = tuple(_encode_piece(piece) for piece in pieces)
        return Pieces(status=status, pieces=raw, hang_up=disconnect, headers=headers or {})

    @staticmethod
    def disconnect() -> Cut:
        """The connection ends without an answer."""
        return Cut()


@dataclass(frozen=True)
class Call:
    """A tool call; `arguments` is the text that is sent, a custom tool's input included."""

    name: str
    arguments: str
    type: Literal["function", "custom"] = "function"

    @staticmethod
    def function(name: str, arguments: Arguments) -> Call:
        """A function's call."""
        text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
        return Call(name, text)


Arguments = Mapping[str, Any] | str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the `n` answers. `content` is in the pieces in which a stream gives it."""

    content: tuple[str | Gate, ...] | None = None
    reasoning: str | None = None
    refusal: str | None = None
    calls: tuple[Call, ...] = ()
    finish_reason: str

    @property
    def words(self) -> tuple[str, ...]:
        """The content's pieces without gates."""
        return tuple(piece for piece in self.content or () if isinstance(piece, str))

    @property
    def content_gates(self) -> tuple[Gate, ...]:
        """The gates within the content."""
        return tuple(piece for piece in self.content or () if not isinstance(piece, str))


@dataclass(frozen=True, kw_only=True)
class Said(Reply):
    """What a model says: choice 0 is the first alternative, choice 1 the second, and round again.

    `model` is the name the model gives itself, if not the one that was asked for.
    """

    alternatives: tuple[Choice, ...]
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class Whole(Reply):
    """A response with its body."""

    status: int = 200
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Pieces(Reply):
    """A response whose body comes in pieces, `paced` ones at the server's pace; `hang_up` leaves its end out."""

    status: int = 200
    pieces: tuple[bytes | Gate, ...]
    hang_up: bool = False
    paced: bool = False


@dataclass(frozen=True, kw_only=True)
class Cut(Reply):
    """No response."""


def sse_event(payload: Mapping[str, Any]) -> bytes:
    """A server-sent event that holds this JSON."""
    return b"data: %b\n\n" % msgspec.json.encode(payload)


def _encode_piece(piece: bytes | str | Mapping[str, Any] | Gate) -> bytes | Gate:
    if isinstance(piece, str):
        return piece.encode()
    return sse_event(piece) if isinstance(piece, Mapping) else piece


def check_reply(made: object) -> Said | Whole | Pieces | Cut:
    """The same, if it is a reply. TypeError if not."""
    if isinstance(made, Said | Whole | Pieces | Cut):
        return made
    raise TypeError(f"a Reply is made by one of its methods, such as Reply.text; this is {made!r}")
