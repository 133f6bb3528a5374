"""Tools in a stream: when they start, what is told of them, and how a run is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

import pytest

from chatsdk import (
    APIStatusError,
    AsyncChatClient,
    ClientClosedError,
    Finished,
    Pause,
    StreamInterruptedError,
    TextDelta,
    TextDone,
    Tool,
    ToolCall,
    ToolCallDone,
    UsageError,
)
from chatsdk._tool_run import ToolRun
from chatsdk._tool_stream import ToolStream
from chatsdk.errors import ToolError
from chatsdk.testing import ChatServer, Reply
from chatsdk.types.event import ToolEvent, ToolFinished, ToolStarted

from .running import DONE, end, piece, plain, running, said, stream_tools, told

END = Reply.text("Done.")


def add(a: int, b: int) -> int:
    return a + b


async def collect(stream: ToolStream) -> list[ToolEvent]:
    return [event async for event in stream]


class Hanging:
    """A tool that never ends; `started` and `ended` tell what has become of it."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    @property
    def tool(self) -> Tool:
        return Tool("hang", self)


HANG = Reply.tool_call("hang", {})


# -- what is told


async def test_the_events_of_every_turn_are_told_and_those_of_tools_between(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.tool_calls([("add", {"a": 1, "b": 2})], text="Wait."), END)
    stream = stream_tools(client, [add])

    events = await collect(stream)

    finished = [event for event in events if isinstance(event, ToolFinished)]
    [done] = [event for event in events if isinstance(event, ToolCallDone)]
    [started] = [event for event in events if isinstance(event, ToolStarted)]
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(texts) == "Wait.Done."
    assert [(event.turn, event.position, event.content, event.error) for event in finished] == [(1, 0, "3", None)]
    assert (started.turn, started.position, started.call) == (1, 0, finished[0].call)
    assert (done.id, done.name, done.arguments) == (started.call.id, "add", started.call.arguments)
    assert events.index(started) < events.index(finished[0]) < events.index(TextDone(0, "Done."))
    assert events[-1] == Finished(0, "stop")
    assert stream.run.text == "Done."
    assert server.requests[0].json["stream"] is True
    assert await stream.result() == stream.run


async def test_a_tool_starts_while_the_rest_of_the_answer_is_still_to_come(
    client: AsyncChatClient, server: ChatServer
) -> None:
    ran = asyncio.Event()

    async def first() -> str:
        ran.set()
        return "1"

    async def second() -> str:
        return "2"

    calls = [piece(0, "{}", "first", "a"), piece(1, "{", "second", "b"), ran, piece(1, "}"), end("tool_calls"), DONE]
    server.enqueue(Reply.sse(calls), END)

    events = await asyncio.wait_for(collect(stream_tools(client, [first, second])), 5)

    names = [event.call.name for event in events if isinstance(event, ToolFinished)]
    assert names == ["first", "second"]
    assert told(server) == ["1", "2"]


async def test_the_last_tool_starts_at_the_finish_reason(client: AsyncChatClient, server: ChatServer) -> None:
    ran = asyncio.Event()

    async def only() -> None:
        ran.set()

    server.enqueue(Reply.sse([piece(0, "{}", "only", "a"), end("tool_calls"), ran, DONE]), END)
    run = await asyncio.wait_for(stream_tools(client, [only]).result(), 5)
    assert run.text == "Done."


async def test_a_tool_runs_though_nobody_asks_for_events(client: AsyncChatClient, server: ChatServer) -> None:
    ran = asyncio.Event()

    async def first() -> None:
        ran.set()

    calls = [piece(0, "{}", "first", "a"), piece(1, "{}", "first", "b"), asyncio.Event()]
    server.enqueue(Reply.sse(calls))
    async with stream_tools(client, [first]) as stream:
        await anext(stream)
        await asyncio.wait_for(ran.wait(), 5)


