"""The calls of one answer: each runs in a task of its own, and what the model is told of it is kept.

The model is told of an exception of a tool; an error in a hook, and a result without a JSON form, end the run.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled
from msgspec import structs

from ._arguments import BadArguments, ToolContext
from ._protocol.expected import CUT_BY
from ._tool_run import AnyMessage
from ._tool_terms import Pause, Refuse, ToolTerms
from .errors import ToolError, UsageError
from .tools import Tool, encode_result
from .types.event import ToolEvent, ToolFinished, ToolStarted
from .types.message import ToolMessage
from .types.response import ChatCompletion, ToolCall

MAX_THREADS = 40
"""Tools that may be in threads at a time where the terms name no number: a model may call any number at once."""

REFUSED = "refused"
UNKNOWN_TOOL = "unknown tool"
BAD_ARGUMENTS = "bad arguments"
TIMED_OUT = "timed out"


class Workshop:
    """What all turns of a run have in common: the terms, the places for running tools, and the model's mistakes."""

    def __init__(self, terms: ToolTerms, tell: Callable[[ToolEvent], None]) -> None:
        self.terms = terms
        self.tell = tell
        self._places = anyio.CapacityLimiter(terms.concurrency or math.inf)
        self._threads = self._places if terms.concurrency else anyio.CapacityLimiter(MAX_THREADS)
        self._mistaken: dict[str, int] = {}  # names of tools that were called wrongly, and in which turn

    def read(self, call: ToolCall) -> tuple[Tool, Any]:
        """The tool that is called, and its arguments. Raises `BadArguments`, also where there is no such tool."""
        tool = self.terms.tools.get(call.name)
        if tool is None:
            raise BadArguments(self.terms.unknown(call.name))
        return tool, tool.read(call)

    def accept(self, call: ToolCall) -> tuple[Tool, Any]:
        """The same; a call that is right makes up for earlier ones that were wrong."""
        work = self.read(call)
        self._mistaken.pop(call.name, None)
        return work

    def note_mistake(self, call: ToolCall, turn: int, mistake: BadArguments) -> None:
        """The model is about to be told of it. Raises `ToolError` if it was told of another such call before."""
        if self._mistaken.setdefault(call.name, turn) < turn:
            words = printable(str(mistake))
            raise ToolError(f"the model was told of a mistake and made it again: {words}", call)

    def places(self, tool: Tool) -> anyio.CapacityLimiter:
        """What a tool takes one of while it runs. The wait for it is none of the tool's time."""
        return self._places if tool.is_async else self._threads

    async def run(self, tool: Tool, arguments: Any, context: ToolContext[Any]) -> tuple[str, str | None]:
        """What the model is told of the result, and the kind of error that it is.

        Raises `UsageError` for a result that has no JSON form, `ToolError` for an exception if the terms say so.
        """
        failure: BaseException | None = None
        value = None
        seconds = tool.timeout or self.terms.tool_timeout
        with anyio.move_on_after(seconds) as limit:
            try:
                value = await tool.run(arguments, context)
            except asyncio.CancelledError as error:
                if is_being_cancelled():
                    raise
                failure = error
            except Exception as error:
                failure = error
        await checkpoint_if_cancelled()
        if limit.cancelled_caught or (failure is not None and limit.cancel_called):
            words, kind = f"timed out after {seconds:g} s", TIMED_OUT
            failure = failure or TimeoutError(words)
        elif failure is None:
            return encoded(value, tool), None
        else:
            words, kind = in_words(failure)
        if self.terms.raise_tool_errors:
            raise ToolError(f"the tool {tool.name} failed: {words}", context.call) from failure
        return words, kind


class Begun(NamedTuple):
    """A call as it was when its task began, and the scope that ends the task."""

    call: ToolCall
    scope: anyio.CancelScope


