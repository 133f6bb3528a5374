"""Cancelling, stopping, losing and closing: prompt, typed, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from chatsdk import AsyncChatClient, ChatStream, ClientClosedError, RetryPolicy, StreamError, UsageError
from chatsdk._transport._aiohttp import AiohttpResponse, AiohttpTransport
from chatsdk.testing import ChatServer, Reply

AT_ONCE = RetryPolicy(initial_delay=0)


def endless(*texts: str) -> Reply:
    """A stream that says this and never ends."""
    return Reply.sse([*({"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts), asyncio.Event()])


async def gone(server: ChatServer) -> None:
    """Wait until the server has no open connection."""
    with anyio.fail_after(5):
        await server.wait_until(lambda: server.connections == 0)


@pytest.fixture
async def quiet() -> AsyncIterator[None]:
    """No task is left, and the loop has nothing to complain of."""
    loop = asyncio.get_running_loop()
    complaints: list[object] = []
    loop.set_exception_handler(lambda loop, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield
    gc.collect()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - {asyncio.current_task()} <= before
    assert complaints == []


def client_of(server: ChatServer, **settings: Any) -> AsyncChatClient:
    """A client that waits for nothing between its attempts."""
    return AsyncChatClient(base_url=server.base_url, model="m", retry=AT_ONCE, **settings)


class Steps:
    """Cancels a task after it has been resumed so many times."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.is_used_up = False

    async def run(self, work: Callable[[], Awaitable[object]]) -> None:
        task = asyncio.ensure_future(self._counted(work()))
        self.task = task
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def _counted(self, awaitable: Awaitable[object]) -> Awaitable[object]:
        steps = self

        class Counted:
            def __await__(self):  # type: ignore[no-untyped-def]
                iterator = awaitable.__await__()
                value = None
                while True:
                    try:
                        pending = iterator.send(value)
                    except StopIteration as stop:
                        return stop.value
                    steps.left -= 1
                    if steps.left == 0:
                        asyncio.get_running_loop().call_soon(steps.task.cancel)
                        steps.is_used_up = True
                    try:
                        value = yield pending
                    except BaseException as error:
                        iterator.throw(error)
                        raise AssertionError("a cancelled wait went on") from None

        async def run() -> object:
            return await Counted()

        return run()


CALLS: dict[str, Callable[[AsyncChatClient], Awaitable[object]]] = {
    "create": lambda client: client.create("Hi"),
    "stream": lambda client: client.stream("Hi").completion(),
}


@pytest.mark.parametrize("way", CALLS)
@pytest.mark.parametrize("fresh", [True, False], ids=["fresh connection", "kept connection"])
async def test_a_call_may_be_cancelled_after_any_of_its_steps(quiet: None, way: str, fresh: bool) -> None:
    count = 0
    steps = Steps(1)
    while count == 0 or steps.is_used_up:
        count += 1
        async with ChatServer() as server, client_of(server, max_connections=1) as client:
            if not fresh:
                await client.create("Hi")
            server.enqueue(Reply.error(500, "oh"))
            steps = Steps(count)
            await steps.run(lambda: CALLS[way](client))
            assert steps.task.cancelled() == steps.is_used_up
            with anyio.fail_after(2):  # the one connection there may be is free again
                assert (await client.create("Hi")).text
            await client.aclose()
            await gone(server)

    assert count > 3


async def test_closing_may_be_cancelled_after_any_of_its_steps_and_done_again(quiet: None) -> None:
    count = 0
    steps = Steps(1)
    while count == 0 or steps.is_used_up:
        count += 1
        async with ChatServer() as server:
            server.enqueue(Reply.text("Hello"), endless("Hel"))
            client = client_of(server)
            await client.create("Hi")
            stream = client.stream("Hi")
            await anext(stream)
            steps = Steps(count)
            await steps.run(client.aclose)
            with anyio.fail_after(2):
                await client.aclose()
                await gone(server)
            with pytest.raises(ClientClosedError):
                await stream.completion()


