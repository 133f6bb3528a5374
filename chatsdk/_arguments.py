"""How a tool's input becomes the arguments of a plain Python function.

Either each parameter is an argument of its own, and the signature is the schema (`TypedArguments`), or one parameter
takes the whole input (`WholeInput`). In both, parameters annotated `ToolContext` get the context: neither the schema
nor the model knows of them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from ._protocol.output import InvalidOutput, Output
from .errors import UsageError
from .types.message import RequestMessage
from .types.response import ToolCall

C = TypeVar("C")

Function = Callable[..., Any]

Parameter = inspect.Parameter

VARIADIC: Mapping[Any, str] = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
"""The kinds of parameters that take any number of arguments, and how they are written."""


@dataclass(frozen=True, slots=True)
class ToolContext(Generic[C]):
    """What a tool may ask for beside its arguments, by a parameter annotated `ToolContext` or `ToolContext[Deps]`.

    `value` is what the caller passed as `context=`, `call` the model's call, `messages` the conversation up to it,
    and `turn` counts the answers of the model, from 1.
    """

    value: C
    call: ToolCall
    messages: tuple[RequestMessage | Mapping[str, Any], ...]
    turn: int


class BadArguments(ValueError):  # noqa: N818
    """The model's arguments do not fit the tool; the text tells the model what is wrong with them."""


class Signature:
    """The parameters of a function, without those that a `partial` has bound. `label` is its name in errors.

    Raises `UsageError` for what is not a function that gives one result.
    """

    def __init__(self, function: Function, label: str) -> None:
        check_function(function, label)
        try:
            parameters = inspect.signature(function).parameters.values()
        except ValueError:
            raise UsageError(f"{label} does not tell its parameters: wrap it in a function of your own") from None
        _, bound = unbound(function)
        self._names = getattr(inspect.unwrap(body_of(function)), "__globals__", {})
        self._function = function
        self._label = label
        self._parameters = [each for each in parameters if each.name not in bound]
        self._contexts = {each.name for each in self._parameters if self._is_context(each)}
        self.arguments = [each for each in self._parameters if each.name not in self._contexts]

    def hint(self, parameter: Parameter) -> Any:
        """The parameter's type. Raises `UsageError` where it has none, and for names that are not there."""
        place = f"{self._label}.{parameter.name}"
        if parameter.annotation is Parameter.empty:
            raise UsageError(f"{place} has no annotation: say what it is, as in `{parameter.name}: str`")
        holder = SimpleNamespace(__annotations__={"it": parameter.annotation})
        try:
            return get_type_hints(holder, self._names, include_extras=True)["it"]
        except (NameError, AttributeError, SyntaxError, TypeError) as error:
            advice = "what it names has to be imported at run time, and to stand at the top of its module"
            raise UsageError(
                f"{place}: the annotation {parameter.annotation!r} means nothing: {error} ({advice})"
            ) from None

    def call(self, values: Mapping[str, Any], context: ToolContext[Any]) -> Callable[[], Any]:
        """The function with these arguments, by the names of their parameters, and with the context, to be called."""
        given = {**values, **dict.fromkeys(self._contexts, context)}
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for parameter in self._parameters:
            if parameter.name not in given:
                continue
            if parameter.kind in (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL):
                positional.append(given[parameter.name])
            else:
                named[parameter.name] = given[parameter.name]
        return functools.partial(self._function, *positional, **named)

    def _is_context(self, parameter: Parameter) -> bool:
        try:
            return parameter.kind not in VARIADIC and asks_for_context(self.hint(parameter))
        except UsageError:
            return False  # whoever needs its type is told


class TypedArguments:
    """Arguments by name, each of its parameter's type: `schema`, how they are read, and the docstring's `description`.

    Raises `UsageError`, with the path, for what a schema cannot say; `strict=None` says it in a loose one then.
    """

    def __init__(self, function: Function, label: str, strict: bool | None) -> None:
        self._label = label
        self._signature = Signature(function, label)
        self.description, words = documented(function)
        self._fields = {field_name(each.name): each.name for each in self._signature.arguments}
        shape = msgspec.defstruct(
            label,
            [self._field(each, words.get(each.name)) for each in self._signature.arguments],
            kw_only=True,
            forbid_unknown_fields=True,
        )
        self._output = output_for(shape, strict)
        self.schema = self._output.schema
        self.is_strict = self._output.is_strict

    def read(self, text: str) -> dict[str, Any]:
        """The arguments by parameter, defaults filled in. Raises `BadArguments`."""
        try:
            read = self._output.decode(text if text.strip() else "{}")
        except InvalidOutput as error:
            expected = f"an object with {', '.join(self._fields.values())}" if self._fields else "an empty object"
            hint = f" (expected {expected})" if error.path in (None, "$") else ""
            raise BadArguments(f"the arguments of {self._label} are wrong: {error}{hint}") from None
        return {name: getattr(read, field) for field, name in self._fields.items()}

    def call(self, arguments: Any, context: ToolContext[Any]) -> Callable[[], Any]:
        """The function with what `read` gave and the context, to be called."""
        return self._signature.call(arguments, context)

    def _field(self, parameter: Parameter, words: str | None) -> tuple[str, Any, Any]:
        if stars := VARIADIC.get(parameter.kind):
            place = f"{self._label}({stars}{parameter.name})"
            raise UsageError(f"{place}: a schema names every argument: write them out, or take one list or object")
        hint = described(self._signature.hint(parameter), words)
        return field_name(parameter.name), hint, field_of(parameter)


