"""The tool loop in both forms: what is asked, what is run, and what the model is told."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from anyio import from_thread

from chatsdk import (
    APIStatusError,
    AsyncChatClient,
    ChatRequest,
    Tool,
    ToolContext,
    UsageError,
    assistant,
    tool,
    user,
)
from chatsdk._tool_calls import MAX_THREADS
from chatsdk._tool_run import ToolRun
from chatsdk._tool_terms import Pause, Refuse, ToolTerms
from chatsdk._tools import run_tools
from chatsdk.errors import ContentFilterError, LengthLimitError, ToolError, TurnLimitError
from chatsdk.testing import ChatServer, Reply
from chatsdk.testing._reply import Call
from chatsdk.types import ChatCompletion, Choice, CompletionUsage, FunctionCall, Message, ToolCall
from chatsdk.types.event import ToolFinished

from .running import Runner, plain, running, told


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


async def get_weather(city: str) -> dict[str, str]:
    """The weather."""
    return {"city": city, "sky": "blue"}


def fail() -> None:
    raise ValueError("the disk is full")


ADD = Reply.tool_call("add", {"a": 1, "b": 2})
FAIL = Reply.tool_call("fail", {})
END = Reply.text("Done.")


# -- turns


async def test_the_model_is_told_the_results_until_it_calls_no_more(runner: Runner, server: ChatServer) -> None:
    server.enqueue(Reply.tool_calls([("add", {"a": 1, "b": 2}), ("get_weather", {"city": "Rome"})], text="Wait."))
    server.enqueue(Reply.tool_call("add", {"a": 3, "b": 4}), END)

    run = await runner.run([add, get_weather], [user("Hi")], parameters={"temperature": 0})

    assert (run.text, run.turns, run.pending) == ("Done.", 3, [])
    assert told(server, 1) == ["3", '{"city":"Rome","sky":"blue"}']
    assert told(server, 2) == ["7"]
    roles = [message["role"] for message in plain(run.messages)]
    assert roles == ["user", "assistant", "tool", "tool", "assistant", "tool", "assistant"]
    assert plain(run.messages)[:-1] == server.requests[2].json["messages"]
    first = plain(run.messages)[1]
    assert first["content"] == "Wait."
    assert [call["id"] for call in first["tool_calls"]] == [each["tool_call_id"] for each in plain(run.messages)[2:4]]
    for request in server.requests:
        assert request.json["temperature"] == 0
        assert [each["function"]["name"] for each in request.json["tools"]] == ["add", "get_weather"]


async def test_an_answer_without_calls_is_the_run(runner: Runner, server: ChatServer) -> None:
    server.enqueue(END, END)
    run = await runner.run([add])
    assert (run.text, run.turns, len(run.messages)) == ("Done.", 1, 2)
    await runner.run([])
    assert "tools" not in server.requests[1].json


async def test_the_usage_of_all_answers_is_summed(runner: Runner, server: ChatServer) -> None:
    streamed = {"stream_options": {"include_usage": True}} if type(runner) is not Runner else {}
    server.enqueue(ADD, END)
    seen: list[CompletionUsage | None] = []

    run = await runner.run([add], parameters=streamed, stop_when=lambda run: seen.append(run.usage))

    first, last = seen[0], run.completion and run.completion.usage
    assert first is not None
    assert last is not None
    assert run.usage == first + last
    assert run.usage.prompt_tokens > last.prompt_tokens


async def test_no_usage_is_told_where_no_server_tells_any(runner: Runner, server: ChatServer) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "fail", "arguments": "{}"}}
    server.enqueue(Reply.json({"id": "c", "choices": [{"index": 0, "message": {"tool_calls": [call]}}]}))
    server.enqueue(Reply.json({"id": "c", "choices": [{"index": 0, "message": {"content": "Done."}}]}))
    run = await runner.run([fail])
    assert (run.text, run.usage) == ("Done.", None)


async def test_too_many_turns_are_an_error_with_the_conversation(runner: Runner, server: ChatServer) -> None:
    server.respond(lambda request: ADD)

    with pytest.raises(TurnLimitError, match=r"after 2 answers \(max_turns=2\)") as caught:
        await runner.run([add], max_turns=2)

    assert len(server.requests) == 2
    run = caught.value.run
    assert run.turns == 2
    assert plain(run.messages)[-1]["content"] == "3"
    assert caught.value.completion == run.completion
    server.respond(lambda request: END)
    assert (await runner.run([add], resumed=run, max_turns=3)).text == "Done."


async def test_ten_turns_are_the_limit_unless_told_otherwise(runner: Runner, server: ChatServer) -> None:
    server.respond(lambda request: ADD)
    with pytest.raises(TurnLimitError):
        await runner.run([add])
    assert len(server.requests) == 10


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_caller_says_when_it_is_enough(runner: Runner, server: ChatServer, is_async: bool) -> None:
    server.respond(lambda request: ADD)

    def enough(run: ToolRun) -> bool:
        return run.turns == 3 and plain(run.messages)[-1]["content"] == "3"

    async def enough_later(run: ToolRun) -> bool:
        return enough(run)

    run = await runner.run([add], stop_when=enough_later if is_async else enough)
    assert (run.turns, run.pending, len(run.messages)) == (3, [], 7)


FORCING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"tool_choice": "required"}, {}),
    ({"tool_choice": {"type": "function", "function": {"name": "add"}}}, {}),
    ({"tool_choice": "auto"}, {"tool_choice": "auto"}),
    ({"tool_choice": "none"}, {"tool_choice": "none"}),
    (
        {
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function"}]},
            }
        },
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function"}]}}},
    ),
    ({"function_call": {"name": "add"}}, {}),
    ({"function_call": "auto"}, {"function_call": "auto"}),
]


@pytest.mark.parametrize(("first", "later"), FORCING, ids=lambda value: str(value)[:60])
async def test_a_choice_that_forces_a_call_holds_for_the_first_turn(
    client: AsyncChatClient, first: dict[str, Any], later: dict[str, Any]
) -> None:
    call = ToolCall("a", function=FunctionCall("add", '{"a":1,"b":2}'))
    answers = [Message(tool_calls=[call]), Message(content="Done.")]
    asked: list[dict[str, Any]] = []

    async def complete(request: ChatRequest) -> ChatCompletion:
        [body] = plain([request])
        asked.append({name: body[name] for name in ("tool_choice", "function_call") if name in body})
        return ChatCompletion("c", [Choice(message=answers[len(asked) - 1])])

    await run_tools(complete, ChatRequest("Hi", **first), ToolTerms([add]))
    assert asked == [first, later]


async def test_a_legacy_call_without_a_name_is_none(runner: Runner, server: ChatServer) -> None:
    message = {"role": "assistant", "content": "Done.", "function_call": {"arguments": "{}"}}
    server.enqueue(Reply.json({"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}))
    run = await runner.run([add])
    assert (run.text, run.turns, len(run.messages)) == ("Done.", 1, 2)


async def test_messages_that_end_in_calls_have_them_run_first(runner: Runner, server: ChatServer) -> None:
    server.enqueue(END)
    calls = [{"type": "function", "id": id, "function": {"name": "add", "arguments": '{"a":1,"b":2}'}} for id in "ab"]
    messages = [user("Hi"), {"role": "assistant", "tool_calls": calls}, tool("five", "a")]
    contexts: list[ToolContext[None]] = []

    def add(a: int, b: int, context: ToolContext[None]) -> int:
        contexts.append(context)
        return a + b

    run = await runner.run([add], messages)

    assert told(server) == ["five", "3"]
    assert run.turns == 1
    assert [(context.call.id, context.turn) for context in contexts] == [("b", 0)]
    assert plain(contexts[0].messages) == plain([user("Hi")])


async def test_messages_that_end_in_an_answer_are_asked_about_and_a_run_that_does_is_over(
    runner: Runner, server: ChatServer
) -> None:
    server.enqueue(END)
    run = await runner.run([add], [user("Hi"), assistant("Well,")])
    assert len(server.requests) == 1
    again = await runner.run([add], resumed=run)
    assert len(server.requests) == 1
    assert again == run


# -- running


async def test_calls_run_at_the_same_time_and_their_results_stand_in_the_order_of_the_calls(
    runner: Runner, server: ChatServer
) -> None:
    gate = asyncio.Event()
    ended: list[str] = []

    async def first() -> str:
        await gate.wait()
        ended.append("first")
        return "1"

    async def second() -> str:
        gate.set()
        ended.append("second")
        return "2"

    server.enqueue(Reply.tool_calls([("first", {}), ("second", {})]), END)
    await runner.run([first, second])
    assert ended == ["second", "first"]
    assert told(server) == ["1", "2"]


@pytest.mark.parametrize(("concurrency", "expected"), [(2, 2), (None, 7)])
async def test_no_more_tools_than_allowed_run_at_a_time(
    runner: Runner, server: ChatServer, concurrency: int | None, expected: int
) -> None:
    counts: list[int] = [0]
    enough = asyncio.Event()

    async def work() -> None:
        counts.append(counts[-1] + 1)
        if counts[-1] == expected:
            enough.set()
        await enough.wait()
        for _ in range(5):
            await asyncio.sleep(0)
        counts.append(counts[-1] - 1)

    server.enqueue(Reply.tool_calls([("work", {})] * 7), END)
    await runner.run([work], concurrency=concurrency)
    assert max(counts) == expected


async def test_a_tool_has_its_own_time_or_that_of_all(runner: Runner, server: ChatServer) -> None:
    cancelled: list[str] = []

    async def slow(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(name)

    async def quick() -> str:
        return "quick"

    tools = [slow, Tool("own", slow, timeout=0.002), Tool("free", quick)]
    calls = [("slow", {"name": "slow"}), ("own", {"name": "own"}), ("free", {})]
    server.enqueue(Reply.tool_calls(calls), END)
    await runner.run(tools, tool_timeout=0.004)

    assert told(server) == ["timed out after 0.004 s", "timed out after 0.002 s", "quick"]
    assert sorted(cancelled) == ["own", "slow"]


async def test_a_tool_that_breaks_as_its_time_is_over_has_timed_out(runner: Runner, server: ChatServer) -> None:
    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("while leaving")

    server.enqueue(Reply.tool_call("slow", {}), END)
    await runner.run([slow], tool_timeout=0.001)
    assert told(server) == ["timed out after 0.001 s"]


async def test_a_tool_that_is_no_coroutine_runs_in_a_thread(runner: Runner, server: ChatServer) -> None:
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    server.enqueue(Reply.tool_call("where", {}), END)
    await runner.run([where])
    assert told(server) == ["false"]


async def test_as_many_tools_run_in_threads_as_the_caller_says(runner: Runner, server: ChatServer) -> None:
    all_of_them = threading.Barrier(60, timeout=5)

    def wait() -> str:
        all_of_them.wait()
        return "ok"

    server.enqueue(Reply.tool_calls([("wait", {})] * 60), END)
    await runner.run([wait], concurrency=60)
    assert told(server) == ["ok"] * 60


async def test_the_wait_for_a_thread_is_none_of_a_tools_time(runner: Runner, server: ChatServer) -> None:
    leave = threading.Event()

    def block() -> None:
        leave.wait(10)

    server.enqueue(Reply.tool_calls([("block", {})] * MAX_THREADS + [("add", {"a": 1, "b": 2})]), END)
    try:
        await runner.run([Tool("block", block, timeout=0.4), Tool("add", add, timeout=0.3)])
    finally:
        leave.set()
    assert told(server) == ["timed out after 0.4 s"] * MAX_THREADS + ["3"]


async def test_tools_in_threads_may_run_tools_in_threads(runner: Runner, server: ChatServer) -> None:
    all_of_them = threading.Barrier(MAX_THREADS, timeout=5)

    def ask() -> str:
        all_of_them.wait()
        run: ToolRun = from_thread.run(runner.run, [add], "inside")
        return run.text

    def answer(request: Any) -> Reply:
        *_, last = request.json["messages"]
        if last["role"] == "tool":
            return END
        return ADD if last["content"] == "inside" else Reply.tool_calls([("ask", {})] * MAX_THREADS)

    server.respond(answer)
    run = await asyncio.wait_for(runner.run([ask]), 20)
    results = [message["content"] for message in plain(run.messages) if message["role"] == "tool"]
    assert results == ["Done."] * MAX_THREADS


async def test_a_tool_may_ask_for_its_context(runner: Runner, server: ChatServer) -> None:
    seen: list[ToolContext[dict[str, int]]] = []

    async def look(context: ToolContext[dict[str, int]]) -> None:
        seen.append(context)

    value = {"deps": 1}
    server.enqueue(Reply.tool_call("look", {}), Reply.tool_call("look", {}), END)
    run = await runner.run([look], "Hi", context=value)

    assert all(context.value is value for context in seen)
    assert [context.turn for context in seen] == [1, 2]
    assert [context.call.name for context in seen] == ["look", "look"]
    assert [plain(context.messages) for context in seen] == [plain(run.messages[:1]), plain(run.messages[:3])]


async def test_a_custom_tool_gets_its_input(runner: Runner, server: ChatServer) -> None:
    server.enqueue(Reply.custom_call("shell", "ls -l"), END)
    run = await runner.run([Tool.custom("shell", str.upper)])
    assert told(server) == ["LS -L"]
    assert plain(run.messages)[1]["tool_calls"][0]["custom"] == {"name": "shell", "input": "ls -l"}


# -- what goes wrong


async def test_the_model_is_told_of_an_exception_and_no_traceback(runner: Runner, server: ChatServer) -> None:
    def silent() -> None:
        raise KeyError

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.to_thread(fail))

    async def left() -> None:
        raise asyncio.CancelledError("of its own")

    def odd() -> None:
        raise OSError("no file \udcff")

    names = ["fail", "silent", "group", "left", "odd"]
    server.enqueue(Reply.tool_calls([(name, {}) for name in names]), END)
    await runner.run([fail, silent, group, left, odd])
    full = "ValueError: the disk is full"
    assert told(server) == [full, "KeyError", full, "CancelledError: of its own", "OSError: no file ?"]


async def test_an_exception_ends_the_run_if_the_caller_wants_it(runner: Runner, server: ChatServer) -> None:
    ended = asyncio.Event()

    async def other() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    gate = asyncio.Event()
    server.enqueue(Reply.tool_calls([("add", {"a": 1, "b": 2}), ("other", {}), ("wait_and_fail", {})]))

    async def wait_and_fail() -> None:
        await gate.wait()
        raise ValueError("the disk is full")

    def finished(event: ToolFinished) -> None:
        gate.set()

    with pytest.raises(ToolError, match="the tool wait_and_fail failed: ValueError: the disk is full") as caught:
        await runner.run([add, other, wait_and_fail], raise_tool_errors=True, after_tool=finished)

    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.call.name == "wait_and_fail"
    assert ended.is_set()


async def test_of_several_exceptions_the_first_comes_alone(runner: Runner, server: ChatServer) -> None:
    both = asyncio.Barrier(2)

    async def break_down() -> None:
        await both.wait()
        raise ValueError("no")

    server.enqueue(Reply.tool_calls([("break_down", {})] * 2))
    with pytest.raises(ToolError) as caught:
        await runner.run([break_down], raise_tool_errors=True)
    assert isinstance(caught.value.__cause__, ValueError)


async def test_what_had_finished_is_kept_by_the_error_and_not_run_again(
    client: AsyncChatClient, server: ChatServer
) -> None:
    gate = asyncio.Event()
    ran: list[str] = []

    async def first() -> str:
        ran.append("first")
        return "1"

    async def second() -> str:
        await gate.wait()
        if not ran[1:]:
            ran.append("second")
            raise ValueError("no")
        return "2"

    server.enqueue(Reply.tool_calls([("second", {}), ("first", {})]))
    with pytest.raises(ToolError) as caught:
        await Runner(client).run([first, second], raise_tool_errors=True, after_tool=lambda finished: gate.set())

    run = caught.value.run
    assert [call.name for call in run.pending] == ["second"]
    server.enqueue(END)
    again = await Runner(client).run([first, second], resumed=ToolRun.from_json(run.to_json()))
    assert (again.text, again.turns, ran) == ("Done.", 2, ["first", "second"])
    assert sorted(told(server)) == ["1", "2"]


async def test_a_timeout_is_an_exception_like_any_other(runner: Runner, server: ChatServer) -> None:
    async def slow() -> None:
        await asyncio.Event().wait()

    server.enqueue(Reply.tool_call("slow", {}))
    with pytest.raises(ToolError, match=r"slow failed: timed out after 0\.001 s") as caught:
        await runner.run([slow], tool_timeout=0.001, raise_tool_errors=True)
    assert isinstance(caught.value.__cause__, TimeoutError)


async def test_a_result_without_json_form_is_the_programs_error(runner: Runner, server: ChatServer) -> None:
    for result in (object(), "name of a file: \udce9"):
        server.enqueue(Reply.tool_call("give", {}))
        with pytest.raises(UsageError, match=f"give: .* this {type(result).__name__} has none") as caught:
            await runner.run([Tool("give", lambda given, result=result: result, parameters={})])
        assert ToolRun.from_json(caught.value.run.to_json()).pending[0].name == "give"


async def test_the_model_is_told_of_a_mistake_once(runner: Runner, server: ChatServer) -> None:
    wrong = Reply.tool_calls([("addd", {}), ("add", {"a": 1})])
    server.enqueue(wrong, ADD, END)
    await runner.run([add, get_weather])
    assert told(server, 1) == [
        "There is no tool 'addd'. Did you mean 'add'? The tools are: add, get_weather.",
        "the arguments of add are wrong: Object missing required field `b` (expected an object with a, b)",
    ]

    server.enqueue(wrong, ADD, Reply.tool_call("addd", {}))
    with pytest.raises(ToolError, match="made it again: There is no tool 'addd'") as caught:
        await runner.run([add])
    assert caught.value.run.turns == 3
    assert [call.name for call in caught.value.run.pending] == ["addd"]


async def test_a_call_as_it_should_be_makes_up_for_a_mistake(runner: Runner, server: ChatServer) -> None:
    wrong = Reply.tool_call("add", {"a": 1})
    server.enqueue(wrong, ADD, wrong, END)
    assert (await runner.run([add])).turns == 4
    server.enqueue(wrong, Reply.tool_calls([("add", {"a": 1}), ("add", {"a": 1, "b": 2})]), END)
    assert (await runner.run([add])).turns == 3
    server.enqueue(wrong, wrong)
    with pytest.raises(ToolError, match="missing required field"):
        await runner.run([add])


async def test_two_mistakes_in_one_answer_are_told_both(runner: Runner, server: ChatServer) -> None:
    server.enqueue(Reply.tool_calls([("nope", {}), ("nope", {})]), END)
    await runner.run([])
    assert told(server) == ["There is no tool 'nope', nor any other."] * 2


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("length", LengthLimitError),
        ("MAX_TOKENS", LengthLimitError),
        ("model_length", LengthLimitError),
        ("content_filter", ContentFilterError),
        ("SAFETY", ContentFilterError),
    ],
)
@pytest.mark.parametrize(
    "call", [Call("add", '{"a":1,"b'), Call("shell", "rm -rf /tmp", "custom")], ids=["function", "custom"]
)
async def test_an_answer_that_was_cut_in_a_call_is_an_error(
    runner: Runner, server: ChatServer, reason: str, error: type[Exception], call: Call
) -> None:
    ran: list[str] = []
    answer = Reply.tool_calls([call])
    [choice] = answer.alternatives
    cut = type(answer)(alternatives=(type(choice)(calls=choice.calls, finish_reason=reason),))
    server.enqueue(cut, END)

    with pytest.raises(error, match=f"was cut \\({reason}\\) in the call of '{call.name}'") as caught:
        await runner.run([add, Tool.custom("shell", ran.append)])

    run = caught.value.run  # type: ignore[attr-defined]
    assert not ran
    assert (len(run.messages), run.turns, run.pending) == (1, 1, [])
    assert (await runner.run([add], resumed=run)).text == "Done."


async def test_an_answer_that_was_cut_after_its_calls_is_an_answer(runner: Runner, server: ChatServer) -> None:
    [choice] = ADD.alternatives
    server.enqueue(type(ADD)(alternatives=(type(choice)(calls=choice.calls, finish_reason="length"),)), END)
    assert (await runner.run([add])).text == "Done."


async def test_an_error_of_a_call_leaves_with_the_run(runner: Runner, server: ChatServer) -> None:
    server.enqueue(ADD, Reply.error(400, "no"))
    with pytest.raises(APIStatusError) as caught:
        await runner.run([add])
    assert caught.value.run.turns == 1
    assert plain(caught.value.run.messages)[-1]["content"] == "3"
    server.enqueue(END)
    assert (await runner.run([add], resumed=caught.value.run)).text == "Done."


async def test_calls_without_ids_get_them_and_a_legacy_call_stands_as_a_tool_call(
    runner: Runner, server: ChatServer
) -> None:
    calls = [{"function": {"name": "add", "arguments": f'{{"a":1,"b":{b}}}'}} for b in (2, 3)]
    legacy = {"name": "add", "arguments": '{"a":1,"b":4}'}
    for message in ({"tool_calls": calls}, {"function_call": legacy}):
        server.enqueue(Reply.json({"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", **message}}]}))
    server.enqueue(END)

    run = await runner.run([add])

    messages = plain(run.messages)
    assert told(server, 1) == ["3", "4"]
    assert told(server, 2) == ["5"]
    assert len({message["tool_call_id"] for message in messages[2:4]}) == 2
    for answer, results in ((messages[1], messages[2:4]), (messages[4], messages[5:6])):
        assert "function_call" not in answer
        assert [call["id"] for call in answer["tool_calls"]] == [result["tool_call_id"] for result in results]


# -- hooks


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_call_can_be_let_be_changed_refused(runner: Runner, server: ChatServer, is_async: bool) -> None:
    def before(call: ToolCall) -> Any:
        if call.arguments == '{"a":1,"b":1}':
            return None
        if call.arguments == '{"a":2,"b":2}':
            return ToolCall("another", function=FunctionCall("add", '{"a":20,"b":20}'))
        return Refuse() if call.arguments == '{"a":3,"b":3}' else Refuse("not on Sundays")

    async def before_later(call: ToolCall) -> Any:
        return before(call)

    server.enqueue(Reply.tool_calls([("add", {"a": n, "b": n}) for n in range(1, 5)]), END)
    run = await runner.run([add], before_tool=before_later if is_async else before)

    assert told(server) == ["2", "40", "This call was refused.", "not on Sundays"]
    messages = plain(run.messages)
    assert [call["id"] for call in messages[1]["tool_calls"]] == [each["tool_call_id"] for each in messages[2:6]]
    assert messages[1]["tool_calls"][1]["function"]["arguments"] == '{"a":2,"b":2}'


async def test_a_call_that_cannot_be_run_is_not_asked_about(runner: Runner, server: ChatServer) -> None:
    seen: list[str] = []
    server.enqueue(Reply.tool_calls([("nope", {}), ("add", {})]), END)
    await runner.run([add], before_tool=lambda call: seen.append(call.name))
    assert seen == []


async def test_a_paused_call_is_pending_and_the_others_are_run(runner: Runner, server: ChatServer) -> None:
    server.enqueue(Reply.tool_calls([("add", {"a": 1, "b": 1}), ("get_weather", {"city": "Rome"})]))
    run = await runner.run([add, get_weather], before_tool=lambda call: Pause() if call.name == "add" else None)

    assert [call.name for call in run.pending] == ["add"]
    assert len(server.requests) == 1
    assert plain(run.messages)[-1]["content"] == '{"city":"Rome","sky":"blue"}'

    asked: list[str] = []
    server.enqueue(END)
    saved = ToolRun.from_json(run.to_json())
    again = await runner.run([add], resumed=saved, before_tool=lambda call: asked.append(call.name))
    assert (again.text, again.turns, again.pending, asked) == ("Done.", 2, [], ["add"])
    assert told(server) == ['{"city":"Rome","sky":"blue"}', "2"]


async def test_a_paused_call_may_be_answered_by_somebody_else(runner: Runner, server: ChatServer) -> None:
    server.enqueue(ADD, END)
    run = await runner.run([add], before_tool=lambda call: Pause())
    run.messages.append(tool("ask me later", run.pending[0].id))
    await runner.run([add], resumed=run, before_tool=lambda call: Pause())
    assert told(server) == ["ask me later"]


async def test_what_the_model_is_told_can_be_changed(runner: Runner, server: ChatServer) -> None:
    seen: list[ToolFinished] = []

    def after(finished: ToolFinished) -> str | None:
        seen.append(finished)
        return {"3": "three", "5": " "}.get(finished.content)

    async def after_later(finished: ToolFinished) -> str | None:
        return after(finished)

    calls = [
        ("add", {"a": 1, "b": 2}),
        ("add", {"a": 1, "b": 3}),
        ("add", {"a": 1, "b": 4}),
        ("fail", {}),
        ("nope", {}),
    ]
    for hook in (after, after_later):
        seen.clear()
        server.enqueue(Reply.tool_calls(calls), END)
        await runner.run([add, fail], after_tool=hook)
        assert told(server)[:4] == ["three", "4", '" "', "ValueError: the disk is full"]
        errors = {finished.position: finished.error for finished in seen}
        assert errors == {0: None, 1: None, 2: None, 3: "ValueError", 4: "unknown tool"}


class HookError(Exception):
    """Of the caller's own."""


