"""Tools offered to the model, the choice among them, and calls as a request repeats them.

Source: `ChatCompletionTool`, `CustomToolChatCompletions`, `ChatCompletionToolChoiceOption`,
`ChatCompletionMessageToolCalls` and the deprecated function schemas of the API's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from ._base import UNSET, OrDict, Request, UnsetType


class FunctionDefinition(Request, frozen=True):
    """A function the model may call; `parameters` is a JSON Schema, `strict` makes the model keep to it."""

    name: str
    description: str | UnsetType = UNSET
    parameters: Mapping[str, Any] | UnsetType = UNSET
    strict: bool | None | UnsetType = UNSET


class FunctionTool(Request, frozen=True, tag_field="type", tag="function"):
    """A tool whose input is JSON."""

    function: OrDict[FunctionDefinition]


class TextFormat(Request, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="text"):
    """Free text."""


class Grammar(Request, frozen=True):
    """A grammar in Lark's or a regular expression's notation."""

    definition: str
    syntax: Literal["lark", "regex"]


class GrammarFormat(Request, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="grammar"):
    """Text that a grammar allows."""

    grammar: OrDict[Grammar]


class CustomDefinition(Request, frozen=True):
    """A tool whose input is text, free unless `format` says otherwise."""

    name: str
    description: str | UnsetType = UNSET
    format: OrDict[TextFormat | GrammarFormat] | UnsetType = UNSET


class CustomTool(Request, frozen=True, tag_field="type", tag="custom"):
    """A tool whose input is text."""

    custom: OrDict[CustomDefinition]


class NamedTool(Request, frozen=True):
    """The name of a tool."""

    name: str


class NamedFunctionChoice(Request, frozen=True, tag_field="type", tag="function"):
    """Call this function."""

    function: OrDict[NamedTool]


class NamedCustomChoice(Request, frozen=True, tag_field="type", tag="custom"):
    """Call this custom tool."""

    custom: OrDict[NamedTool]


class AllowedTools(Request, frozen=True):
    """A part of `tools`, each named as `{"type": "function", "function": {"name": ...}}`."""

    mode: Literal["auto", "required"]
    tools: Sequence[Mapping[str, Any]]


class AllowedToolsChoice(Request, frozen=True, tag_field="type", tag="allowed_tools"):
    """Choose among some of the tools, without changing `tools` and so keeping the prompt cache."""

    allowed_tools: OrDict[AllowedTools]


ToolParam = FunctionTool | CustomTool
"""A tool offered to the model."""

if TYPE_CHECKING:

    class Callee(Protocol):
        """What knows how it stands in a request: a `chatsdk.Tool`."""

        @property
        def param(self) -> ToolParam: ...

    OfferedTool: TypeAlias = OrDict[ToolParam] | Callee | Callable[..., Any]
else:
    OfferedTool = ToolParam
"""What the client's methods take for a tool: functions too, which are `ToolParam`s before anything is encoded."""

ToolChoice: TypeAlias = (
    Literal["none", "auto", "required"] | OrDict[AllowedToolsChoice | NamedFunctionChoice | NamedCustomChoice]
)
"""Whether and which tools are to be called."""


class CalledFunction(Request, frozen=True):
    """A function and the JSON text of its arguments."""

    name: str
    arguments: str


class FunctionCallParam(Request, frozen=True, tag_field="type", tag="function"):
    """A function call of an earlier answer."""

    id: str
    function: OrDict[CalledFunction]
    extra_content: Mapping[str, Any] | UnsetType = UNSET


class CalledCustom(Request, frozen=True):
    """A custom tool and the text it was given."""

    name: str
    input: str


class CustomCallParam(Request, frozen=True, tag_field="type", tag="custom"):
    """A custom tool's call of an earlier answer."""

    id: str
    custom: OrDict[CalledCustom]


ToolCallParam = FunctionCallParam | CustomCallParam
"""A call of an earlier answer."""


class LegacyFunction(Request, frozen=True):
    """An entry of the deprecated `functions`."""

    name: str
    description: str | UnsetType = UNSET
    parameters: Mapping[str, Any] | UnsetType = UNSET
