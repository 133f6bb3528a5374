from __future__ import annotations

import asyncio
import gc
import gzip

import msgspec
import pytest

from chatsdk import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncChatClient,
    ChatCompletion,
    ChatCompletionChunk,
    ChatStream,
    ClientClosedError,
    Delta,
    Finished,
    InternalServerError,
    ReasoningDelta,
    RefusalDelta,
    ResponseDecodeError,
    StreamError,
    StreamInterruptedError,
    StreamStats,
    TextDelta,
    TextDone,
    Timeouts,
    ToolCallDelta,
    ToolCallDone,
    UsageError,
    UsageUpdate,
)
from chatsdk._protocol.sse import encode_event
from chatsdk._views import Snapshots
from chatsdk.testing import ChatServer, Reply
from tests.test_cost import END, EVENT_READ, client_of

DONE = b"data: [DONE]\n\n"


def piece(content: str | None = None, *, index: int = 0, finish: str | None = None) -> dict[str, object]:
    delta = {} if content is None else {"content": content}
    return {"id": "c1", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


class Reader:
    """Reads a stream in a task of its own; `came` is set with the first text."""

    def __init__(self, stream: ChatStream) -> None:
        self.came = asyncio.Event()
        self.seen = ""
        self.task = asyncio.ensure_future(self._read(stream))

    async def _read(self, stream: ChatStream) -> str:
        async for text in stream.text():
            self.seen += text
            self.came.set()
        return self.seen


async def test_text_comes_in_pieces_and_adds_up(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("Hello there, you."))

    async with client.stream("Hi", temperature=0.2) as stream:
        pieces = [text async for text in stream.text()]
        completion = await stream.completion()

    assert len(pieces) > 1
    assert "".join(pieces) == completion.text == "Hello there, you."
    assert stream.outcome == "complete"
    assert completion.finish_reason == "stop"
    assert completion.request_id == stream.request_id
    assert server.requests[-1].json["stream"] is True
    assert server.requests[-1].json["temperature"] == 0.2


async def test_plain_iteration_gives_the_chunks_as_they_came(client: AsyncChatClient, server: ChatServer) -> None:
    first = piece("Hel") | {"timings": {"ms": 1}}
    server.enqueue(Reply.sse([first, piece("lo", finish="stop"), DONE]))

    chunks = [chunk async for chunk in client.stream("Hi")]

    assert all(isinstance(chunk, ChatCompletionChunk) for chunk in chunks)
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["Hel", "lo"]
    assert chunks[0].raw == first


async def test_deltas_are_flat_and_name_their_choice(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.choices(Reply.text("one"), Reply.text("two")))
    deltas = [delta async for delta in client.stream("Hi", n=2).deltas()]
    assert {delta.index for delta in deltas} == {0, 1}
    assert all(isinstance(delta, Delta) for delta in deltas)

    server.enqueue(*[Reply.choices(Reply.text("one"), Reply.text("two"))] * 2)
    only = [delta async for delta in client.stream("Hi", n=2).deltas(index=1)]
    assert "".join(delta.content or "" for delta in only) == "two"
    assert only[-1].finish_reason == "stop"
    assert "".join([text async for text in client.stream("Hi", n=2).text(index=1)]) == "two"


async def test_events_tell_what_happens(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.tool_calls([("get_weather", {"city": "Rome"}), ("get_time", {})], text="Wait."))
    tools = [{"type": "function", "function": {"name": name}} for name in ("get_weather", "get_time")]
    request = client.stream("Hi", tools=tools, stream_options={"include_usage": True})

    events = [event async for event in request.events()]

    texts = [event.text for event in events if isinstance(event, TextDelta)]
    done = [event for event in events if isinstance(event, ToolCallDone)]
    assert "".join(texts) == "Wait."
    assert TextDone(0, "Wait.") in events
    assert [(call.position, call.name, call.arguments) for call in done] == [
        (0, "get_weather", '{"city":"Rome"}'),
        (1, "get_time", "{}"),
    ]
    for call in done:
        pieces = [event for event in events if isinstance(event, ToolCallDelta) and event.id == call.id]
        assert "".join(event.arguments for event in pieces) == call.arguments
    assert [event for event in events if isinstance(event, Finished)] == [Finished(0, "tool_calls")]
    assert events[-1] == Finished(0, "tool_calls")
    assert any(isinstance(event, UsageUpdate) for event in events)


async def test_reasoning_and_refusal_are_events_too(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("42", reasoning="Hm, let me see."), Reply.refusal("I will not."))

    thought = [event async for event in client.stream("Hi").events()]
    declined = [event async for event in client.stream("Hi").events()]

    assert "".join(event.text for event in thought if isinstance(event, ReasoningDelta)) == "Hm, let me see."
    assert "".join(event.text for event in declined if isinstance(event, RefusalDelta)) == "I will not."


async def test_so_far_is_valid_at_any_time(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([piece("Hel"), piece("lo", finish="stop"), DONE]))
    stream = client.stream("Hi")
    assert stream.so_far.text == ""
    assert stream.outcome == "open"

    seen = ""
    async for text in stream.text():
        seen += text
        assert stream.so_far.text == seen

    assert seen == "Hello"


async def test_views_share_one_stream_and_lose_nothing_between_them(
    client: AsyncChatClient, server: ChatServer
) -> None:
    both = {"choices": [{"index": 0, "delta": {"content": "b"}}, {"index": 1, "delta": {"content": "B"}}]}
    server.enqueue(Reply.sse([piece("a"), both, piece("c", finish="stop"), piece(index=1, finish="stop"), DONE]))
    stream = client.stream("Hi")

    async for text in stream.text():
        assert text == "a"
        break
    async for delta in stream.deltas():
        assert delta.content == "b"
        break
    rest = [delta.content async for delta in stream.deltas()]

    assert rest == ["B", "c", None]
    assert (await stream.completion()).text == "abc"


async def test_a_finish_reason_for_every_choice_is_a_good_end_without_done(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.sse([piece("Hello"), piece(finish="stop")]))
    stream = client.stream("Hi")
    assert (await stream.completion()).text == "Hello"
    assert stream.outcome == "complete"

    server.enqueue(Reply.sse([piece("Hello"), DONE]))
    stream = client.stream("Hi")
    assert (await stream.completion()).finish_reason is None
    assert stream.outcome == "complete"


@pytest.mark.parametrize("disconnect", [False, True], ids=["clean end", "cut connection"])
@pytest.mark.parametrize(
    "pieces",
    [
        [piece("Hel"), piece("lo")],
        [piece("Hello"), b'data: {"id": "c1", "choi'],
        [piece("Hello"), piece(finish="stop"), piece("other", index=1)],
    ],
    ids=["no end", "half a chunk", "one choice unfinished"],
)
async def test_a_stream_that_breaks_off_never_looks_complete(
    client: AsyncChatClient, server: ChatServer, pieces: list[object], disconnect: bool
) -> None:
    server.enqueue(Reply.sse(pieces, disconnect=disconnect))
    stream = client.stream("Hi")
    reader = Reader(stream)

    with pytest.raises(StreamInterruptedError) as caught:
        await reader.task

    assert reader.seen == caught.value.partial.text == stream.so_far.text == "Hello"
    assert stream.outcome == "truncated"
    with pytest.raises(StreamInterruptedError):
        await stream.completion()
    with pytest.raises(StreamInterruptedError):
        await stream.open()


async def test_a_cut_connection_after_the_finish_reason_is_a_good_end(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.sse([piece("Hello"), piece(finish="stop")], disconnect=True))

    stream = client.stream("Hi")

    assert (await stream.completion()).text == "Hello"
    assert stream.outcome == "complete"


@pytest.mark.parametrize("pieces", [[], [b"\n\n"], [DONE], [b"upstream timed out"]], ids=str)
async def test_a_stream_without_a_chunk_is_an_error(
    client: AsyncChatClient, server: ChatServer, pieces: list[bytes]
) -> None:
    server.enqueue(Reply.sse(pieces))
    stream = client.with_options(max_retries=0).stream("Hi")

    with pytest.raises(ResponseDecodeError, match="empty"):
        await stream.completion()

    assert stream.outcome == "error"


async def test_a_connection_that_breaks_before_the_first_chunk_is_an_interruption(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.sse([b": ping\n\n"], disconnect=True))

    with pytest.raises(StreamInterruptedError, match="broke off") as caught:
        await client.with_options(max_retries=0).stream("Hi").completion()

    assert caught.value.partial.choices == []
    assert caught.value.request_id


async def test_an_error_in_the_stream_comes_after_what_came_before_it(
    client: AsyncChatClient, server: ChatServer
) -> None:
    error = {"error": {"message": "the model fell over", "type": "server_error", "code": 500}}
    server.enqueue(Reply.sse([piece("Hel"), piece("lo"), error]))
    stream = client.stream("Hi")
    reader = Reader(stream)

    with pytest.raises(StreamError, match="the model fell over") as caught:
        await reader.task

    assert reader.seen == "Hello"
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hello"
    assert (caught.value.code, caught.value.type, caught.value.status) == (500, "server_error", 500)
    assert stream.outcome == "error"


async def test_a_refused_request_is_an_error_when_the_stream_is_opened(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.error(400, "Unknown voice."), Reply.error(400, "Unknown voice."))
    stream = client.stream("Hi")

    with pytest.raises(APIStatusError, match="Unknown voice"):
        async with stream:
            pass
    with pytest.raises(APIStatusError, match="Unknown voice"):
        await client.create("Hi", stream=True)

    assert stream.outcome == "error"


async def test_opening_is_tried_again(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.error(503, "later"), Reply.text("Hello"))
    assert (await client.stream("Hi").completion()).text == "Hello"

    server.enqueue(*[Reply.error(503, "later")] * 3)
    with pytest.raises(InternalServerError):
        await client.stream("Hi").completion()


async def test_stop_from_another_task_ends_the_iteration_and_frees_the_socket(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.sse([piece("Hello"), asyncio.Event()]))
    stream = client.stream("Hi")
    reader = Reader(stream)
    await reader.came.wait()

    stream.stop()
    stream.stop()

    assert await reader.task == "Hello"
    assert stream.outcome == "stopped"
    assert (await stream.completion()).text == "Hello"
    await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)


