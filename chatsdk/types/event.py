"""What happens in a stream, as `stream.events()` tells it: every event names its choice by `index`.

A `...Delta` adds a piece, as it comes. When the stream has ended as a whole one, choice by choice in order of index,
a `...Done` gives each whole and `Finished` is the choice's last event. A stream that fails has none of these.

A stream that runs tools tells the events of every turn, and `ToolStarted` and `ToolFinished` of the calls between them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from ._base import read_object
from .logprobs import TokenLogprob
from .response import ToolCall
from .usage import CompletionUsage


class TextDelta(Struct, frozen=True, tag=True, gc=False):
    """A piece of the content."""

    index: int
    text: str


class TextDone(Struct, frozen=True, tag=True):
    """The whole content."""

    index: int
    text: str


class ReasoningDelta(Struct, frozen=True, tag=True, gc=False):
    """A piece of what the model thinks before it answers."""

    index: int
    text: str


class RefusalDelta(Struct, frozen=True, tag=True, gc=False):
    """A piece of the words with which the model declines."""

    index: int
    text: str


class ToolCallDelta(Struct, frozen=True, tag=True, gc=False):
    """A piece of a tool call's arguments (a custom tool's input, a legacy `function_call`'s arguments).

    `position` counts the choice's calls from 0, in order of arrival. `id` is empty until the server has named one. Of a
    `function_call` beside tool calls nothing more is told: it says one of them again.
    """

    index: int
    position: int
    id: str
    name: str
    arguments: str


class ToolCallDone(Struct, frozen=True, tag=True):
    """A whole tool call; `arguments` is JSON text, a custom tool's input, or what the model made of it.

    `id` is made up where the server gave none, as for every legacy `function_call`.
    """

    index: int
    position: int
    id: str
    name: str
    arguments: str

    @property
    def parsed(self) -> dict[str, Any] | None:
        """The arguments as an object, an empty one for none; `None` where they are no JSON object."""
        return read_object(self.arguments)


class AudioDelta(Struct, frozen=True, tag=True, gc=False):
    """A piece of a spoken answer: `data` is base64."""

    index: int
    data: str
    transcript: str


class LogprobsDelta(Struct, frozen=True, tag=True):
    """The log probabilities of the tokens that just came."""

    index: int
    content: list[TokenLogprob]
    refusal: list[TokenLogprob]


class UsageUpdate(Struct, frozen=True, tag=True):
    """What the call has cost; where it comes more than once the last one holds."""

    usage: CompletionUsage


class Finished(Struct, frozen=True, tag=True):
    """A choice has ended, and why: the last reason that was given, `None` where none was."""

    index: int
    finish_reason: str | None


class ToolStarted(Struct, frozen=True, tag=True):
    """A tool is being run now; `call` is the model's, or what `before_tool` made of it.

    `turn` counts the answers of the model from 1, `position` the calls of the answer from 0, in order of arrival.
    """

    turn: int
    position: int
    call: ToolCall


class ToolFinished(Struct, frozen=True, tag=True):
    """A call has its answer: `content` is what the model is told, which `after_tool` may have changed.

    `error` is `None` where the tool gave a result. Else it is `refused`, `unknown tool` or `bad arguments`, for calls
    whose tool was not run and so never started; `timed out`; or the name of the exception's class. A call that the
    server changes after it was complete is answered anew, as one with `bad arguments`.
    """

    turn: int
    position: int
    call: ToolCall
    content: str
    error: str | None = None


Event: TypeAlias = (
    TextDelta
    | TextDone
    | ReasoningDelta
    | RefusalDelta
    | ToolCallDelta
    | ToolCallDone
    | AudioDelta
    | LogprobsDelta
    | UsageUpdate
    | Finished
)
"""Any of them."""

ToolEvent: TypeAlias = Event | ToolStarted | ToolFinished
"""What a stream that runs tools tells."""
