"""Answers asked for as a type, again if they do not fit it; and what a call's keywords say of types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from ._protocol.expected import Expected, with_usage
from ._protocol.output import output_of
from .errors import UsageError, ValidationError
from .providers import Provider
from .tools import Tool, offered
from .types.request import ChatRequest
from .types.response import ChatCompletion
from .types.usage import CompletionUsage, added

Complete = Callable[[ChatRequest], Awaitable[ChatCompletion]]


async def parse(complete: Complete, request: ChatRequest, expected: Expected[Any], reask: int) -> ChatCompletion:
    """The answer, read as what is expected, asked for at most `reask` times again.

    Raises `OutputError` for the last answer if it is none, with the usage of all of them.
    """
    request = expected.tell(request)
    usage: CompletionUsage | None = None
    reasks = 0
    while True:
        completion = await complete(request)
        usage = added(usage, completion.usage)
        try:
            return expected.read(with_usage(completion, usage, reasks))
        except ValidationError as error:
            if reasks == reask:
                raise
            reasks += 1
            request = expected.tell_again(request, error)


def expected_of(parameters: dict[str, Any], provider: Provider) -> Expected[Any] | None:
    """What a call expects, taken out of its keywords, in which tools become what is sent; `None` for nothing special.

    Raises `UsageError` for what is no type and no tool.
    """
    type_, mode = parameters.pop("response_type", None), parameters.pop("output_mode", None)
    if mode is not None and type_ is None:
        raise UsageError("output_mode says how response_type is asked for: pass one")
    typed: dict[str, Tool] = {}
    tools = parameters.get("tools")
    if isinstance(tools, Iterable) and not isinstance(tools, Mapping | str):
        parameters["tools"], typed = offered(tools)
    readers = {name: tool.read for name, tool in typed.items()}
    if type_ is None:
        return Expected(tools=readers) if readers else None
    may_call = bool(tools or parameters.get("functions"))
    return Expected(output_of(type_), mode or provider.output_mode, readers, may_call=may_call)
