"""Messages of a request, one Struct for each role.

Source: the `ChatCompletionRequest*Message` schemas of the API's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from ._base import UNSET, OrDict, Request, UnsetType
from .content import AssistantPart, TextPart, UserPart
from .tool import CalledFunction, ToolCallParam

Texts = Annotated[Sequence[OrDict[TextPart]], Meta(min_length=1)]


class DeveloperMessage(Request, frozen=True, tag_field="role", tag="developer"):
    """Instructions of the developer; replaces `system` for reasoning models."""

    content: str | Texts
    name: str | UnsetType = UNSET


class SystemMessage(Request, frozen=True, tag_field="role", tag="system"):
    """Instructions to the model."""

    content: str | Texts
    name: str | UnsetType = UNSET


class UserMessage(Request, frozen=True, tag_field="role", tag="user"):
    """What the user says or shows."""

    content: str | Annotated[Sequence[OrDict[UserPart]], Meta(min_length=1)]
    name: str | UnsetType = UNSET


class AudioReference(Request, frozen=True):
    """An earlier spoken answer, named by its id."""

    id: str


class AssistantMessage(Request, frozen=True, tag_field="role", tag="assistant"):
    """An earlier answer of the model. Without `content` it has to hold tool calls, a function call or audio.

    The members of reasoning are not of the API: servers that sent them may want them back.
    """

    content: str | Annotated[Sequence[OrDict[AssistantPart]], Meta(min_length=1)] | None | UnsetType = UNSET
    refusal: str | None | UnsetType = UNSET
    name: str | UnsetType = UNSET
    audio: OrDict[AudioReference] | None | UnsetType = UNSET
    tool_calls: Sequence[OrDict[ToolCallParam]] | UnsetType = UNSET
    function_call: OrDict[CalledFunction] | None | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    reasoning_details: Sequence[Mapping[str, Any]] | UnsetType = UNSET
    thinking_blocks: Sequence[Mapping[str, Any]] | UnsetType = UNSET


class ToolMessage(Request, frozen=True, tag_field="role", tag="tool"):
    """The result of a tool call."""

    content: str | Texts
    tool_call_id: str


class FunctionMessage(Request, frozen=True, tag_field="role", tag="function"):
    """The result of a function call. Deprecated by the API in favour of `ToolMessage`."""

    name: str
    content: str | None


RequestMessage = DeveloperMessage | SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage
"""A message of a request, told apart by `role`."""
