"""Content parts: what a message of a request is made of when plain text is not enough.

Source: the `ChatCompletionRequestMessageContentPart*` schemas of the API's OpenAPI document.
"""

from __future__ import annotations

from typing import Literal

from ._base import UNSET, OrDict, Request, UnsetType


class PromptCacheBreakpoint(Request, frozen=True, tag_field="mode", tag="explicit"):
    """Marks the end of a prefix worth caching; the API writes at most four per request."""


class TextPart(Request, frozen=True, tag_field="type", tag="text"):
    """Text."""

    text: str
    prompt_cache_breakpoint: OrDict[PromptCacheBreakpoint] | UnsetType = UNSET


class ImageURL(Request, frozen=True):
    """Where an image is: a web address or a data URI."""

    url: str
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


class ImagePart(Request, frozen=True, tag_field="type", tag="image_url"):
    """An image."""

    image_url: OrDict[ImageURL]
    prompt_cache_breakpoint: OrDict[PromptCacheBreakpoint] | UnsetType = UNSET


class InputAudio(Request, frozen=True):
    """Base64 of encoded sound."""

    data: str
    format: Literal["wav", "mp3"]


class AudioPart(Request, frozen=True, tag_field="type", tag="input_audio"):
    """Sound."""

    input_audio: OrDict[InputAudio]
    prompt_cache_breakpoint: OrDict[PromptCacheBreakpoint] | UnsetType = UNSET


class InputFile(Request, frozen=True):
    """A file: its bytes (`file_data`, a data URI) and name, or the id of an uploaded one."""

    filename: str | UnsetType = UNSET
    file_data: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class FilePart(Request, frozen=True, tag_field="type", tag="file"):
    """A file."""

    file: OrDict[InputFile]
    prompt_cache_breakpoint: OrDict[PromptCacheBreakpoint] | UnsetType = UNSET


class RefusalPart(Request, frozen=True, tag_field="type", tag="refusal"):
    """The words with which the assistant declined."""

    refusal: str


UserPart = TextPart | ImagePart | AudioPart | FilePart
"""What a user message may hold."""

AssistantPart = TextPart | RefusalPart
"""What an assistant message may hold."""
