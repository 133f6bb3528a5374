"""The tool loop: the model is asked, what it calls is run, and it is told the results, until it calls no more.

One coroutine serves the call that is awaited and the one that streams; they differ in how the model is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from anyio import create_task_group
from anyio.abc import TaskGroup
from msgspec import structs

from ._protocol.expected import as_messages
from ._protocol.ready_calls import calls_of, repeated
from ._tool_calls import Turn, Workshop, asked
from ._tool_run import AnyMessage, OpenCalls, ToolRun, open_calls, plain
from ._tool_terms import ToolTerms
from .errors import ChatError, TurnLimitError, UsageError
from .types._base import UNSET
from .types.event import ToolEvent
from .types.request import ChatRequest
from .types.response import ChatCompletion, ToolCall
from .types.usage import added

Begin = Callable[[int, ToolCall], None]
"""Takes a call that is complete, and its position, while the rest of the answer still comes."""


class Heard(NamedTuple):
    """An answer, and the positions under which its calls were begun, in its order; `None` if none were."""

    completion: ChatCompletion
    positions: Sequence[int] | None = None


Ask = Callable[[ChatRequest, Begin], Awaitable[Heard]]

Complete = Callable[[ChatRequest], Awaitable[ChatCompletion]]


async def run_tools(
    complete: Complete, request: ChatRequest, terms: ToolTerms, resumed: ToolRun | None = None
) -> ToolRun:
    """What comes of the request when its tools are run; `resumed` stands for its messages if it is given.

    Raises `UsageError`, `ToolError`, `TurnLimitError`, `LengthLimitError`, what `complete` raises and what hooks do.
    A `ChatError` has in `run` what there was until then.
    """

    async def ask(request: ChatRequest, begin: Begin) -> Heard:
        return Heard(await complete(request))

    return await ToolLoop(ask, request, terms, resumed).go()


def ignore(event: ToolEvent) -> None:
    """For a run whose events nobody wants."""


class ToolLoop:
    """One run. `ask` asks the model and may begin calls; `tell` takes the events of tools, and must not block."""

    def __init__(
        self,
        ask: Ask,
        request: ChatRequest,
        terms: ToolTerms,
        resumed: ToolRun | None = None,
        tell: Callable[[ToolEvent], None] = ignore,
    ) -> None:
        self._request = checked(request)
        self._resumed = resumed
        self._ask = ask
        self._terms = terms
        self._tell = tell
        start = ToolRun(list(as_messages(request.messages))) if resumed is None else resumed
        self._messages = list(start.messages)
        self._completion = start.completion
        self._usage = start.usage
        self._turns = start.turns
        self._turn: Turn | None = None  # the one that is not over

    @property
    def run(self) -> ToolRun:
        """What there is so far."""
        results = self._turn.results if self._turn is not None else []
        return ToolRun([*self._messages, *results], self._completion, self._usage, self._turns)

    async def go(self) -> ToolRun:
        """The whole run, once."""
        try:
            await self._go(Workshop(self._terms, self._tell))
        except ChatError as error:
            error.run = self.run
            raise
        return self.run

    async def _go(self, shop: Workshop) -> None:
        left = open_calls(self._messages)
        if left.calls:
            goes_on = await self._catch_up(shop, left)
        else:
            goes_on = self._resumed is None or not ends_in_answer(self._messages)
        while goes_on:
            goes_on = await self._take_turn(shop)

    async def _catch_up(self, shop: Workshop, left: OpenCalls) -> bool:
        """Run the calls that a run, or the messages that were given, end with."""
        async with self._new_turn(shop, self._turns, self._messages[: left.at]) as turn:
            turn.complete(left.calls)
        return await self._goes_on(turn)

    async def _take_turn(self, shop: Workshop) -> bool:
        """Ask the model and run what it calls; whether there is another turn."""
        if self._turns >= self._terms.max_turns:
            words = f"the model still calls tools after {self._turns} answers (max_turns={self._terms.max_turns})"
            raise TurnLimitError(words, self._completion or ChatCompletion())

        async with self._new_turn(shop, self._turns + 1, self._messages) as turn:
            heard = await self._ask(self._next_request(), turn.begin)
            calls = self._take(heard.completion, turn)
            turn.complete(list(zip(heard.positions or range(len(calls)), calls, strict=True)))
        return bool(calls) and await self._goes_on(turn)

    async def _goes_on(self, turn: Turn) -> bool:
        if turn.has_paused:
            return False
        return self._terms.stop_when is None or not await asked(self._terms.stop_when, self.run)

    @asynccontextmanager
    async def _new_turn(self, shop: Workshop, number: int, before: Sequence[AnyMessage]) -> AsyncIterator[Turn]:
        """A turn, until all its calls are over; then its results are part of the conversation."""
        async with tasks() as group:
            turn = self._turn = Turn(shop, group, number, before)
            yield turn
        turn.check_over()
        self._messages += turn.results
        self._turn = None

    def _take(self, completion: ChatCompletion, turn: Turn) -> list[ToolCall]:
        """Note an answer; its calls. Raises the error that it is if it was cut in the midst of one."""
        self._completion = completion
        self._usage = added(self._usage, completion.usage)
        self._turns += 1
        calls = calls_of(completion)
        turn.check_end(calls, completion)
        self._messages.append(repeated(completion, calls))
        return calls

    def _next_request(self) -> ChatRequest:
        tools = [tool.param for tool in self._terms.tools.values()] or UNSET
        request = self._request if self._turns == 0 else without_force(self._request)
        return structs.replace(request, messages=list(self._messages), tools=tools)


@asynccontextmanager
async def tasks() -> AsyncIterator[TaskGroup]:
    """A task group whose first error comes alone, with the cause that it has."""
    first = None
    try:
        async with create_task_group() as group:
            yield group
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
    if first is not None:
        raise first


def checked(request: ChatRequest) -> ChatRequest:
    """A request that tools can be run for. Raises `UsageError`."""
    if request.n not in (UNSET, None, 1):
        raise UsageError("n: tools are run for one choice only, leave it out")
    if request.stream is not UNSET:
        raise UsageError("stream: leave it out, run_tools() does not stream and stream_tools() does")
    return request


def ends_in_answer(messages: Sequence[AnyMessage]) -> bool:
    """Whether the last word is the model's, so that there is nothing to ask it."""
    return bool(messages) and plain(messages[-1]).get("role") == "assistant"


def without_force(request: ChatRequest) -> ChatRequest:
    """The request for a later turn: one that had to call tools each time would never end."""
    request = structs.replace(request, tool_choice=unforced(request.tool_choice))
    if not isinstance(request.function_call, str):
        request = structs.replace(request, function_call=UNSET)
    return request


def unforced(choice: Any) -> Any:
    """The choice if it leaves the model free, one among the same tools where it was to be some of these, or none."""
    if choice in (UNSET, "none", "auto"):
        return choice
    values = plain(choice)
    allowed = values.get("allowed_tools")
    return {**values, "allowed_tools": {**allowed, "mode": "auto"}} if isinstance(allowed, dict) else UNSET