async def test_the_answer_is_not_read_far_ahead_of_the_consumer(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([*(said(str(number)) for number in range(1000)), end("stop"), DONE]))
    opened: list[Any] = []
    stream = stream_tools(client, [add])
    opens = stream._feed._open

    def note(request: Any) -> Any:
        opened.append(opens(request))
        return opened[-1]

    stream._feed._open = note
    async with stream:
        for taken in range(1, 30):
            await anext(stream)
            for _ in range(20):
                await asyncio.sleep(0)
            text = opened[0].so_far.text
            assert text in ["".join(map(str, range(taken + ahead))) for ahead in range(11)]
        events = await collect(stream)
    assert len([event for event in events if isinstance(event, TextDelta)]) == 1000 - 29


# -- calls that change, and servers that are odd


async def test_a_call_that_goes_on_after_it_was_complete_is_answered_as_a_mistake(
    client: AsyncChatClient, server: ChatServer
) -> None:
    hang = Hanging()
    finished: list[str] = []

    async def quick() -> str:
        return "quick"

    answer = [
        piece(0, "{}", "hang", "a"),
        piece(1, "{}", "quick", "b"),
        piece(2, "{}", "quick", "c"),
        hang.started,
        piece(0, "{}"),
        piece(1, '{"x":1}'),
        piece(2, " "),
        end("tool_calls"),
        DONE,
    ]
    server.enqueue(Reply.sse(answer), END)
    stream = stream_tools(client, [hang.tool, quick], after_tool=lambda event: finished.append(event.content))
    run = await asyncio.wait_for(stream.result(), 5)

    assert hang.ended.is_set()
    assert told(server) == [
        "the call of hang went on after it was complete: make it again",
        "the call of quick went on after it was complete: make it again",
        "quick",
    ]
    assert finished.count("quick") == 2
    assert run.text == "Done."


@pytest.mark.parametrize("holds_out", [False, True])
async def test_a_call_that_goes_on_after_it_was_paused_is_not_waited_for(
    client: AsyncChatClient, server: ChatServer, holds_out: bool
) -> None:
    asked = asyncio.Event()

    async def pause(call: ToolCall) -> Pause:
        asked.set()
        if holds_out:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return Pause()

    answer = [piece(0, "{}", "add", "a"), piece(1, "", "nope", "b"), asked, piece(0, "{}"), end("stop"), DONE]
    server.enqueue(Reply.sse(answer), END)
    run = await asyncio.wait_for(
        stream_tools(client, [Tool("add", repr, parameters={})], before_tool=pause).result(), 5
    )
    assert (run.text, run.pending) == ("Done.", [])


async def test_a_hook_that_holds_out_does_not_bring_back_an_answer_that_was_dropped(
    client: AsyncChatClient, server: ChatServer
) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def quick() -> str:
        return "quick"

    async def after(finished: ToolFinished) -> None:
        if finished.error is not None:
            answered.set()
        elif finished.position == 0:
            asked.set()
            while not answered.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await answered.wait()

    answer = [piece(0, "{}", "quick", "a"), piece(1, "{}", "quick", "b"), asked, piece(0, "{}"), end("stop"), DONE]
    server.enqueue(Reply.sse(answer), END)
    await asyncio.wait_for(stream_tools(client, [quick], after_tool=after).result(), 5)
    assert told(server) == ["the call of quick went on after it was complete: make it again", "quick"]


async def test_an_answer_that_was_dropped_is_no_part_of_the_run_that_an_error_leaves(
    client: AsyncChatClient, server: ChatServer
) -> None:
    told_once = asyncio.Event()

    def quick() -> str:
        return "quick"

    def after(finished: ToolFinished) -> None:
        if finished.call.name == "quick":
            told_once.set()

    answer = [piece(0, "{}", "quick", "a"), piece(1, "{}", "nope", "b"), told_once, piece(0, "{}"), end("stop"), DONE]
    server.enqueue(Reply.tool_call("nope", {}), Reply.sse(answer))
    with pytest.raises(ToolError) as caught:
        await asyncio.wait_for(stream_tools(client, [quick], after_tool=after).result(), 5)
    assert [call.name for call in caught.value.run.pending] == ["quick", "nope"]


