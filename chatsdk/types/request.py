"""The one list of request parameters. The client's methods take their signatures from it.

Source: `CreateChatCompletionRequest` of the API's OpenAPI document, whose bounds stand here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from ._base import UNSET, OrDict, Request, UnsetType
from .message import RequestMessage
from .parameter import (
    AudioOutput,
    ModerationOptions,
    Prediction,
    PromptCacheOptions,
    ResponseFormat,
    StreamOptions,
    WebSearchOptions,
)
from .tool import LegacyFunction, NamedTool, OfferedTool, ToolChoice

Messages = str | Annotated[Sequence[OrDict[RequestMessage]], Meta(min_length=1)]
"""What may be said to the model: one user message as text, or a sequence of messages."""

Penalty = Annotated[float, Meta(ge=-2, le=2)]


class Parameters(Request, frozen=True, kw_only=True):
    """What a request may hold beside its messages; each is described at its field."""

    model: str | UnsetType = UNSET
    """The model's id; a client's own `model` stands in where it is unset."""
    audio: OrDict[AudioOutput] | None | UnsetType = UNSET
    """Voice and format of a spoken answer; wants `modalities=["text", "audio"]`."""
    frequency_penalty: Penalty | None | UnsetType = UNSET
    """-2 to 2: above 0, tokens get less likely the more often they stood in the text."""
    function_call: Literal["none", "auto"] | OrDict[NamedTool] | UnsetType = UNSET
    """Deprecated by the API in favour of `tool_choice`."""
    functions: Annotated[Sequence[OrDict[LegacyFunction]], Meta(min_length=1, max_length=128)] | UnsetType = UNSET
    """Deprecated by the API in favour of `tools`."""
    logit_bias: Mapping[str, int] | None | UnsetType = UNSET
    """Token id to bias, -100 to 100, added before sampling."""
    logprobs: bool | None | UnsetType = UNSET
    """Whether each token comes with its log probability."""
    max_completion_tokens: int | None | UnsetType = UNSET
    """The most tokens to generate, those of reasoning included."""
    max_tokens: int | None | UnsetType = UNSET
    """Deprecated by the API in favour of `max_completion_tokens`; many other servers know only this one."""
    metadata: Mapping[str, str] | None | UnsetType = UNSET
    """Up to 16 pairs kept with a stored completion; keys up to 64, values up to 512 characters."""
    modalities: Sequence[Literal["text", "audio"]] | None | UnsetType = UNSET
    """The kinds of output wanted."""
    moderation: OrDict[ModerationOptions] | None | UnsetType = UNSET
    """Moderation of input and output in the same call."""
    n: Annotated[int, Meta(ge=1, le=128)] | None | UnsetType = UNSET
    """How many choices to generate, 1 to 128; each one is paid for."""
    parallel_tool_calls: bool | UnsetType = UNSET
    """Whether one answer may hold several tool calls."""
    prediction: OrDict[Prediction] | None | UnsetType = UNSET
    """Text that the answer will mostly repeat."""
    presence_penalty: Penalty | None | UnsetType = UNSET
    """-2 to 2: above 0, tokens that stood in the text at all get less likely."""
    prompt_cache_key: str | None | UnsetType = UNSET
    """Groups requests with a common prefix, for better cache hits."""
    prompt_cache_options: OrDict[PromptCacheOptions] | UnsetType = UNSET
    """How the prompt is cached."""
    prompt_cache_retention: Literal["in_memory", "24h"] | None | UnsetType = UNSET
    """Deprecated by the API in favour of `prompt_cache_options`."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None | UnsetType = UNSET
    """How much a reasoning model thinks first."""
    response_format: OrDict[ResponseFormat] | UnsetType = UNSET
    """Text, any JSON object, or JSON after a schema."""
    safety_identifier: Annotated[str, Meta(max_length=64)] | None | UnsetType = UNSET
    """A stable, hashed id of the end user, up to 64 characters, for abuse reports."""
    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None | UnsetType = UNSET
    """Deprecated by the API: equal seeds aim at equal answers."""
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None | UnsetType = UNSET
    """The processing class, which sets price and speed."""
    stop: str | Annotated[Sequence[str], Meta(min_length=1, max_length=4)] | None | UnsetType = UNSET
    """Up to four texts at which generation ends; they are not part of the answer."""
    store: bool | None | UnsetType = UNSET
    """Whether the server keeps the completion for `client.stored`."""
    stream: bool | None | UnsetType = UNSET
    """Whether the answer comes as server-sent events."""
    stream_options: OrDict[StreamOptions] | None | UnsetType = UNSET
    """What a stream holds beside its tokens, such as usage."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None | UnsetType = UNSET
    """0 to 2: how random the sampling is. Change this or `top_p`."""
    tool_choice: ToolChoice | UnsetType = UNSET
    """Whether and which tools are to be called."""
    tools: Sequence[OfferedTool] | UnsetType = UNSET
    """What the model may call."""
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None | UnsetType = UNSET
    """0 to 20: how many alternatives come with each token; wants `logprobs`."""
    top_p: Annotated[float, Meta(ge=0, le=1)] | None | UnsetType = UNSET
    """0 to 1: sample only among the tokens that make up this share of probability."""
    user: str | UnsetType = UNSET
    """Deprecated by the API in favour of `safety_identifier` and `prompt_cache_key`."""
    verbosity: Literal["low", "medium", "high"] | None | UnsetType = UNSET
    """How long-winded the answer is."""
    web_search_options: OrDict[WebSearchOptions] | UnsetType = UNSET
    """Lets a search model search the web."""
    extra_body: Mapping[str, Any] | None | UnsetType = UNSET
    """Not of the API: members put into the body as they are, unchecked; they win over parameters."""


class ChatRequest(Parameters, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /chat/completions`: 37 parameters, and `extra_body` for what a server has beyond them.

    Unset, `None` (`null`) and a value are three different wire forms.
    """

    messages: Messages
    """The conversation so far; a plain `str` is one user message."""
