"""Gives methods the signature of `ChatRequest`, so that the list of parameters stands in one place.

What a method takes beyond it is a field of a subclass, generic where the type of the result depends on it. At run
time the methods take `*args, **kwargs`; type checkers, `help()` and editors see every parameter. Source of the idea:
PEP 612, whose `ParamSpec` carries a signature from one callable to another.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, Protocol, cast, overload

from ._stream import ChatStream
from .types._base import UNSET, UnsetType
from .types._output_mode import OutputMode
from .types.parsed import ParsedCompletion
from .types.request import ChatRequest, Messages, Parameters
from .types.response import ChatCompletion

P = ParamSpec("P")
OneShot = ParamSpec("OneShot")
Streamed = ParamSpec("Streamed")

if TYPE_CHECKING:
    from typing_extensions import TypeForm, TypeVar

    from ._tool_run import ToolRun
    from ._tool_stream import ToolStream
    from ._tool_terms import AfterTool, BeforeTool, StopWhen
    from .tools import Tool

    R = TypeVar("R", default=None)

    class _OneShot(ChatRequest, frozen=True, kw_only=True):
        stream: Literal[False] | None | UnsetType = UNSET

    class _Streamed(ChatRequest, frozen=True, kw_only=True):
        stream: Literal[True]

else:
    from typing import TypeVar

    R = TypeVar("R")
    TypeForm = type
    AfterTool = BeforeTool = StopWhen = Tool = ToolRun = Any  # they take long to load, and few need them
    _OneShot = _Streamed = ChatRequest


class ParseCall(ChatRequest, Generic[R], frozen=True, kw_only=True):
    """What `parse` takes."""

    response_type: TypeForm[R]
    reask: int = 0
    output_mode: OutputMode | None = None


class StreamCall(ChatRequest, Generic[R], frozen=True, kw_only=True):
    """What `stream` takes."""

    response_type: TypeForm[R] | None = None
    output_mode: OutputMode | None = None


class RunTerms(Parameters, frozen=True, kw_only=True):
    """What `run_tools` and `stream_tools` take by name; see `chatsdk._tool_terms`."""

    tools: Sequence[Tool | Callable[..., Any]]
    max_turns: int = 10
    concurrency: int | None = None
    tool_timeout: float | None = None
    stop_when: StopWhen | None = None
    before_tool: BeforeTool | None = None
    after_tool: AfterTool | None = None
    raise_tool_errors: bool = False
    context: Any = None


class RunCall(RunTerms, frozen=True):
    """What `run_tools` and `stream_tools` take: messages, or a run that goes on."""

    messages: Messages | ToolRun


class CreateMethod(Protocol[OneShot, Streamed, P]):
    """`create`: what it gives depends on `stream`, which type checkers may know or not."""

    @overload
    async def __call__(self, *args: OneShot.args, **kwargs: OneShot.kwargs) -> ChatCompletion: ...
    @overload
    async def __call__(self, *args: Streamed.args, **kwargs: Streamed.kwargs) -> ChatStream: ...
    @overload
    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> ChatCompletion | ChatStream: ...


def takes_parameters_of_parse(
    call: Callable[P, ParseCall[R]],
) -> Callable[[Callable[..., Any]], Callable[Concatenate[Any, P], Awaitable[ParsedCompletion[R]]]]:
    """Decorates `parse`."""
    return lambda method: _signed(method, call)


def takes_parameters_of_stream(
    call: Callable[P, StreamCall[R]],
) -> Callable[[Callable[..., Any]], Callable[Concatenate[Any, P], ChatStream[R]]]:
    """Decorates `stream`, whose type says `None` where no `response_type` is given."""
    return lambda method: _signed(method, call)


def takes_parameters_of_run_tools(
    call: Callable[P, RunCall],
) -> Callable[[Callable[..., Any]], Callable[Concatenate[Any, P], Awaitable[ToolRun]]]:
    """Decorates `run_tools`."""
    return lambda method: _signed(method, call)


def takes_parameters_of_stream_tools(
    call: Callable[P, RunCall],
) -> Callable[[Callable[..., Any]], Callable[Concatenate[Any, P], ToolStream]]:
    """Decorates `stream_tools`."""
    return lambda method: _signed(method, call)


def _create(
    one_shot: Callable[OneShot, object], streamed: Callable[Streamed, object], either: Callable[P, object]
) -> Callable[[Callable[..., Any]], CreateMethod[OneShot, Streamed, P]]:
    return lambda method: cast(CreateMethod[OneShot, Streamed, P], _signed(method, either))


takes_parameters_of_create = _create(_OneShot, _Streamed, ChatRequest)


def _signed(method: Callable[..., Any], call: Callable[..., object]) -> Callable[..., Any]:
    """The method, telling `inspect` and so `help()` about the parameters."""
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = inspect.signature(call).parameters.values()
    method.__signature__ = inspect.Signature([own, *parameters])  # type: ignore[attr-defined]
    return method
