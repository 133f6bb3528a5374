"""Tools that the model may call: made of plain Python functions, of a JSON Schema, or of a grammar.

A `Tool` is how it is offered, how a call of it is read, and how it is run. A function becomes one by its signature,
annotations and docstring; what these cannot say is said with `Tool`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from anyio import CapacityLimiter, to_thread

from ._arguments import BadArguments as BadArguments
from ._arguments import ToolContext as ToolContext
from ._arguments import TypedArguments, WholeInput, body_of, unbound
from .errors import UsageError
from .types._base import UNSET
from .types.response import ToolCall
from .types.tool import (
    CustomDefinition,
    CustomTool,
    FunctionDefinition,
    FunctionTool,
    Grammar,
    GrammarFormat,
    TextFormat,
)

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What the API takes as the name of a tool."""


class Tool:
    """A function that the model may call, async or not; `param` is how it stands in a request's `tools`.

    Its parameters are the schema: their annotations (`Annotated[..., Meta(...)]` too), their defaults and what the
    docstring says of them; one annotated `ToolContext` is no part of it. `strict=True` makes the model keep to the
    schema, `None` does so where strict mode can say it.

    With `parameters`, a JSON Schema, the function gets the arguments as one dict, and they are checked for nothing
    but being an object. `timeout` is in seconds, for each call; `None` is no limit.

    Raises `UsageError`, with the path to the parameter, for what cannot be said as a tool.
    """

    name: str
    description: str | None
    timeout: float | None
    param: FunctionTool | CustomTool
    is_async: bool
    """Whether it runs in the event loop, and not in a thread."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        strict: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        check_name(name)
        arguments: TypedArguments | WholeInput
        if parameters is None:
            arguments = TypedArguments(function, name, strict)
            parameters, strict = arguments.schema, arguments.is_strict
            description = arguments.description if description is None else description
        else:
            arguments = WholeInput(function, name, is_json=True)
        definition = FunctionDefinition(name, description or UNSET, parameters, UNSET if strict is None else strict)
        self._set(name, function, arguments, FunctionTool(definition), description, timeout)

    @classmethod
    def from_function(
        cls,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
        timeout: float | None = None,
    ) -> Tool:
        """A tool that is called as the function is, unless told otherwise."""
        name = name_of(function) if name is None else name
        return Tool(name, function, description=description, strict=strict, timeout=timeout)

    @classmethod
    def custom(
        cls,
        name: str,
        function: Callable[..., Any],
        *,
        description: str | None = None,
        lark: str | None = None,
        regex: str | None = None,
        timeout: float | None = None,
    ) -> Tool:
        """A tool whose function gets a text, free or as a grammar allows. Raises `UsageError` for two grammars."""
        check_name(name)
        if lark is not None and regex is not None:
            raise UsageError(f"{name}: a tool has one grammar, lark or regex")
        form: TextFormat | GrammarFormat = TextFormat()
        if lark is not None:
            form = GrammarFormat(Grammar(lark, "lark"))
        elif regex is not None:
            form = GrammarFormat(Grammar(regex, "regex"))
        definition = CustomDefinition(name, description or UNSET, form)
        tool = Tool.__new__(Tool)
        tool._set(
            name, function, WholeInput(function, name, is_json=False), CustomTool(definition), description, timeout
        )
        return tool

    @property
    def is_custom(self) -> bool:
        """Whether its input is text and no JSON."""
        return isinstance(self.param, CustomTool)

    @property
    def is_strict(self) -> bool:
        """Whether the model is made to keep to the schema."""
        definition = getattr(self.param, "function", None)
        return getattr(definition, "strict", None) is True

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    def read(self, call: ToolCall) -> Any:
        """The call's arguments, for `run`: a dict by parameter, defaults filled in; a custom tool's text.

        Raises `BadArguments`, whose text is for the model.
        """
        return self._arguments.read(call.arguments)

    async def run(self, arguments: Any, context: ToolContext[Any]) -> Any:
        """What the function gives for arguments that `read` gave; what it raises comes through as it is.

        One that is not async runs in a thread, at once, with the caller's context variables. If this is cancelled the
        thread goes on all the same, and Python waits for it before it exits.
        """
        call = self._arguments.call(arguments, context)
        if self.is_async:
            return await call()
        at_once = CapacityLimiter(math.inf)
        result = await to_thread.run_sync(call, abandon_on_cancel=True, limiter=at_once)
        return await result if inspect.isawaitable(result) else result

    def _set(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: TypedArguments | WholeInput,
        param: FunctionTool | CustomTool,
        description: str | None,
        timeout: float | None,
    ) -> None:
        self.name = name
        self.description = description or None
        self.timeout = checked_seconds(f"the timeout of {name}", timeout)
        self.param = param
        self._arguments = arguments
        self.is_async = inspect.iscoroutinefunction(body_of(function))


def offered(tools: Iterable[Any]) -> tuple[list[Any], dict[str, Tool]]:
    """What a request holds of these tools, and by name those of them that are a `Tool` or a function.

    Raises `UsageError` for functions that are no tools, and for two of one name.
    """
    made = [as_tool(each) if isinstance(each, Tool) or callable(each) else each for each in tools]
    params = [each.param if isinstance(each, Tool) else each for each in made]
    return params, by_name(each for each in made if isinstance(each, Tool))


def by_name(tools: Iterable[Tool]) -> dict[str, Tool]:
    """The tools by name, in their order. Raises `UsageError` for two of one name."""
    found: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in found:
            raise UsageError(f"two tools are called {tool.name}: name one of them with Tool(name, ...)")
        found[tool.name] = tool
    return found


def as_tool(tool: Tool | Callable[..., Any]) -> Tool:
    """The tool that this is, or that this function makes. Raises `UsageError`."""
    return tool if isinstance(tool, Tool) else Tool.from_function(tool)


def encode_result(value: Any) -> str:
    """What a tool gave, as the text that the model is told: a `str` as it is, everything else as JSON.

    It is never blank, since some servers refuse that and the conversation with it: `None` is `null`, and a `str`
    without anything visible is its JSON, `""`. Raises `UsageError`, naming the type, for what has no JSON form.
    """
    try:
        if isinstance(value, str):
            text: str = str.__str__(value)  # a subclass may tell something else, as enums do
            if text.strip():
                text.encode()  # a lone surrogate, as in names of files, has no JSON form
                return text
        return msgspec.json.encode(value, enc_hook=model_fields).decode()
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(value).__name__
        raise UsageError(
            f"a tool's result is text, or what has a JSON form, and this {kind} has none: {error}"
        ) from None


def model_fields(value: Any) -> Any:
    """A pydantic model's fields. Raises `TypeError` for anything else."""
    if isinstance(value, type) or not hasattr(value, "model_dump"):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return value.model_dump(mode="json")


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called in its source, and an object its class."""
    inner, _ = unbound(function)
    name: str = getattr(inner, "__name__", type(inner).__name__)
    return name


def checked_seconds(name: str, value: float | None) -> float | None:
    """A time limit, or none. Raises `UsageError`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or (is_number and value > 0):
        return value
    raise UsageError(f"{name} is a number of seconds above 0, or None for no limit")


def check_name(name: str) -> None:
    """Raise `UsageError` for what the API does not take as the name of a tool."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a tool: 1 to 64 ASCII letters, digits, - and _; pass name=")
