"""On which terms tools are run: which they are, how many turns and how long, and who is asked before and after."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from ._options import checked_count
from ._tool_run import ToolRun
from .errors import UsageError
from .tools import Tool, as_tool, by_name, checked_seconds
from .types.event import ToolFinished
from .types.response import ToolCall

MAX_TURNS = 10

MAX_NAME_SHOWN = 64
"""Letters of a name: the API allows no more, and a model may make up any number."""


class Refuse(Struct, frozen=True):
    """What `before_tool` gives for a call that is not to be run; the model is told the reason."""

    reason: str = "This call was refused."


class Pause(Struct, frozen=True):
    """What `before_tool` gives for a call that has to wait: the run ends after the other calls of the turn.

    The call is in the run's `pending`; continued, the run asks `before_tool` about it again.
    """


BeforeTool: TypeAlias = Callable[
    [ToolCall], "ToolCall | Refuse | Pause | None | Awaitable[ToolCall | Refuse | Pause | None]"
]
AfterTool: TypeAlias = Callable[[ToolFinished], "str | None | Awaitable[str | None]"]
StopWhen: TypeAlias = Callable[[ToolRun], "bool | Awaitable[bool]"]


class ToolTerms:
    """What `AsyncChatClient.run_tools` takes beside a request. Raises `UsageError` for what cannot work."""

    def __init__(
        self,
        tools: Iterable[Tool | Callable[..., Any]],
        *,
        max_turns: int = MAX_TURNS,
        concurrency: int | None = None,
        tool_timeout: float | None = None,
        stop_when: StopWhen | None = None,
        before_tool: BeforeTool | None = None,
        after_tool: AfterTool | None = None,
        raise_tool_errors: bool = False,
        context: Any = None,
    ) -> None:
        self.tools = checked_tools(tools)
        self.max_turns = checked_count("max_turns", max_turns)
        self.concurrency = None if concurrency is None else checked_count("concurrency", concurrency)
        self.tool_timeout = checked_seconds("tool_timeout", tool_timeout)
        self.stop_when = checked_hook("stop_when", stop_when)
        self.before_tool = checked_hook("before_tool", before_tool)
        self.after_tool = checked_hook("after_tool", after_tool)
        self.raise_tool_errors = raise_tool_errors
        self.context = context

    def unknown(self, name: str) -> str:
        """What the model is told of a tool that there is not."""
        name = name[:MAX_NAME_SHOWN]
        if not self.tools:
            return f"There is no tool {name!r}, nor any other."
        close = difflib.get_close_matches(name, self.tools, 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"There is no tool {name!r}.{hint} The tools are: {', '.join(self.tools)}."


def checked_tools(tools: Any) -> dict[str, Tool]:
    """The tools by name. Raises `UsageError` for what is no tool, and for two of a name."""
    if isinstance(tools, str | Mapping | Tool) or not isinstance(tools, Iterable):
        raise UsageError("tools is a list of functions and Tools")
    found = list(tools)
    if any(isinstance(each, Mapping | Struct) for each in found):
        raise UsageError(
            "a tool that is to be run needs its function: wrap it, as Tool(name, function, parameters=...)"
        )
    return by_name(map(as_tool, found))


def checked_hook(name: str, hook: Any) -> Any:
    """A function, or none. Raises `UsageError`."""
    if hook is None or callable(hook):
        return hook
    raise UsageError(f"{name} is a function, async or not")