@pytest.mark.parametrize("name", ["before_tool", "after_tool", "stop_when"])
@pytest.mark.parametrize("raises", [False, True])
async def test_what_a_hook_raises_comes_through_as_it_is(
    runner: Runner, server: ChatServer, name: str, raises: bool
) -> None:
    error = HookError("no")

    async def hook(value: object) -> None:
        raise error

    server.enqueue(Reply.tool_calls([("add", {"a": 1, "b": 2}), ("add", {"a": 1, "b": 3})]))
    with pytest.raises(HookError) as caught:
        await runner.run([add], raise_tool_errors=raises, **{name: hook})
    assert caught.value is error


@pytest.mark.parametrize("name", ["before_tool", "after_tool"])
async def test_a_hook_that_gives_something_else_is_a_usage_error(runner: Runner, server: ChatServer, name: str) -> None:
    server.enqueue(ADD)
    with pytest.raises(UsageError, match=f"{name} gives .* not bool"):
        await runner.run([add], **{name: lambda value: True})


async def test_a_changed_call_that_cannot_be_run_is_a_usage_error(runner: Runner, server: ChatServer) -> None:
    server.enqueue(ADD)
    with pytest.raises(UsageError, match="before_tool gave a call that cannot be run: There is no tool 'nope'"):
        await runner.run([add], before_tool=lambda call: ToolCall("a", function=FunctionCall("nope", "{}")))


