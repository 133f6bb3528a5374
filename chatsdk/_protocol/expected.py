"""What an answer is expected to be: how the model is told, how its answer is read, and how it is asked again.

A type is told in one of four ways (`OutputMode`) and read in one: from the call of the tool that stands for it, else
from the content, in which JSON is looked for where words or a fence are around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, get_args

from msgspec import structs

from ..errors import ContentFilterError, LengthLimitError, OutputError, RefusedError, UsageError, ValidationError
from ..types._base import UNSET
from ..types._output_mode import OutputMode
from ..types.message import SystemMessage, ToolMessage, UserMessage
from ..types.parameter import ResponseFormatJSONObject
from ..types.parsed import ParsedCompletion
from ..types.request import ChatRequest
from ..types.response import ChatCompletion, Choice, FunctionCall, Message, ToolCall
from ..types.tool import FunctionDefinition, FunctionTool
from ..types.usage import CompletionUsage
from .output import InvalidOutput, Output, read_json
from .schema import format_of
from .wire import encode_json

T = TypeVar("T")

ReadCall = Callable[[ToolCall], Any]
"""Gives the arguments of a call; a ValueError where they do not fit."""

MODES: tuple[OutputMode, ...] = get_args(OutputMode)

CUT_BY: Mapping[str, tuple[type[OutputError], str]] = {
    "length": (LengthLimitError, "the answer was cut at the token limit"),
    "max_tokens": (LengthLimitError, "the answer was cut at the token limit"),
    "model_length": (LengthLimitError, "the answer was cut where the model can take in no more"),
    "content_filter": (ContentFilterError, "the answer was cut by a content filter"),
    "safety": (ContentFilterError, "the answer was cut by a content filter"),
    "insufficient_system_resource": (OutputError, "the answer was cut, for the server was short of resources"),
}
"""Finish reasons, in small letters, that say an answer is not whole."""

IN_WORDS = """Answer with JSON that fits this JSON Schema, and with nothing else: no other words, no fence around it.

{schema}"""

AGAIN = """This is not what was asked for: {error}

Give the whole answer again, corrected."""


class Expected(Generic[T]):
    """`tell` the model what is expected, `read` its answer, and if that is wrong tell it so by `tell_again`.

    Without `output` any answer will do. `tools` read the arguments of calls, by name; with `may_call` an answer may be
    calls of tools instead of a value. Raises `UsageError` for a mode that there is not.
    """

    def __init__(
        self,
        output: Output[T] | None = None,
        mode: OutputMode = "json_schema",
        tools: Mapping[str, ReadCall] | None = None,
        *,
        may_call: bool = False,
    ) -> None:
        if mode not in MODES:
            raise UsageError(f"output_mode is one of {', '.join(MODES)}, not {mode!r}")
        self.output = output
        self.mode = mode
        self._tools = tools or {}
        self._may_call = may_call
        if output is not None and mode == "tool" and output.name in self._tools:
            raise UsageError(f"the tool {output.name} has the name of the type that is asked for: rename one of them")

    def tell(self, request: ChatRequest) -> ChatRequest:
        """The request with the type in it. Raises `UsageError` where the request says something else already."""
        output = self.output
        if output is None:
            return request
        if request.response_format is not UNSET:
            raise UsageError("response_type says what is asked for: leave out response_format")
        if self.mode == "tool":
            return self._with_tool(request, output)
        if self.mode == "json_schema":
            return structs.replace(request, response_format=format_of(output))
        words = IN_WORDS.format(schema=encode_json(output.schema).decode())
        request = structs.replace(request, messages=with_instruction(request.messages, words))
        if self.mode == "json_object":
            request = structs.replace(request, response_format=ResponseFormatJSONObject())
        return request

    def read(self, completion: ChatCompletion) -> ChatCompletion:
        """The completion with `parsed` in its messages and typed calls; a `ParsedCompletion` where a type is expected.

        Raises `LengthLimitError`, `ContentFilterError`, `RefusedError` and `ValidationError`, each with the completion.
        """
        for choice in completion.choices:
            for call in choice.message.tool_calls or ():
                if call.name in self._tools:
                    call.__dict__["parsed"] = _value_of(self._tools[call.name], call)
        if self.output is None:
            return completion
        parsed: ParsedCompletion[T] = ParsedCompletion(**structs.asdict(completion))
        parsed.__dict__.update({"reasks": 0, **completion.__dict__, "output_mode": self.mode})
        for choice in parsed.choices or [Choice()]:
            self._read_choice(choice, self.output, parsed)
        return parsed

    def tell_again(self, request: ChatRequest, error: ValidationError) -> ChatRequest:
        """The request after an answer that was wrong, with that answer and what is wrong with it."""
        message, words = error.completion.message, AGAIN.format(error=error)
        answer = message.to_request()
        if not isinstance(answer.content, str) and answer.tool_calls is UNSET:
            answer = structs.replace(answer, content="")
        said: list[Any] = [ToolMessage(words, call.id) for call in message.tool_calls or ()]
        said = [answer, *(said or [UserMessage(words)])]
        return structs.replace(request, messages=[*as_messages(request.messages), *said])

    def _with_tool(self, request: ChatRequest, output: Output[T]) -> ChatRequest:
        strict = True if output.is_strict else UNSET
        definition = FunctionDefinition(output.name, output.description or UNSET, output.schema, strict)
        others = () if request.tools is UNSET else request.tools
        if request.tool_choice is not UNSET:
            raise UsageError("with output_mode='tool' the model has to call a tool: leave out tool_choice")
        return structs.replace(request, tools=[*others, FunctionTool(definition)], tool_choice="required")

    def _read_choice(self, choice: Choice, output: Output[T], completion: ChatCompletion) -> None:
        """Put the choice's value into its message. Raises `OutputError`."""
        message = choice.message
        if message.refusal:
            raise RefusedError(f"the model declined: {message.refusal}", completion)
        if cut := CUT_BY.get((choice.finish_reason or "").lower()):
            error, words = cut
            raise error(f"{words} (finish_reason {choice.finish_reason})", completion)
        try:
            message.__dict__["parsed"] = _decoded(output, self._text_of(message, output))
        except InvalidOutput as invalid:
            if self._may_call and message.tool_calls and not self._is_answered(message, output):
                return
            place = f"choice {choice.index}: " if len(completion.choices) > 1 else ""
            raise ValidationError(f"{place}{invalid}", completion, invalid.path) from invalid

    def _text_of(self, message: Message, output: Output[T]) -> str:
        """The JSON that the answer is, or is in."""
        if self.mode == "tool":
            for call in _calls_of(message):
                if call.name == output.name:
                    return call.arguments
        return message.content or ""

    def _is_answered(self, message: Message, output: Output[T]) -> bool:
        """Whether one of the calls is the answer, right or wrong."""
        return self.mode == "tool" and any(call.name == output.name for call in _calls_of(message))