async def test_stop_while_it_is_being_opened(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("never").after(asyncio.Event()))
    stream = client.stream("Hi")
    reading = asyncio.ensure_future(stream.completion())
    await server.wait_until(lambda: len(server.requests) == 1)

    stream.stop()

    assert (await reading).text == ""
    assert stream.outcome == "stopped"
    await server.wait_until(lambda: server.connections == 0)


async def test_stop_before_it_is_opened_sends_nothing(client: AsyncChatClient, server: ChatServer) -> None:
    stream = client.stream("Hi")

    stream.stop()

    assert [text async for text in stream.text()] == []
    assert server.requests == []


async def test_leaving_the_block_frees_the_socket(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([piece("Hello"), asyncio.Event()]))

    async with client.stream("Hi") as stream:
        async for _ in stream.text():
            break

    assert stream.outcome == "stopped"
    await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)


@pytest.mark.parametrize("view", ["chunks", "text", "deltas", "events"])
async def test_break_and_losing_the_reference_frees_the_socket(
    client: AsyncChatClient, server: ChatServer, view: str
) -> None:
    server.enqueue(Reply.sse([piece("Hello"), asyncio.Event()]))
    gc.disable()  # it is the lost reference that frees it, not the collector
    try:
        async for _ in client.stream("Hi") if view == "chunks" else getattr(client.stream("Hi"), view)():
            break
        await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)
    finally:
        gc.enable()