async def test_a_hook_that_lets_itself_be_cancelled_does_not_pass_for_an_answer(
    runner: Runner, server: ChatServer
) -> None:
    async def hook(call: ToolCall) -> None:
        raise asyncio.CancelledError

    server.enqueue(ADD)
    with pytest.raises(ToolError, match="the call of add was cancelled from within"):
        await runner.run([add], before_tool=hook)


@pytest.mark.parametrize("name", ["tool", "before_tool", "after_tool"])
async def test_a_tool_or_hook_that_cancels_its_own_task_is_an_error(
    runner: Runner, server: ChatServer, name: str
) -> None:
    async def leave(value: object = None) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.Event().wait()

    async def other() -> None:
        await asyncio.Event().wait()

    server.enqueue(Reply.tool_calls([("work", {}), ("other", {})]), END)
    work = Tool("work", leave if name == "tool" else get_weather, parameters={})
    hooks = {} if name == "tool" else {name: leave}
    with pytest.raises(ToolError, match="the call of work was cancelled from within") as caught:
        await runner.run([work, other], **hooks)
    assert caught.value.call.name == "work"
    assert len(server.requests) == 1


# -- leaving


async def test_cancelling_the_caller_cancels_the_tools(runner: Runner, server: ChatServer) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
            raise OSError("while leaving")

    server.enqueue(Reply.tool_call("hang", {}))
    task = asyncio.ensure_future(runner.run([hang], raise_tool_errors=True))
    await started.wait()
    assert running()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert running() == set()


