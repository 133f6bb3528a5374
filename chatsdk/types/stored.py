"""Stored completions and their messages: what listing, updating and deleting them gives.

Source: `ChatCompletionList`, `ChatCompletionMessageList` and `ChatCompletionDeleted` of the API's OpenAPI
document. A page keeps its items as JSON, so that each becomes an answer with a `raw` of its own.
"""

from __future__ import annotations

import msgspec

from ._base import Answer, Reply, always
from .response import Annotation, Audio, FunctionCall, ToolCall


class Page(Answer, frozen=True):
    """A page of a list; `last_id` is where the next one begins if `has_more`."""

    object: str = always("list")
    data: list[msgspec.Raw] = always([])
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool | None = None


class StoredImage(Reply, frozen=True):
    """Where an image of a stored message is."""

    url: str = always("")
    detail: str | None = None


class StoredPart(Reply, frozen=True):
    """A part of a stored message's content: text or image, as `type` says."""

    type: str = always("text")
    text: str | None = None
    image_url: StoredImage | None = None


class StoredMessage(Answer, frozen=True):
    """A message of a stored conversation, of any role."""

    id: str = always("")
    role: str = always("")
    content: str | None = always(None)
    refusal: str | None = None
    name: str | None = None
    content_parts: list[StoredPart] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    annotations: list[Annotation] | None = None
    audio: Audio | None = None
    function_call: FunctionCall | None = None


class Deleted(Answer, frozen=True):
    """The server's word that a stored completion or a model is gone."""

    id: str = always("")
    object: str = always("")
    deleted: bool = always(False)