async def test_cancelling_the_task_frees_the_socket(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([piece("Hello"), asyncio.Event()]))
    stream = client.stream("Hi")
    reader = Reader(stream)
    await reader.came.wait()

    reader.task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reader.task
    assert stream.outcome == "stopped"
    await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)


async def test_a_second_consumer_at_the_same_time_is_a_usage_error(client: AsyncChatClient, server: ChatServer) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.sse([piece("Hello"), gate, piece(finish="stop"), DONE]))
    stream = client.stream("Hi")
    reader = Reader(stream)
    await reader.came.wait()

    with pytest.raises(UsageError, match="one consumer"):
        await stream.completion()

    gate.set()
    assert await reader.task == "Hello"


async def test_closing_the_client_under_a_live_stream_is_told_to_it(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.sse([piece("Hello"), asyncio.Event()]))
    stream = client.stream("Hi")
    reader = Reader(stream)
    await reader.came.wait()

    await client.aclose()

    with pytest.raises(ClientClosedError) as caught:
        await reader.task
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Hello"


async def test_each_time_limit_is_told_by_its_phase_and_keeps_what_came(server: ChatServer) -> None:
    hang = asyncio.Event()
    cases = [
        (Reply.text("x").after(hang), Timeouts(headers=0.05), "headers", None),
        (Reply.sse([b": ping\n\n", hang]), Timeouts(first_token=0.05), "first_token", None),
        (Reply.sse([b": ping\n\n", hang]), Timeouts(idle=0.05), "idle", None),
        (Reply.sse([piece("Hello"), hang]), Timeouts(idle=0.05), "idle", "Hello"),
        (Reply.sse([piece("Hello"), hang]), Timeouts(total=0.05), "total", "Hello"),
    ]
    async with AsyncChatClient(base_url=server.base_url, model="m", max_retries=0) as client:
        for reply, timeout, phase, partial in cases:
            server.enqueue(reply)
            stream = client.with_options(timeout=timeout).stream("Hi")
            with pytest.raises(APITimeoutError) as caught:
                await stream.completion()
            assert caught.value.phase == phase
            assert (caught.value.partial and caught.value.partial.text) == partial
            assert stream.outcome == "error"