def with_usage(completion: ChatCompletion, usage: CompletionUsage | None, reasks: int) -> ChatCompletion:
    """The completion with what all answers have cost, of which so many were wrong."""
    whole = structs.replace(completion, usage=usage)
    whole.__dict__.update(completion.__dict__, reasks=reasks)
    return whole


def with_instruction(messages: Any, words: str) -> list[Any]:
    """The messages with these words in the first one if it is an instruction, or else before it.

    Many models take one instruction only, and only as the first message.
    """
    first, *rest = as_messages(messages)
    role, content = _member(first, "role"), _member(first, "content")
    if role not in ("system", "developer"):
        return [SystemMessage(words), first, *rest]
    if isinstance(content, str):
        content = f"{content}\n\n{words}"
    else:
        content = [*(content or ()), {"type": "text", "text": words}]
    changed = {**first, "content": content} if isinstance(first, Mapping) else structs.replace(first, content=content)
    return [changed, *rest]


def as_messages(messages: Any) -> Sequence[Any]:
    """The messages as a sequence, a plain text as one of the user's. Raises `UsageError` for what is no such."""
    if isinstance(messages, str):
        return [UserMessage(messages)]
    if not isinstance(messages, Sequence) or not messages:
        raise UsageError("messages: pass a str or a sequence of messages, at least one")
    return messages


def _member(message: Any, name: str) -> Any:
    if isinstance(message, Mapping):
        return message.get(name)
    return message.__struct_config__.tag if name == "role" else getattr(message, name, None)


def _calls_of(message: Message) -> Iterator[ToolCall | FunctionCall]:
    yield from message.tool_calls or ()
    if message.function_call is not None:
        yield message.function_call


def _decoded(output: Output[T], text: str) -> T:
    """The text as the type, and if it is no JSON the JSON that is in it. Raises `InvalidOutput`."""
    try:
        return output.decode(text)
    except InvalidOutput as invalid:
        found = read_json(text)
        if invalid.path is not None or found == text:
            raise
        return output.decode(found)


def _value_of(read: ReadCall, call: ToolCall) -> Any:
    try:
        return read(call)
    except ValueError:
        return None
