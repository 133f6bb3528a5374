"""The answer to a one-shot call, and what a stream adds up to.

Source: `CreateChatCompletionResponse` and `ChatCompletionResponseMessage` of the API's OpenAPI document, and
the fields in which other servers put a model's reasoning.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ._base import UNSET, Answer, Carrier, Reply, always, read_object
from .logprobs import Logprobs
from .message import AssistantMessage, AudioReference
from .moderation import Moderation
from .tool import CalledCustom, CalledFunction, CustomCallParam, FunctionCallParam
from .usage import CompletionUsage


class FunctionCall(Reply, frozen=True):
    """A function's name and the JSON text of its arguments, which the model may have got wrong."""

    name: str = always("")
    arguments: str = always("")


class CustomCall(Reply, frozen=True):
    """A custom tool's name and input."""

    name: str = always("")
    input: str = always("")


class ToolCall(Carrier, frozen=True):
    """A tool the model wants called: `function` or `custom` is set, as `type` says."""

    id: str = always("")
    type: str = always("function")
    function: FunctionCall | None = None
    custom: CustomCall | None = None
    extra_content: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The tool's name, of whichever kind it is."""
        called = self.function or self.custom
        return called.name if called else ""

    @property
    def arguments(self) -> str:
        """The function's arguments (JSON text) or the custom tool's input."""
        if self.custom is not None:
            return self.custom.input
        return self.function.arguments if self.function else ""

    @property
    def parsed(self) -> Any:
        """The arguments: of a `Tool`, each by the name of its parameter and of its type; else a plain JSON object.

        `None` where they are none; `Tool.read` says what is wrong with them.
        """
        if "parsed" in self.__dict__:
            return self.__dict__["parsed"]
        return None if self.custom is not None else read_object(self.arguments)

    def to_request(self) -> FunctionCallParam | CustomCallParam:
        """The call as the next turn's assistant message repeats it."""
        if self.custom is not None:
            return CustomCallParam(self.id, CalledCustom(self.custom.name, self.custom.input))
        extra = UNSET if self.extra_content is None else self.extra_content
        return FunctionCallParam(self.id, CalledFunction(self.name, self.arguments), extra)


class URLCitation(Reply, frozen=True):
    """A web page the answer cites, and the part of the answer that does: a range of characters."""

    url: str = always("")
    title: str = always("")
    start_index: int = always(0)
    end_index: int = always(0)


class Annotation(Reply, frozen=True):
    """A note on the answer; the API knows `url_citation` only."""

    type: str = always("url_citation")
    url_citation: URLCitation | None = None


class Audio(Reply, frozen=True):
    """A spoken answer: base64 in the format asked for, kept by the server until `expires_at` (Unix seconds)."""

    id: str = always("")
    data: str = always("")
    transcript: str = always("")
    expires_at: int = always(0)


def details_text(details: list[dict[str, Any]] | None) -> str | None:
    """The text of reasoning details (OpenRouter's form), `None` where they have none, as when they are encrypted."""
    texts = (detail.get("text") or detail.get("summary") for detail in details or ())
    return "".join(text for text in texts if isinstance(text, str)) or None


class Message(Carrier, frozen=True):
    """What the model said."""

    role: str = always("assistant")
    content: str | None = always(None)
    refusal: str | None = always(None)
    tool_calls: list[ToolCall] | None = None
    annotations: list[Annotation] | None = None
    audio: Audio | None = None
    function_call: FunctionCall | None = None
    reasoning_content: str | None = None
    reasoning_text: str | None = msgspec.field(default=None, name="reasoning")
    reasoning_details: list[dict[str, Any]] | None = None
    thinking_blocks: list[dict[str, Any]] | None = None

    @property
    def reasoning(self) -> str | None:
        """What the model thought first, whichever of its names the server uses."""
        return self.reasoning_content or self.reasoning_text or details_text(self.reasoning_details)

    @property
    def parsed(self) -> Any:
        """The content as the `response_type` that was asked for; `None` where none was, or tools are called instead."""
        return self.__dict__.get("parsed")

    def to_request(self) -> AssistantMessage:
        """The message as the next turn of the conversation repeats it: only what a request may hold.

        Reasoning goes along where the server sent it, and so do signatures: those of `thinking_blocks` and those in the
        `extra_content` of tool calls.
        """
        calls = [call.to_request() for call in self.tool_calls or ()]
        legacy = self.function_call
        return AssistantMessage(
            content=UNSET if self.content is None else self.content,
            refusal=UNSET if self.refusal is None else self.refusal,
            audio=AudioReference(self.audio.id) if self.audio else UNSET,
            tool_calls=calls or UNSET,
            function_call=CalledFunction(legacy.name, legacy.arguments) if legacy else UNSET,
            reasoning_content=self.reasoning_content or UNSET,
            reasoning=self.reasoning_text or UNSET,
            reasoning_details=self.reasoning_details or UNSET,
            thinking_blocks=self.thinking_blocks or UNSET,
        )


class Choice(Reply, frozen=True):
    """One of the `n` answers."""

    index: int = always(0)
    message: Message = always(Message())
    finish_reason: str | None = always(None)
    logprobs: Logprobs | None = always(None)


class ChatCompletion(Answer, frozen=True):
    """The model's answer. The short forms (`text`, `message`, ...) speak of choice 0."""

    id: str = always("")
    choices: list[Choice] = always([])
    created: int = always(0)
    model: str = always("")
    object: str = always("chat.completion")
    metadata: dict[str, str] | None = None
    moderation: Moderation | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    usage: CompletionUsage | None = None

    @property
    def choice(self) -> Choice:
        """Choice 0, empty where the server sent none."""
        for choice in self.choices:
            if choice.index == 0:
                return choice
        return self.choices[0] if self.choices else Choice()

    @property
    def message(self) -> Message:
        """The message of choice 0."""
        return self.choice.message

    @property
    def text(self) -> str:
        """The content of choice 0, `""` where it has none."""
        return self.message.content or ""

    @property
    def reasoning(self) -> str | None:
        """What the model thought before choice 0."""
        return self.message.reasoning

    @property
    def refusal(self) -> str | None:
        """The words with which the model declined, in choice 0."""
        return self.message.refusal

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools that choice 0 wants called."""
        return self.message.tool_calls or []

    @property
    def parsed(self) -> Any:
        """Choice 0 as the `response_type` that was asked for, else `None`."""
        return self.message.parsed

    @property
    def finish_reason(self) -> str | None:
        """Why choice 0 ended: `stop`, `length`, `tool_calls`, `content_filter`, or a server's own word."""
        return self.choice.finish_reason