async def test_a_completion_in_answer_to_a_stream_is_one_chunk(client: AsyncChatClient, server: ChatServer) -> None:
    body = {
        "id": "c1",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    server.enqueue(Reply.json(body), Reply.json(body))

    assert [text async for text in client.stream("Hi").text()] == ["Hello"]
    completion = await client.stream("Hi").completion()
    assert completion.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 2


async def test_an_error_or_a_page_in_answer_to_a_stream_is_an_error(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.json({"error": {"message": "no such endpoint"}}))
    with pytest.raises(APIStatusError, match="no such endpoint") as caught:
        await client.with_options(max_retries=0).stream("Hi").completion()
    assert caught.value.status == 200

    server.enqueue(Reply.json(b"<!doctype html><title>Welcome</title>", headers={"content-type": "text/html"}))
    with pytest.raises(ResponseDecodeError):
        await client.with_options(max_retries=0).stream("Hi").completion()


async def test_connections_are_kept_after_streams_that_end(client: AsyncChatClient, server: ChatServer) -> None:
    for _ in range(5):
        await client.stream("Hi").completion()

    assert server.connections == 1


async def test_snapshots_give_the_whole_text_now_and_then_and_at_the_end(
    client: AsyncChatClient, server: ChatServer
) -> None:
    words = ["a", "b", "c", "d", "e"]
    server.enqueue(*[Reply.sse([*map(piece, words), piece(finish="stop"), DONE])] * 3)
    now = iter([0.0, 0.0, 0.4, 0.8, 1.2, 1.2, 1.6, 9.0, 9.0])
    clocked = Snapshots(client.stream("Hi"), 1.0, clock=lambda: next(now))

    assert [text async for text in clocked] == ["a", "abcd", "abcde"]
    assert [text async for text in client.stream("Hi").snapshots(every=0)] == ["a", "ab", "abc", "abcd", "abcde"]
    assert [text async for text in client.stream("Hi").snapshots(every=3600)] == ["a", "abcde"]


async def test_sse_passes_on_what_came(client: AsyncChatClient, server: ChatServer) -> None:
    odd = {"id": "c1", "choices": [{"index": 0, "delta": {"content": "a"}}], "timings": {"ms": 1}}
    server.enqueue(Reply.sse([odd, b'data: {"choices":\ndata: []}\n\n', piece(finish="stop"), DONE]))

    passed_on = [event async for event in client.stream("Hi").sse()]
    server.enqueue(Reply.sse(passed_on))
    again = await client.stream("Hi").completion()

    assert passed_on[-1] == DONE
    assert passed_on[1] == b'data: {"choices":\ndata: []}\n\n'
    assert b"timings" in passed_on[0]
    assert again.text == "a"


async def test_sse_ends_a_failed_stream_with_an_error_event(client: AsyncChatClient, server: ChatServer) -> None:
    failures = [
        (Reply.sse([piece("a")]), "StreamInterruptedError", "broke off"),
        (Reply.sse([piece("a"), {"error": {"message": "no", "type": "t", "code": "c"}}]), "t", "no"),
        (Reply.error(400, "no such voice"), "invalid_request_error", "no such voice"),
    ]
    for reply, kind, message in failures:
        server.enqueue(reply)
        events = [event async for event in client.stream("Hi").sse()]
        server.enqueue(Reply.sse(events))
        with pytest.raises(StreamError, match=message) as caught:
            await client.stream("Hi").completion()
        assert caught.value.type == kind
        assert DONE not in events


async def test_sse_of_a_stopped_stream_just_ends(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.sse([piece("a"), asyncio.Event()]))
    stream = client.stream("Hi")
    body = stream.sse()

    assert b'"a"' in await anext(body)
    stream.stop()

    assert [event async for event in body] == []


async def test_a_second_consumer_does_not_end_up_in_the_body(client: AsyncChatClient, server: ChatServer) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.sse([piece("Hello"), gate, piece(finish="stop"), DONE]))
    stream = client.stream("Hi")
    reader = Reader(stream)
    await reader.came.wait()

    with pytest.raises(UsageError, match="one consumer"):
        await anext(stream.sse())

    gate.set()
    assert await reader.task == "Hello"