async def test_time_limits_of_others_end_a_call(server: ChatServer, quiet: None) -> None:
    server.enqueue(*[Reply.text("Hello").after(asyncio.Event())] * 3, *[endless("Hel")] * 2)
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.create("Hi")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.create("Hi"), 0.05)
        with anyio.move_on_after(0.05) as scope:
            await client.create("Hi")
        assert scope.cancelled_caught

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.stream("Hi").completion(), 0.05)
        stream = client.stream("Hi")
        with anyio.move_on_after(0.05) as scope:
            await stream.completion()
        assert scope.cancelled_caught
        assert stream.outcome == "stopped"
        assert stream.so_far.text == "Hel"
        await gone(server)
        assert (await client.create("Hi")).text


async def test_a_sibling_that_fails_ends_a_call_of_its_task_group(server: ChatServer, quiet: None) -> None:
    class SiblingError(Exception):
        pass

    async def fail() -> None:
        await asyncio.sleep(0.02)
        raise SiblingError

    server.enqueue(endless("Hel"), Reply.text("Hello").after(asyncio.Event()))
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        with pytest.raises(BaseExceptionGroup) as caught:  # noqa: PT012 - the group is what is tested
            async with anyio.create_task_group() as group:
                group.start_soon(client.stream("Hi").completion)
                group.start_soon(client.create, "Hi")
                group.start_soon(fail)
        assert caught.group_contains(SiblingError)
        assert not caught.group_contains(asyncio.CancelledError)
        await gone(server)


async def test_closing_ends_live_streams_and_calls_that_wait(server: ChatServer, quiet: None) -> None:
    waiting: set[object] = set()
    retry = RetryPolicy(before_retry=lambda error, delay: waiting.add(error))
    later = Reply.error(503, "later", headers={"retry-after": "60"})
    server.enqueue(*[endless("Hel")] * 100)
    client = AsyncChatClient(base_url=server.base_url, model="m", retry=retry)
    streams = [client.stream("Hi") for _ in range(100)]
    for stream in streams:
        await anext(stream)
    server.enqueue(*[later] * 20, *[Reply.text("Hello").after(asyncio.Event())] * 10)
    calls = [asyncio.create_task(client.create("Hi")) for _ in range(20)]
    with anyio.fail_after(5):
        while len(waiting) < 20:  # noqa: ASYNC110 - a set tells nobody
            await asyncio.sleep(0)
    calls += [asyncio.create_task(client.create("Hi")) for _ in range(10)]
    reading = [asyncio.create_task(stream.completion()) for stream in streams]
    with anyio.fail_after(5):
        await server.wait_until(lambda: len(server.requests) >= 130)

    with anyio.fail_after(1):
        await client.aclose()
        results = await asyncio.gather(*calls, *reading, return_exceptions=True)

    assert {type(result) for result in results} == {ClientClosedError}
    assert all(stream.so_far.text == "Hel" for stream in streams)
    assert all(result.partial is not None and result.partial.text == "Hel" for result in results[30:])  # type: ignore[union-attr]
    await gone(server)
    await client.aclose()
    for use in CALLS.values():
        with pytest.raises(ClientClosedError):
            await use(client)


async def test_a_stream_is_closed_from_another_task(server: ChatServer, quiet: None) -> None:
    server.enqueue(*[endless("Hel")] * 2, Reply.text("Hello").after(asyncio.Event()))
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        for close in (ChatStream.stop, ChatStream.aclose):
            stream = client.stream("Hi")
            texts = stream.text()
            assert await anext(texts) == "Hel"
            reading = asyncio.create_task(anext(texts, None))
            await asyncio.sleep(0)
            done = close(stream)
            if done is not None:
                await done
            with anyio.fail_after(1):
                assert await reading is None
            assert stream.outcome == "stopped"

        opening = client.stream("Hi")
        reading = asyncio.create_task(anext(opening.text(), None))
        with anyio.fail_after(5):
            await server.wait_until(lambda: len(server.requests) >= 3)
        opening.stop()
        with anyio.fail_after(1):
            assert await reading is None
        await gone(server)


@pytest.mark.parametrize("leave", ["break", "lost", "with", "error"])
async def test_a_stream_that_is_left_frees_its_connection(server: ChatServer, quiet: None, leave: str) -> None:
    async def use(client: AsyncChatClient) -> None:
        if leave == "lost":
            await anext(client.stream("Hi").events())
        elif leave == "break":
            async for _ in client.stream("Hi").deltas():
                break
        else:
            async with client.stream("Hi") as stream:
                async for _ in stream:
                    if leave == "error":
                        raise ValueError
                    break

    server.enqueue(endless("Hel"))
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        with contextlib.suppress(ValueError):
            await use(client)
        gc.collect()
        await gone(server)
        assert (await client.create("Hi")).text