async def test_a_call_whose_name_goes_on_after_it_was_complete_is_another(
    client: AsyncChatClient, server: ChatServer
) -> None:
    ran = asyncio.Event()

    def part(index: int, name: str | None, text: str, id: str | None = None) -> dict[str, Any]:
        call = {"index": index, "id": id, "type": "custom", "custom": {"name": name, "input": text}}
        return {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}

    async def short(text: str) -> str:
        ran.set()
        return "short"

    answer = [part(0, "sh", "", "a"), part(1, "sh", "ls", "b"), ran, part(0, "ell", ""), end("stop"), DONE]
    server.enqueue(Reply.sse(answer), END)
    tools = [Tool.custom("sh", short), Tool.custom("shell", str.upper)]
    await asyncio.wait_for(stream_tools(client, tools).result(), 5)
    assert told(server) == ["the call of shell went on after it was complete: make it again", "short"]


async def test_an_id_that_comes_late_is_the_one_that_is_answered(client: AsyncChatClient, server: ChatServer) -> None:
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    answer = [piece(0, "{}", "work"), piece(1, "{}", "work", "b"), ran, piece(0, "", None, "late"), end("stop"), DONE]
    server.enqueue(Reply.sse(answer), END)
    await asyncio.wait_for(stream_tools(client, [work]).result(), 5)
    messages = server.requests[1].json["messages"]
    assert [call["id"] for call in messages[1]["tool_calls"]] == ["late", "b"]
    assert [message["tool_call_id"] for message in messages[2:]] == ["late", "b"]


async def test_results_stand_in_the_order_of_indexes_though_calls_came_in_another(
    client: AsyncChatClient, server: ChatServer
) -> None:
    answer = [piece(2, '{"a":2,"b":0}', "add", "c"), piece(1, '{"a":1,"b":0}', "add", "b"), end("tool_calls"), DONE]
    server.enqueue(Reply.sse(answer), END)
    events = await collect(stream_tools(client, [add]))
    messages = server.requests[1].json["messages"]
    assert [message["tool_call_id"] for message in messages[2:]] == ["b", "c"]
    assert told(server) == ["1", "2"]
    assert {event.position: event.content for event in events if isinstance(event, ToolFinished)} == {0: "2", 1: "1"}


async def test_a_server_that_answers_a_stream_with_one_document_is_understood(
    client: AsyncChatClient, server: ChatServer
) -> None:
    call = {"function": {"name": "add", "arguments": '{"a":1,"b":2}'}}
    message = {"role": "assistant", "tool_calls": [call]}
    server.enqueue(Reply.json({"id": "c", "choices": [{"index": 1, "message": message}]}), END)
    assert (await stream_tools(client, [add]).result()).text == "Done."
    assert told(server) == ["3"]


# -- how a run ends


async def test_a_stream_that_breaks_cancels_its_tools_and_the_turn_is_forgotten(
    client: AsyncChatClient, server: ChatServer
) -> None:
    hang = Hanging()
    answer = [piece(0, "{}", "hang", "a"), piece(1, "{", "hang", "b"), hang.started]
    server.enqueue(Reply.tool_call("add", {"a": 1, "b": 2}), Reply.sse(answer, disconnect=True))
    stream = stream_tools(client, [hang.tool, add])

    with pytest.raises(StreamInterruptedError) as caught:
        await collect(stream)

    assert hang.ended.is_set()
    assert caught.value.partial.tool_calls
    run = caught.value.run
    assert (run.turns, run.pending, plain(run.messages)[-1]["content"]) == (1, [], "3")
    assert stream.run == run
    with pytest.raises(StreamInterruptedError):
        await stream.result()
    server.enqueue(END)
    assert (await stream_tools(client, [add], resumed=run).result()).text == "Done."


async def test_an_error_before_the_stream_leaves_with_the_run(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.error(400, "no"))
    with pytest.raises(APIStatusError) as caught:
        await anext(stream_tools(client, [add]))
    assert len(caught.value.run.messages) == 1


