"""How far a run of tools has come, as a value: what it is continued from, also after it was saved as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

import msgspec
from msgspec import Struct

from ._protocol.wire import BYTES, UNENCODABLE, UNREADABLE, encode_json
from .errors import UsageError
from .types.message import RequestMessage
from .types.response import ChatCompletion, ToolCall
from .types.usage import CompletionUsage

if TYPE_CHECKING:
    AnyMessage: TypeAlias = RequestMessage | Mapping[str, Any]
else:
    AnyMessage = dict[str, Any]  # what saved ones are read as, before they become Structs


class ToolRun(Struct):
    """The whole conversation, with the tools' results, and what it took; a run that was ended can go on from it.

    `messages` is in request form, the model's last answer included; a dict in it becomes the Struct of its role where
    that loses nothing. `completion` is the last answer, `usage` the sum over the answers, `None` where no server told,
    and `turns` counts the answers.
    """

    messages: list[AnyMessage]
    completion: ChatCompletion | None = None
    usage: CompletionUsage | None = None
    turns: int = 0

    def __post_init__(self) -> None:
        self.messages = [settled(message) for message in self.messages]

    @property
    def text(self) -> str:
        """The text of the last answer, `""` where there is none."""
        return self.completion.text if self.completion else ""

    @property
    def pending(self) -> list[ToolCall]:
        """The calls with which the conversation ends that have no result yet."""
        return [call for _, call in open_calls(self.messages).calls]

    def to_json(self) -> bytes:
        """The run, as JSON that `from_json` reads. Raises `UsageError` for a message that has no JSON form."""
        return encode_json(self)

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """The run that was saved. Raises `UsageError` for what is none."""
        try:
            return msgspec.json.decode(data, type=cls)
        except UNREADABLE as error:
            raise UsageError(f"this is no saved run: {error}") from None


class OpenCalls(NamedTuple):
    """The calls of the last answer that have no result, each with its place in it; `at`: where the answer stands."""

    at: int
    calls: list[tuple[int, ToolCall]]


def open_calls(messages: Sequence[AnyMessage]) -> OpenCalls:
    """Those with which a conversation ends: after the answer that holds them come results only."""
    answered = set()
    for at in range(len(messages) - 1, -1, -1):
        message = plain(messages[at])
        if message.get("role") == "tool":
            answered.add(message.get("tool_call_id"))
            continue
        if message.get("role") != "assistant":
            break
        calls = read_calls(message.get("tool_calls"))
        return OpenCalls(at, [(place, call) for place, call in enumerate(calls) if call.id not in answered])
    return OpenCalls(len(messages), [])


def read_calls(told: Any) -> list[ToolCall]:
    """The tool calls that a message repeats. Raises `UsageError`."""
    try:
        return msgspec.convert(told or [], list[ToolCall])
    except msgspec.ValidationError as error:
        raise UsageError(f"the tool calls of the last answer are none: {error}") from None


def settled(message: AnyMessage) -> AnyMessage:
    """The message as the Struct of its role where that says all of it, else as plain values: the same after JSON."""
    if not isinstance(message, Struct | Mapping):
        return message  # to be refused when it is sent
    values = plain(message)
    try:
        struct: Any = msgspec.convert(values, RequestMessage)
    except UNENCODABLE:
        return values
    return struct if plain(struct) == values else values


def plain(message: Any) -> dict[str, Any]:
    """The message as dicts, lists and scalars; empty for what is no message at all."""
    try:
        values = listed(msgspec.to_builtins(message, builtin_types=BYTES, str_keys=True))
    except UNENCODABLE:
        values = dict(message) if isinstance(message, Mapping) else None  # to be refused when it is sent
    return values if isinstance(values, dict) else {}


def listed(value: Any) -> Any:
    """The value with lists for tuples, as JSON has it."""
    if isinstance(value, dict):
        return {name: listed(member) for name, member in value.items()}
    return [listed(member) for member in value] if isinstance(value, list | tuple) else value