async def test_a_cut_gzip_body_is_an_error_plain_and_streamed(client: AsyncChatClient, server: ChatServer) -> None:
    noise = "".join(map(str, range(2000)))  # so that the cut falls within the answer
    events = b"".join(encode_event(msgspec.json.encode(chunk)) for chunk in (piece(noise), piece(finish="stop"))) + DONE
    whole = msgspec.json.encode({"choices": [{"message": {"content": noise}, "finish_reason": "stop"}]})
    once = client.with_options(max_retries=0)
    zipped = {"content-encoding": "gzip"}

    server.enqueue(Reply.sse([gzip.compress(events)], headers=zipped))
    assert (await once.stream("Hi").completion()).text == noise
    server.enqueue(Reply.sse([gzip.compress(events)[:-600]], headers=zipped))
    with pytest.raises(StreamInterruptedError):
        await once.stream("Hi").completion()
    server.enqueue(Reply.json(gzip.compress(whole)[:-600], headers=zipped))
    with pytest.raises((ResponseDecodeError, APIConnectionError)):
        await once.create("Hi")


async def test_a_stream_tells_how_it_came(client: AsyncChatClient, server: ChatServer) -> None:
    class Pause:
        async def wait(self) -> None:
            await asyncio.sleep(0.05)

    body = [piece("Hel"), Pause(), piece("lo"), Pause(), piece("!", finish="stop"), DONE]
    server.enqueue(Reply.error(500, "first"), Reply.sse(body))
    stream = client.stream("Hi")
    assert stream.stats == StreamStats()

    await stream.completion()

    stats = stream.stats
    assert stats.time_to_first_token is not None
    assert stats.time_to_first_token < 5
    assert (stats.tokens, stats.attempts) == (3, 2)
    assert stats.gaps.count == 2
    assert 0.04 < stats.gaps.p50 <= stats.gaps.max
    assert stats.tokens_per_second is not None
    assert stats.bytes > 100


async def test_texts_that_are_empty_are_no_tokens_however_many_come() -> None:
    empty = EVENT_READ.replace(b" word", b"")
    stream = client_of([EVENT_READ, empty * 64, empty, empty, empty, END]).stream("Hi")

    await stream.completion()

    assert stream.stats.tokens == 2  # the word and the end


async def test_what_on_complete_raises_is_not_lost(client: AsyncChatClient) -> None:
    def refuse(completion: ChatCompletion) -> None:
        raise UsageError("no room")

    stream = client.stream("Hi")
    stream.on_complete = refuse
    with pytest.raises(UsageError, match="no room"):
        await stream.completion()
    assert stream.outcome == "complete"
    assert (await stream.completion()).text


async def test_a_document_that_comes_slowly_is_progress(server: ChatServer) -> None:
    body = b'{"choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]}'

    class Pause:
        async def wait(self) -> None:
            await asyncio.sleep(0.06)

    pieces = [part for byte in range(0, len(body), 10) for part in (Pause(), body[byte : byte + 10])]
    server.enqueue(Reply.sse(pieces))
    limits = Timeouts(idle=0.3)
    async with AsyncChatClient(base_url=server.base_url, model="m", timeout=limits, max_retries=0) as client:
        assert (await client.stream("Hi").completion()).text == "Hello"