async def test_a_tool_that_fails_ends_the_answer_that_still_comes(client: AsyncChatClient, server: ChatServer) -> None:
    def fail() -> None:
        raise ValueError("no")

    server.enqueue(Reply.sse([piece(0, "{}", "fail", "a"), piece(1, "{", "fail", "b"), asyncio.Event()]))
    with pytest.raises(ToolError) as caught:
        await asyncio.wait_for(collect(stream_tools(client, [fail], raise_tool_errors=True)), 5)
    assert isinstance(caught.value.__cause__, ValueError)
    assert len(caught.value.run.messages) == 1
    await server.wait_until(lambda: server.aborted == 1)


async def test_a_stopped_run_ends_normally_and_goes_on_from_json(client: AsyncChatClient, server: ChatServer) -> None:
    hang = Hanging()
    server.enqueue(Reply.tool_calls([("hang", {}), ("add", {"a": 1, "b": 2})]))
    stream = stream_tools(client, [hang.tool, add])
    async for event in stream:
        if isinstance(event, ToolFinished):
            stream.stop()
    await hang.ended.wait()

    assert await stream.result() == stream.run
    saved = stream.run.to_json()
    assert [call.name for call in stream.run.pending] == ["hang"]
    server.enqueue(END)
    run = await stream_tools(client, [Tool("hang", lambda: "now")], resumed=ToolRun.from_json(saved)).result()
    assert (run.text, run.turns) == ("Done.", 2)
    assert sorted(told(server)) == ["3", "now"]


async def test_a_run_that_was_stopped_before_it_began_asks_nothing(client: AsyncChatClient, server: ChatServer) -> None:
    stream = stream_tools(client, [add], "Hi")
    stream.stop()
    assert await collect(stream) == []
    assert plain(stream.run.messages) == [{"role": "user", "content": "Hi"}]
    assert not server.requests


async def test_stopping_a_run_that_is_over_changes_nothing(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.error(400, "no"))
    stream = stream_tools(client, [add])
    with pytest.raises(APIStatusError):
        await collect(stream)
    stream.stop()
    await stream.aclose()
    with pytest.raises(APIStatusError):
        await collect(stream)


async def test_another_task_may_stop_the_run(client: AsyncChatClient, server: ChatServer) -> None:
    hang = Hanging()
    server.enqueue(HANG)
    stream = stream_tools(client, [hang.tool])
    reading = asyncio.ensure_future(collect(stream))
    await hang.started.wait()
    stream.stop()
    events = await asyncio.wait_for(reading, 5)
    assert not [event for event in events if isinstance(event, ToolFinished)]
    assert [call.name for call in stream.run.pending] in ([], ["hang"])
    assert hang.ended.is_set()
    assert running() == set()


async def test_leaving_the_block_ends_everything(client: AsyncChatClient, server: ChatServer) -> None:
    hang = Hanging()
    calls = [piece(0, "{}", "hang", "a"), piece(1, "{", "hang", "b"), asyncio.Event()]
    server.enqueue(Reply.sse(calls))
    async with stream_tools(client, [hang.tool]) as stream:
        async for event in stream:
            if isinstance(event, ToolStarted):
                break
    assert hang.ended.is_set()
    assert running() == set()
    await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)


async def test_losing_the_stream_ends_everything(client: AsyncChatClient, server: ChatServer) -> None:
    hang = Hanging()
    calls = [piece(0, "{}", "hang", "a"), piece(1, "{", "hang", "b"), asyncio.Event()]
    server.enqueue(Reply.sse(calls))
    gc.disable()  # it is the lost reference that ends it, not the collector
    try:
        async for event in stream_tools(client, [hang.tool]):
            if isinstance(event, ToolStarted):
                break
        await asyncio.wait_for(hang.ended.wait(), 5)
        await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)
    finally:
        gc.enable()
    assert running() == set()