async def test_one_client_serves_loops_in_threads_and_is_closed_from_one_of_them(
    server: ChatServer, quiet: None
) -> None:
    client = AsyncChatClient(base_url=server.base_url, model="m")
    results: list[object] = []
    reading = threading.Barrier(4, timeout=10)

    async def work() -> None:
        results.append((await client.create("Hi")).text)
        stream = client.stream("wait")
        await anext(stream)
        reading.wait()
        try:
            await stream.completion()
        except ClientClosedError as error:
            results.append(error)

    server.respond(lambda request: endless("Hel") if request.json.get("stream") else Reply.text("Hello"))
    threads = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    with anyio.fail_after(5):
        await asyncio.to_thread(reading.wait)
    await client.aclose()
    for thread in threads:
        await asyncio.to_thread(thread.join, 5)
        assert not thread.is_alive()

    assert sorted(type(result).__name__ for result in results) == ["ClientClosedError"] * 3 + ["str"] * 3
    await gone(server)


class Hooked:
    """Awaits something, and calls back in the very turn in which it is done, before its task goes on."""

    def __init__(self, awaitable: Awaitable[object], callback: Callable[[], object]) -> None:
        self._awaitable, self._callback = awaitable, callback

    def __await__(self):  # type: ignore[no-untyped-def]
        result = yield from self._awaitable.__await__()
        self._callback()
        return result


@pytest.mark.parametrize("seam", ["send", "read_some"])
async def test_a_stream_may_be_stopped_in_the_very_turn_in_which_something_comes(
    server: ChatServer, quiet: None, monkeypatch: pytest.MonkeyPatch, seam: str
) -> None:
    owner = AiohttpTransport if seam == "send" else AiohttpResponse
    real = getattr(owner, seam)

    async def stopping(self: object, *args: object) -> object:
        return await Hooked(real(self, *args), stream.stop)

    server.enqueue(endless("Hel", "lo"))
    async with client_of(server, max_connections=1) as client:
        stream = client.stream("Hi")
        with monkeypatch.context() as patched:
            patched.setattr(owner, seam, stopping)
            assert [text async for text in stream.text()] == []
        assert (stream.outcome, stream.so_far.text) == ("stopped", "")
        with anyio.fail_after(2):
            assert (await client.create("Hi")).text
    await gone(server)


async def test_a_stream_that_another_thread_loses_is_closed_in_its_loop(server: ChatServer, quiet: None) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    server.enqueue(endless("Hel"))
    async with client_of(server, max_connections=1) as client:
        streams = [client.stream("Hi")]
        assert await anext(streams[0].text()) == "Hel"
        await asyncio.to_thread(lambda: (streams.clear(), gc.collect()))
        with anyio.fail_after(2):
            assert (await client.create("Hi")).text


PROGRAM = """
import asyncio, gc, os, sys
from chatsdk import AsyncChatClient

client = AsyncChatClient(base_url={base_url!r}, api_key="sk-canary-exit", model="m")
kept = []

async def open_one():
    stream = client.stream("Hi")
    kept.append(stream)
    return await anext(stream.text())

async def talk():
    return (await client.create("Hi")).text
"""

ENDINGS = {
    "an open stream at exit": "asyncio.run(open_one())",
    "streams left open in several loops": "for _ in range(3): asyncio.run(open_one())",
    "a stream lost in its loop": """
        async def main():
            await open_one(); kept.clear(); gc.collect(); await talk()
        asyncio.run(main())
    """,
    "an exit in the middle of a stream": """
        async def main():
            await open_one(); sys.exit(0)
        asyncio.run(main())
    """,
    "idle connections of several loops at exit": "for _ in range(3): assert asyncio.run(talk()) == 'Hello'",
    "a closed client": """
        async def main():
            await open_one(); await client.aclose(); await client.aclose()
        asyncio.run(main())
    """,
    "a call that was cancelled": """
        async def main():
            await open_one()
            call = asyncio.create_task(kept[0].completion())
            await asyncio.sleep(0); call.cancel()
        asyncio.run(main())
    """,
    "a client that is lost": """
        async def main():
            global client
            await open_one(); await talk(); kept.clear(); del client; gc.collect(); await asyncio.sleep(0)
        asyncio.run(main())
    """,
}

