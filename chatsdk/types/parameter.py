"""The structured values of single request parameters: output formats, audio, search, caching, moderation.

Source: the schemas that `CreateChatCompletionRequest` refers to in the API's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from ._base import UNSET, OrDict, Request, UnsetType
from .content import TextPart


class ResponseFormatText(Request, frozen=True, tag_field="type", tag="text"):
    """Plain text, the API's default."""


class ResponseFormatJSONObject(Request, frozen=True, tag_field="type", tag="json_object"):
    """Any JSON object; the prompt has to ask for JSON too."""


class JSONSchema(Request, frozen=True):
    """A named JSON Schema; `strict` makes the model keep to it exactly."""

    name: str
    description: str | UnsetType = UNSET
    schema: Mapping[str, Any] | UnsetType = UNSET
    strict: bool | None | UnsetType = UNSET


class ResponseFormatJSONSchema(Request, frozen=True, tag_field="type", tag="json_schema"):
    """JSON after a schema."""

    json_schema: OrDict[JSONSchema]


ResponseFormat = ResponseFormatText | ResponseFormatJSONSchema | ResponseFormatJSONObject
"""The form of the answer."""


class CustomVoice(Request, frozen=True, forbid_unknown_fields=True):
    """A voice of one's own, by its id."""

    id: str


class AudioOutput(Request, frozen=True):
    """How a spoken answer sounds; goes with `modalities=["text", "audio"]`."""

    voice: str | OrDict[CustomVoice]
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]


class Prediction(Request, frozen=True, tag_field="type", tag="content"):
    """Text that the answer will mostly repeat, such as a file being edited."""

    content: str | Annotated[Sequence[OrDict[TextPart]], Meta(min_length=1)]


class StreamOptions(Request, frozen=True):
    """What a stream holds beside its tokens."""

    include_usage: bool | UnsetType = UNSET
    include_obfuscation: bool | UnsetType = UNSET


class ApproximateLocation(Request, frozen=True):
    """Where the user is, roughly: ISO 3166-1 country, free-text region and city, IANA time zone."""

    country: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET


class UserLocation(Request, frozen=True, tag_field="type", tag="approximate"):
    """The place that search results should suit."""

    approximate: OrDict[ApproximateLocation]


class WebSearchOptions(Request, frozen=True):
    """How a search model searches."""

    user_location: OrDict[UserLocation] | None | UnsetType = UNSET
    search_context_size: Literal["low", "medium", "high"] | UnsetType = UNSET


class PromptCacheOptions(Request, frozen=True):
    """How the prompt is cached: by the API's own guess or at explicit breakpoints, and how long."""

    mode: Literal["implicit", "explicit"] | UnsetType = UNSET
    ttl: Literal["30m"] | UnsetType = UNSET


class ModerationRule(Request, frozen=True):
    """Only score, or block what is flagged."""

    mode: Literal["score", "block"]


class ModerationPolicy(Request, frozen=True):
    """One rule for what goes in and one for what comes out."""

    input: OrDict[ModerationRule] | None | UnsetType = UNSET
    output: OrDict[ModerationRule] | None | UnsetType = UNSET


class ModerationOptions(Request, frozen=True):
    """Moderation in the same call."""

    model: str
    policy: OrDict[ModerationPolicy] | None | UnsetType = UNSET