async def test_a_stream_that_another_thread_loses_ends_in_its_loop(client: AsyncChatClient, server: ChatServer) -> None:
    asyncio.get_running_loop().set_debug(True)
    hang = Hanging()
    server.enqueue(HANG)
    streams = [stream_tools(client, [hang.tool])]
    async for event in streams[0]:
        if isinstance(event, ToolStarted):
            break
    run = streams[0]._feed._task
    assert run is not None
    await asyncio.to_thread(streams.clear)
    await asyncio.wait([run], timeout=5)
    assert hang.ended.is_set()
    assert running() == set()


def test_a_stream_that_outlives_its_loop_is_lost_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    client = AsyncChatClient(base_url="http://127.0.0.1:9/v1", api_key="sk-0123456789", model="m")
    stream = stream_tools(client, [add])
    loop = asyncio.new_event_loop()
    stream._feed._task = task = loop.create_future()  # type: ignore[assignment]
    task.add_done_callback(print)
    loop.close()
    stream.stop()
    del stream
    gc.collect()
    assert not recwarn.list


@pytest.mark.parametrize("way", ["stop", "aclose"])
async def test_a_tool_may_end_its_own_run(client: AsyncChatClient, server: ChatServer, way: str) -> None:
    ended: list[str] = []

    async def finish() -> str:
        result = getattr(stream, way)()
        if result is not None:
            await result
        ended.append("finish")
        return "ok"

    server.enqueue(Reply.tool_calls([("finish", {})]))
    stream = stream_tools(client, [finish])
    events = await asyncio.wait_for(collect(stream), 5)
    assert not [event for event in events if isinstance(event, ToolFinished)]
    assert (ended, len(stream.run.pending)) == ((["finish"], 0) if way == "stop" else ([], 1))
    assert running() == set()


async def test_cancelling_the_consumer_ends_everything(client: AsyncChatClient, server: ChatServer) -> None:
    hang = Hanging()
    calls = [piece(0, "{}", "hang", "a"), piece(1, "{", "hang", "b"), asyncio.Event()]
    server.enqueue(Reply.sse(calls))
    stream = stream_tools(client, [hang.tool])
    reading = asyncio.ensure_future(collect(stream))
    await hang.started.wait()
    assert len(running()) == 2
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert hang.ended.is_set()
    assert running() == set()
    await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)


async def test_a_run_whose_task_somebody_cancels_does_not_look_complete(
    client: AsyncChatClient, server: ChatServer
) -> None:
    hang = Hanging()
    server.enqueue(HANG)
    stream = stream_tools(client, [hang.tool])
    reading = asyncio.ensure_future(collect(stream))
    await hang.started.wait()
    assert stream._feed._task is not None
    stream._feed._task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_closing_the_client_ends_the_run_with_an_error(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([said("Well"), asyncio.Event()]))
    stream = stream_tools(client, [add])
    await anext(stream)
    reading = asyncio.ensure_future(collect(stream))
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(ClientClosedError) as caught:
        await reading
    assert len(caught.value.run.messages) == 1


async def test_a_second_consumer_is_refused_and_the_first_goes_on(client: AsyncChatClient, server: ChatServer) -> None:
    gate = asyncio.Event()
    server.enqueue(END.after(gate))
    stream = stream_tools(client, [add])
    reading = asyncio.ensure_future(collect(stream))
    await server.wait_until(lambda: server.requests)
    with pytest.raises(UsageError, match="one consumer"):
        await anext(stream)
    gate.set()
    assert Finished(0, "stop") in await reading


def test_a_stream_that_is_refused_leaves_nothing_behind(recwarn: pytest.WarningsRecorder) -> None:
    client = AsyncChatClient(base_url="http://127.0.0.1:9/v1", api_key="sk-0123456789", model="m")
    with pytest.raises(UsageError, match="n: "):
        stream_tools(client, [add], parameters={"n": 2})
    gc.collect()
    assert not recwarn.list


def test_a_stream_may_be_made_where_no_loop_runs() -> None:
    client = AsyncChatClient(base_url="http://127.0.0.1:9/v1", api_key="sk-0123456789", model="m")
    assert stream_tools(client, [add]).run.turns == 0