FORKS = """
loop = asyncio.new_event_loop()
print(loop.run_until_complete(open_one()), flush=True)
child = os.fork()
if child == 0:
    assert asyncio.run(talk())
    {end}
assert os.waitpid(child, 0)[1] == 0
async def go_on():
    print(await anext(kept[0].text()))
    kept[0].stop()
    assert await talk()
    await client.aclose()
loop.run_until_complete(go_on())
loop.close()
"""


@contextlib.asynccontextmanager
async def ticking() -> AsyncIterator[str]:
    """The base URL of a server whose streams go on for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"content-length" in line)
                body = await reader.readexactly(length)
                if b'"stream":true' not in body:
                    answer = b'{"choices":[{"index":0,"message":{"content":"Hello"}}]}'
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
                while True:
                    writer.write(b'data: {"choices":[{"index":0,"delta":{"content":"tick"}}]}\n\n')
                    await writer.drain()
                    await asyncio.sleep(0.01)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    finally:
        listener.close()


async def run(program: str, *options: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *options,
        "-c",
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    try:
        with anyio.fail_after(20):
            out, err = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("options", [(), ("-X", "dev", "-W", "error")], ids=["plain", "strict"])
async def test_a_program_ends_without_a_word(ending: str, options: tuple[str, ...]) -> None:
    async with ticking() as base_url:
        program = PROGRAM.format(base_url=base_url) + textwrap.dedent(ENDINGS[ending])
        assert await run(program, *options) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)", "asyncio.run(client.aclose()); os._exit(0)"])
async def test_a_forked_child_uses_the_client_and_leaves_the_parent_alone(end: str) -> None:
    async with ticking() as base_url:
        program = PROGRAM.format(base_url=base_url) + FORKS.format(end=end)
        code, out, err = await run(program)
    assert (code, out.split(), err) == (0, ["tick", "tick"], "")


async def test_an_error_event_drops_the_connection(server: ChatServer, quiet: None) -> None:
    server.enqueue(Reply.sse([{"error": {"message": "no", "code": 400}}, asyncio.Event()]))
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        with pytest.raises(StreamError):
            await client.stream("Hi").completion()
        await gone(server)


async def test_a_second_consumer_does_not_harm_the_first(server: ChatServer, quiet: None) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.sse([gate, {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}]))
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        stream = client.stream("Hi")
        first = asyncio.create_task(stream.completion())
        await asyncio.sleep(0)
        with pytest.raises(UsageError):
            await stream.completion()
        gate.set()
        assert (await first).text == "Hi"


async def test_stopping_a_stream_that_has_come_leaves_alone_the_call_that_took_over_its_connection() -> None:
    """Its connection went back when its last byte had come, though nobody had read that yet."""
    requests: list[bytes] = []
    asked, answer_now, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                requests.append(await reader.readexactly(length))
                if b'"stream":true' in requests[-1]:
                    kind, body = b"text/event-stream", b"".join(map(event, ("a", "b"))) + b"data: [DONE]\n\n"
                else:
                    asked.set()
                    await answer_now.wait()
                    kind, body = b"application/json", b'{"choices":[{"message":{"content":"Hello"}}]}'
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(body)))
                writer.write(body[:90])
                await writer.drain()
                await asyncio.sleep(0.01)
                writer.write(body[90:])
        over.set()

    def event(text: str) -> bytes:
        return b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n' % text.encode()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server, AsyncChatClient(base_url=url, api_key="sk-0123456789", model="m", max_retries=0) as client:
        stream = client.stream("Hi")
        assert await anext(stream.text()) == "a"
        assert stream._reading is not None
        response = stream._reading._response
        assert isinstance(response, AiohttpResponse)
        while response._response.connection is not None:  # noqa: ASYNC110 - aiohttp tells nobody
            await asyncio.sleep(0.01)
        call = asyncio.create_task(client.create("Hello?"))
        await asked.wait()
        stream.stop()
        answer_now.set()

        assert (await call).text == "Hello"
        assert len(requests) == 2
        await client.aclose()
        await over.wait()