class Turn:
    """The calls of one answer: `begin` some while the rest of it comes, then `complete` them.

    They run in the group, and the turn is over when that is. `results` are those of the calls that are completed, in
    their order.
    """

    def __init__(self, shop: Workshop, group: TaskGroup, number: int, messages: Sequence[AnyMessage]) -> None:
        self._shop = shop
        self._group = group
        self._number = number
        self._messages = tuple(messages)
        self._calls: Sequence[tuple[int, ToolCall]] = ()
        self._begun: dict[int, Begun] = {}
        self._told: dict[int, str] = {}
        self._paused: set[int] = set()

    @property
    def has_paused(self) -> bool:
        """Whether a call waits."""
        return bool(self._paused)

    @property
    def results(self) -> list[ToolMessage]:
        return [ToolMessage(self._told[place], call.id) for place, call in self._calls if place in self._told]

    def begin(self, position: int, call: ToolCall) -> None:
        """Run a call if there is nothing wrong with it; what is wrong is told when the answer is whole."""
        try:
            work = self._shop.accept(call)
        except BadArguments:
            return
        self._start(position, call, *work)

    def check_end(self, calls: Sequence[ToolCall], completion: ChatCompletion) -> None:
        """Raise the error that the answer is if it was cut in the midst of a call."""
        reason = completion.finish_reason or ""
        if reason.lower() not in CUT_BY:
            return
        error, _ = CUT_BY[reason.lower()]
        for number, call in enumerate(calls, 1):
            try:
                tool, _ = self._shop.read(call)
            except BadArguments:
                tool = None
            if tool is None or (tool.is_custom and number == len(calls)):
                raise error(f"the answer was cut ({reason}) in the call of {call.name!r}", completion)

    def complete(self, calls: Sequence[tuple[int, ToolCall]]) -> None:
        """These are all calls, each with its position: run those that are not yet, or tell what is wrong with them.

        Raises `ToolError` for a mistake that the model repeats, before anything else is run.
        """
        self._calls = calls
        left = [each for each in calls if not self._is_begun(*each)]
        read = [(*each, self._read(*each)) for each in left]
        for _, call, found in read:
            if isinstance(found, BadArguments):
                self._shop.note_mistake(call, self._number, found)
        for position, call, found in read:
            if isinstance(found, BadArguments):
                self._correct(position, call, found)
            else:
                self._start(position, call, *found)

    def check_over(self) -> None:
        """Raise `ToolError` if a call has no answer though its task is over.

        A tool or hook that cancels its own task ends the group as if all was well, and the other calls with it.
        """
        for position, begun in self._begun.items():
            if position not in self._told and position not in self._paused:
                raise ToolError(f"the call of {begun.call.name} was cancelled from within", begun.call)

    def _is_begun(self, position: int, call: ToolCall) -> bool:
        begun = self._begun.get(position)
        return begun is not None and is_same(begun.call, call)

    def _read(self, position: int, call: ToolCall) -> tuple[Tool, Any] | BadArguments:
        """The tool and its arguments, or what is wrong with the call."""
        if begun := self._begun.pop(position, None):
            begun.scope.cancel()
            self._told.pop(position, None)
            self._paused.discard(position)
            return BadArguments(f"the call of {call.name} went on after it was complete: make it again")
        try:
            return self._shop.accept(call)
        except BadArguments as error:
            return error

    def _correct(self, position: int, call: ToolCall, mistake: BadArguments) -> None:
        kind = BAD_ARGUMENTS if call.name in self._shop.terms.tools else UNKNOWN_TOOL
        self._spawn(position, call, lambda: self._answer(position, call, printable(str(mistake)), kind))

    def _start(self, position: int, call: ToolCall, tool: Tool, arguments: Any) -> None:
        self._spawn(position, call, lambda: self._decide_and_run(position, call, tool, arguments))

    def _spawn(self, position: int, call: ToolCall, work: Callable[[], Awaitable[None]]) -> None:
        begun = self._begun[position] = Begun(call, anyio.CancelScope())
        self._group.start_soon(self._run, begun, work)

    async def _run(self, begun: Begun, work: Callable[[], Awaitable[None]]) -> None:
        with begun.scope:
            await work()

    async def _decide_and_run(self, position: int, call: ToolCall, tool: Tool, arguments: Any) -> None:
        before = self._shop.terms.before_tool
        decision = None if before is None else await asked(before, call)
        await checkpoint_if_cancelled()
        match decision:
            case None:
                pass
            case Pause():
                self._paused.add(position)
                return
            case Refuse():
                await self._answer(position, call, encode_result(decision.reason), REFUSED)
                return
            case ToolCall():
                call = structs.replace(decision, id=call.id)
                tool, arguments = self._read_changed(call)
            case _:
                kind = type(decision).__name__
                raise UsageError(f"before_tool gives None, a ToolCall, Refuse(...) or Pause(), not {kind}")

        context = ToolContext(self._shop.terms.context, call, self._messages, self._number)
        async with self._shop.places(tool):
            self._shop.tell(ToolStarted(self._number, position, call))
            content, error = await self._shop.run(tool, arguments, context)
        await self._answer(position, call, content, error)

    def _read_changed(self, call: ToolCall) -> tuple[Tool, Any]:
        try:
            return self._shop.read(call)
        except BadArguments as error:
            raise UsageError(f"before_tool gave a call that cannot be run: {error}") from None

    async def _answer(self, position: int, call: ToolCall, content: str, error: str | None) -> None:
        finished = ToolFinished(self._number, position, call, content, error)
        if (after := self._shop.terms.after_tool) is not None:
            changed = await asked(after, finished)
            if not isinstance(changed, str | None):
                raise UsageError(f"after_tool gives a str for the model, or None, not {type(changed).__name__}")
            if changed is not None:
                finished = structs.replace(finished, content=encode_result(changed))
        await checkpoint_if_cancelled()
        self._told[position] = finished.content
        self._shop.tell(finished)


def encoded(result: Any, tool: Tool) -> str:
    """The result as the model is told it. Raises `UsageError`, naming the tool."""
    try:
        return encode_result(result)
    except UsageError as error:
        raise UsageError(f"{tool.name}: {error}") from None


async def asked(hook: Callable[..., Any], value: Any) -> Any:
    """What a hook answers."""
    answer = hook(value)
    return await answer if inspect.isawaitable(answer) else answer


def is_same(begun: ToolCall, whole: ToolCall) -> bool:
    """Whether a call that was begun is what it turned out to be; its id may have come later."""
    return begun.name == whole.name and begun.arguments.strip() == whole.arguments.strip()


def is_being_cancelled() -> bool:
    """Whether somebody has asked this task to end, and has not taken that back."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def in_words(failure: BaseException) -> tuple[str, str]:
    """What the model is told of an exception, which is no traceback, and the name of its class."""
    while isinstance(failure, BaseExceptionGroup) and len(failure.exceptions) == 1:
        failure = failure.exceptions[0]
    kind, words = type(failure).__name__, printable(str(failure))
    return f"{kind}: {words}" if words.strip() else kind, kind


def printable(words: str) -> str:
    """The words as a request may hold them: names of files, for one, may have bytes in them that are no text."""
    return words.encode("utf-8", "replace").decode()