class WholeInput:
    """The whole input for the function's first parameter: the text itself, or the JSON object that it is.

    Raises `UsageError` for a function that cannot be called so.
    """

    def __init__(self, function: Function, label: str, *, is_json: bool) -> None:
        self._label = label
        self._is_json = is_json
        self._signature = Signature(function, label)
        arguments = [each for each in self._signature.arguments if each.kind is not Parameter.VAR_KEYWORD]
        if not arguments:
            raise UsageError(f"{label} is called with one argument, its input, and takes none")
        self._name, *others = [each.name for each in arguments]
        self._defaults = {each.name: each.default for each in arguments if each.kind not in VARIADIC}
        if missing := [name for name in others if self._defaults.get(name) is Parameter.empty]:
            raise UsageError(f"{label} is called with one argument, its input: {missing[0]!r} would get nothing")

    def read(self, text: str) -> Any:
        """The text, or a dict. Raises `BadArguments`."""
        if not self._is_json:
            return text
        try:
            return msgspec.json.decode(text if text.strip() else "{}", type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise BadArguments(f"the arguments of {self._label} are wrong: {error} (expected an object)") from None

    def call(self, arguments: Any, context: ToolContext[Any]) -> Callable[[], Any]:
        """The function with what `read` gave and the context, to be called."""
        return self._signature.call({**self._defaults, self._name: arguments}, context)


def check_function(function: Function, label: str) -> None:
    """Raise `UsageError` for what is not a function that gives one result."""
    if inspect.isclass(function):
        raise UsageError(f"{label} is a class, and a tool is a function: write a function that takes one")
    if not callable(function):
        raise UsageError(f"{label}: a tool is a function or a Tool, not {type(function).__name__}")
    body = body_of(function)
    if inspect.isgeneratorfunction(body) or inspect.isasyncgenfunction(body):
        raise UsageError(f"{label} yields, and a tool gives one result: return it")


def unbound(function: Function) -> tuple[Function, frozenset[str]]:
    """What is inside of `partial`s, and the names of the arguments that they have bound."""
    bound: frozenset[str] = frozenset()
    while isinstance(function, functools.partial):
        bound |= function.keywords.keys()
        function = function.func
    return function, bound


def body_of(function: Function) -> Function:
    """The function that is run in the end: that of a `partial`, or the `__call__` of an object."""
    inner, _ = unbound(function)
    return inner if inspect.isroutine(inner) else type(inner).__call__


def asks_for_context(hint: Any) -> bool:
    """Whether this is `ToolContext`, of whatever, also in `Annotated` or with `| None`."""
    origin = get_origin(hint)
    if origin in (Union, UnionType, Annotated):
        return any(map(asks_for_context, get_args(hint)))
    return hint is ToolContext or origin is ToolContext


def output_for(shape: type, strict: bool | None) -> Output[Any]:
    """How to read this type, strictly where that can be said, or as told."""
    try:
        return Output(shape, strict=strict is not False)
    except UsageError:
        if strict is not None:
            raise
        return Output(shape, strict=False)


def field_name(name: str) -> str:
    """A parameter's name as a Struct's field, which may not begin as Python's own names do."""
    return f"arg{name}" if name.startswith("__") else name


def field_of(parameter: Parameter) -> Any:
    """A Struct's field with the parameter's name and its default, which a factory hands on: the very object."""
    if parameter.default is Parameter.empty:
        return msgspec.field(name=parameter.name)
    return msgspec.field(name=parameter.name, default_factory=lambda: parameter.default)


def described(hint: Any, words: str | None) -> Any:
    """The type with its own description (in `Annotated`: a `str`, or what has a `description`), else with `words`."""
    for extra in getattr(hint, "__metadata__", ()):
        told = extra if isinstance(extra, str) else getattr(extra, "description", None)
        if isinstance(told, str):
            words = told
            break
    return Annotated[hint, msgspec.Meta(description=words)] if words else hint


def documented(function: Function) -> tuple[str | None, dict[str, str]]:
    """What the docstring says of the function and of its parameters, in any of the usual styles.

    One that its parser fails on, in whatever way, is text like any other.
    """
    inner, _ = unbound(function)
    text = inspect.cleandoc(body_of(inner).__doc__ or inner.__doc__ or "").strip()
    if not text:
        return None, {}
    import docstring_parser

    try:
        read = docstring_parser.parse(text)
    except Exception:
        return text, {}
    words = {
        name.strip(" *"): each.description
        for each in read.params
        if each.description
        for name in each.arg_name.split(",")
    }
    return "\n\n".join(filter(None, (read.short_description, read.long_description))) or None, words