async def test_a_deadline_of_the_callers_ends_the_run(runner: Runner, server: ChatServer) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    server.enqueue(Reply.tool_call("hang", {}))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await runner.run([hang])


# -- terms


def choose(city: str) -> str:
    return city


BAD_TERMS: list[tuple[Any, dict[str, Any], str]] = [
    ([add, Tool("add", choose)], {}, "two tools are called add"),
    ([{"type": "function", "function": {"name": "add"}}], {}, r"wrap it, as Tool\(name, function, parameters=...\)"),
    ([Tool("add", add).param], {}, "wrap it"),
    (add, {}, "tools is a list"),
    (Tool("add", add), {}, "tools is a list"),
    ("add", {}, "tools is a list"),
    ([7], {}, "a tool is a function or a Tool"),
    ([add], {"max_turns": 0}, "max_turns"),
    ([add], {"max_turns": None}, "max_turns"),
    ([add], {"concurrency": 0}, "concurrency"),
    ([add], {"tool_timeout": 0}, "tool_timeout"),
    ([add], {"tool_timeout": True}, "tool_timeout"),
    ([add], {"tool_timeout": "1"}, "tool_timeout"),
    ([add], {"stop_when": True}, "stop_when"),
    ([add], {"before_tool": "ask"}, "before_tool"),
    ([add], {"after_tool": 1}, "after_tool"),
]


