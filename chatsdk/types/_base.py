"""What the Structs of the wire have in common. Requests are written strictly, replies are read leniently.

A request field defaults to `UNSET`, because absent, `null` and a value are three different things on the
wire and `None` can only say one of them. A reply field defaults to what a reader expects when a server leaves
it out, mostly `None`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .attempt import Attempt
from .rate_limit import RateLimitSnapshot

__all__ = ["UNSET", "Answer", "Carrier", "OrDict", "Reply", "Request", "UnsetType", "always", "read_object"]

T = TypeVar("T")

if TYPE_CHECKING:
    OrDict: TypeAlias = T | Mapping[str, Any]
else:

    class OrDict:
        """`OrDict[T]` is `T`, for type checkers also a plain dict of T's shape.

        msgspec reads a dict wherever a Struct is asked for, but allows no union that says so. And it takes a tag for
        optional where only one Struct can be meant: a second one, which nothing is, makes it required.
        """

        def __class_getitem__(cls, item: Any) -> Any:
            config = getattr(item, "__struct_config__", None)
            if config is None or config.tag is None:
                return item
            return item | msgspec.defstruct("Nothing", [], tag_field=config.tag_field, tag="\0")


class Request(Struct, frozen=True):
    """A part of a request."""


class Reply(Struct, frozen=True, omit_defaults=True):
    """A part of a reply. Unknown fields are passed over; an `Answer` keeps them in `raw`."""


def read_object(text: str) -> dict[str, Any] | None:
    """JSON text as an object, an empty one for no text; `None` for what is no object."""
    try:
        value = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def always(value: Any) -> Any:
    """A default for reading that is written all the same: `omit_defaults` never leaves out a factory's value.

    It is a value that nobody can change, or an empty list or dict. A type is called faster than a function, but with
    `list` and `dict` for factories empty ones are left out.
    """
    kind: Any = type(value)
    if kind in (list, dict):
        return msgspec.field(default_factory=lambda: kind())
    is_empty = kind in (str, int, type(None)) and value == kind()
    return msgspec.field(default_factory=kind if is_empty else lambda: value)


class Carrier(Reply, frozen=True, dict=True):
    """A part of a reply with facts beside it that are no part of it: equality compares the fields only.

    Copying and pickling keep them.
    """

    def __copy__(self) -> Self:
        copied: Self = super().__copy__()  # type: ignore[misc]
        copied.__dict__.update(self.__dict__)
        return copied

    def __reduce__(self) -> Any:
        return (*super().__reduce__(), dict(self.__dict__))


class Answer(Carrier, frozen=True):
    """A whole JSON document of a server, with what came beside it.

    `source` (the bytes) or `line` (that of a stream which has them), `head` (status and headers) and `attempts` are set
    by whoever got it.
    """

    @property
    def raw(self) -> dict[str, Any]:
        """The whole JSON as it came, unknown fields included; decoded anew on each access.

        An answer that was put together here (a stream's) gives its fields.
        """
        source = source_of(self)
        if source is None:
            fields: dict[str, Any] = msgspec.to_builtins(self)
            return fields
        try:
            decoded: dict[str, Any] = msgspec.json.decode(source)
        except (msgspec.DecodeError, UnicodeDecodeError):
            decoded = json.loads(source.decode("utf-8-sig", "replace"))  # it reads NaN and half a surrogate pair too
        return decoded

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in any case."""
        head = self.__dict__.get("head")
        return head.headers if head else {}

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, to be named in a complaint."""
        head = self.__dict__.get("head")
        return head.request_id if head else None

    @property
    def rate_limit(self) -> RateLimitSnapshot | None:
        """What the server said of its rate limits; `None` where it said nothing."""
        head = self.__dict__.get("head")
        return head.rate_limit if head else None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """What it took to get the answer; the last one succeeded."""
        attempts: tuple[Attempt, ...] = self.__dict__.get("attempts", ())
        return attempts


def source_of(answer: Answer) -> bytes | None:
    """The bytes that an answer came as; `None` for one that was put together here."""
    line, source = answer.__dict__.get("line"), answer.__dict__.get("source")
    return source if line is None else line[len("data: ") : -1]