@pytest.mark.parametrize(("tools", "terms", "words"), BAD_TERMS)
def test_terms_that_cannot_work_are_usage_errors(tools: Any, terms: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ToolTerms(tools, **terms)


@pytest.mark.parametrize(
    ("messages", "parameters", "words"),
    [
        ("Hi", {"n": 2}, "n: "),
        ("Hi", {"stream": True}, "stream: "),
        ("Hi", {"stream": False}, "stream: "),
        ({"role": "user"}, {}, "messages: "),
        (7, {}, "messages: "),
        ([user("Hi"), {"role": "assistant", "tool_calls": 7}], {}, "the tool calls of the last answer"),
        ([7], {}, r"messages\[0\]"),
        ([{"role": "user", "content": b"bytes"}], {}, r"messages\[0\]"),
        ([{"role": "user", "content": object()}], {}, "messages"),
    ],
)
async def test_a_request_that_cannot_work_is_a_usage_error(
    runner: Runner, server: ChatServer, messages: Any, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        await runner.run([add], messages, parameters=parameters)
    assert not server.requests


@pytest.mark.parametrize(
    ("args", "parameters", "words"),
    [
        (("Hi",), {"max_turn": 3}, "did you mean 'max_turns'"),
        (("Hi", "y"), {}, "messages is the only positional parameter"),
        ((ToolRun([user("Hi")]), "y"), {}, "messages is the only positional parameter"),
        ((ToolRun([user("Hi")]),), {"messages": "z"}, "given once"),
        ((), {}, "messages are missing"),
    ],
)
async def test_a_run_is_asked_for_as_a_call_is(
    client: AsyncChatClient, args: tuple[Any, ...], parameters: dict[str, Any], words: str
) -> None:
    run, stream = cast(Any, client.run_tools), cast(Any, client.stream_tools)
    with pytest.raises(UsageError, match=words):
        await run(*args, tools=[], **parameters)
    with pytest.raises(UsageError, match=words):
        stream(*args, tools=[], **parameters)


async def test_a_run_without_tools_said_is_refused_and_one_may_be_named(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.text("Hello."))
    call = cast(Any, client.run_tools)
    with pytest.raises(UsageError, match="tools are missing"):
        await call("Hi")

    assert (await call(messages=ToolRun([user("Hi")]), tools=[])).text == "Hello."
