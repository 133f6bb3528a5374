"""The server as a client meets it: its address, its doors, and what happens when either side leaves."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
from typing import Any

import aiohttp
import msgspec
import pytest

from chatsdk.testing import DEMO_MODEL, ChatServer, Reply, sse_body

from .conftest import HELLO, Client


async def test_it_listens_on_loopback_under_v1(server: ChatServer) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.base_url.endswith("/v1")


async def test_it_has_no_address_while_it_does_not_run() -> None:
    server = ChatServer()
    with pytest.raises(RuntimeError, match="does not run"):
        _ = server.base_url


async def test_it_starts_once_closes_twice_and_starts_again(session: aiohttp.ClientSession) -> None:
    server = await ChatServer().start()
    with pytest.raises(RuntimeError, match="runs already"):
        await server.start()
    await server.aclose()
    await server.aclose()

    async with server:
        assert (await Client(session, server.base_url).create())["object"] == "chat.completion"


async def test_prefix_and_models_are_the_users_choice(session: aiohttp.ClientSession) -> None:
    async with ChatServer(prefix="/openai/deployments/a%20b", models=["x", "org/y"]) as server:
        client = Client(session, server.base_url)
        assert (await client.create())["object"] == "chat.completion"
        assert [model["id"] for model in (await client.ask("GET", "/models"))[1]["data"]] == ["x", "org/y"]


async def test_the_port_can_be_chosen() -> None:
    async with ChatServer() as first:
        port = int(first.base_url.split(":")[2].split("/")[0])
    async with ChatServer(port=port) as second:
        assert f":{port}/" in second.base_url


async def test_requests_are_recorded_as_they_came(server: ChatServer, client: Client) -> None:
    await client.ask("GET", "/chat/completions?limit=2&order=desc", headers={"X-Test": "1"})
    await client.create()
    await client.ask("GET", "/models/a%2Fb")

    listing, creation, model = server.requests
    assert (listing.method, listing.path) == ("GET", "/v1/chat/completions")
    assert listing.query == {"limit": "2", "order": "desc"}
    assert listing.headers["x-test"] == listing.headers["X-TEST"] == "1"
    assert creation.json == HELLO
    assert creation.body.startswith(b'{"model"')
    assert model.path == "/v1/models/a%2Fb"


async def test_a_large_request_is_read_whole(server: ChatServer, client: Client) -> None:
    text = "x" * 5_000_000
    request = msgspec.json.encode(HELLO | {"messages": [{"role": "user", "content": text}]})
    status, _ = await client.ask("POST", "/chat/completions", data=io.BytesIO(request))
    assert status == 200
    assert server.requests[0].body == request


async def test_every_answer_has_the_apis_headers(server: ChatServer, session: aiohttp.ClientSession) -> None:
    names = {
        f"x-ratelimit-{fact}-{unit}" for fact in ("limit", "remaining", "reset") for unit in ("requests", "tokens")
    }
    ids = set()
    for method, path in ("POST", "/chat/completions"), ("GET", "/models"), ("GET", "/nowhere"):
        async with session.request(method, server.base_url + path, json=HELLO) as response:
            assert names | {"openai-processing-ms"} <= {name.lower() for name in response.headers}
            ids.add(response.headers["x-request-id"])
    assert len(ids) == 3


async def test_a_key_is_asked_for_only_if_one_is_set(session: aiohttp.ClientSession) -> None:
    async with ChatServer(api_key="sk-right") as server:
        client = Client(session, server.base_url)
        server.enqueue(Reply.text("in"))
        for headers in {}, {"Authorization": "Bearer sk-wrong"}:
            status, body = await client.ask("POST", "/chat/completions", json=HELLO, headers=headers)
            assert status == 401
            assert body["error"]["code"] == "invalid_api_key"
            assert "sk-" not in body["error"]["message"]

        assert server.pending == 1, "who is turned away at the door takes no reply"
        right = {"Authorization": "Bearer sk-right"}
        _, body = await client.ask("POST", "/chat/completions", json=HELLO, headers=right)
        assert body["choices"][0]["message"]["content"] == "in"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "unknown_url"),
        ("POST", "/chat/completions/x/messages/y", 404, "unknown_url"),
        ("PUT", "/chat/completions", 405, "method_not_supported"),
        ("GET", "/models/gpt-9", 404, "model_not_found"),
        ("DELETE", "/models/gpt-9", 404, "model_not_found"),
        ("GET", "/chat/completions/x", 404, "not_found"),
        ("POST", "/chat/completions/x", 404, "not_found"),
        ("DELETE", "/chat/completions/x", 404, "not_found"),
        ("GET", "/chat/completions/x/messages", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_an_error_object(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    found, body = await client.ask(method, path)
    assert found == status
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert body["error"]["code"] == code


async def test_a_models_name_asks_for_an_error_over_the_wire(client: Client) -> None:
    status, body = await client.ask("POST", "/chat/completions", json=HELLO | {"model": "error-503"})
    assert (status, body["error"]["type"]) == (503, "server_error")


async def test_models_are_listed_shown_and_deleted(client: Client) -> None:
    _, listed = await client.ask("GET", "/models")
    _, model = await client.ask("GET", f"/models/{DEMO_MODEL}")
    assert listed == {"object": "list", "data": [model]}
    assert (model["id"], model["object"]) == (DEMO_MODEL, "model")

    _, deleted = await client.ask("DELETE", f"/models/{DEMO_MODEL}")
    assert deleted == {"id": DEMO_MODEL, "object": "model", "deleted": True}
    assert (await client.ask("GET", "/models"))[1]["data"] == []


async def test_a_client_that_leaves_a_stream_is_counted(server: ChatServer, session: aiohttp.ClientSession) -> None:
    never = asyncio.Event()
    server.enqueue(Reply.text(["Hel", never, "lo"]))
    async with session.post(server.base_url + "/chat/completions", json=HELLO | {"stream": True}) as response:
        await response.content.readany()
        assert server.connections == 1

    await server.wait_until(lambda: server.aborted == 1)
    await server.wait_until(lambda: server.connections == 0)


async def test_a_client_that_leaves_before_the_head_is_counted(
    server: ChatServer, session: aiohttp.ClientSession
) -> None:
    server.enqueue(Reply.text("late").after(asyncio.Event()))
    call = asyncio.create_task(session.post(server.base_url + "/chat/completions", json=HELLO))
    await server.wait_until(lambda: server.requests)
    call.cancel()
    await server.wait_until(lambda: server.aborted == 1)


async def test_a_client_that_leaves_while_the_server_writes_is_counted(
    server: ChatServer, session: aiohttp.ClientSession
) -> None:
    server.enqueue(Reply.sse([b": " + b"x" * 100_000 + b"\n\n"] * 200))
    async with session.post(server.base_url + "/chat/completions", json=HELLO) as response:
        await response.content.readany()
    await server.wait_until(lambda: server.aborted == 1)


async def test_a_client_that_read_to_the_end_has_not_left_early(
    server: ChatServer, session: aiohttp.ClientSession
) -> None:
    for _ in range(20):
        async with session.post(server.base_url + "/chat/completions", json=HELLO | {"stream": True}) as response:
            async for line in response.content:
                if line == b"data: [DONE]\n":
                    break
    await session.close()
    await server.wait_until(lambda: server.connections == 0)
    assert server.aborted == 0


async def test_connections_are_counted_while_they_are_open(server: ChatServer, client: Client) -> None:
    assert server.connections == 0
    gate = asyncio.Event()
    server.respond(lambda _: Reply.text("hi").after(gate))
    async with asyncio.TaskGroup() as calls:
        for _ in range(5):
            calls.create_task(client.create())
        await server.wait_until(lambda: len(server.requests) == 5)
        assert server.connections == 5
        gate.set()


async def test_a_wait_that_is_in_vain_ends(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatsdk.testing._server._WAIT", 0.01)
    with pytest.raises(TimeoutError):
        await server.wait_until(lambda: False)


async def test_closing_cuts_live_streams_and_leaves_nothing_behind(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING)
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession() as session:
        server = await ChatServer().start()
        never = asyncio.Event()
        server.respond(lambda _: Reply.text(["Hel", never, "lo"]))
        url, request = server.base_url + "/chat/completions", HELLO | {"stream": True}
        streams = [await session.post(url, json=request) for _ in range(3)]
        async with session.get(server.base_url + "/models") as idle:
            await idle.read()

        async with asyncio.timeout(0.9):
            await server.aclose()
        assert server.connections == 0
        assert server.aborted == 0, "it was the server that left"
        for stream in streams:
            with pytest.raises(aiohttp.ClientError):
                await stream.read()

    assert asyncio.all_tasks() == before
    gc.collect()
    assert caplog.records == []
    assert capfd.readouterr().err == ""


async def test_closing_is_prompt_when_a_client_does_not_read(session: aiohttp.ClientSession) -> None:
    server = await ChatServer().start()
    server.enqueue(Reply.sse([b": " + b"x" * 1_000_000 + b"\n\n"] * 100))
    response = await session.post(server.base_url + "/chat/completions", json=HELLO)
    async with asyncio.timeout(0.9):
        await server.aclose()
    response.close()


async def test_a_gate_that_refuses_to_end_does_not_hold_up_the_close(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatsdk.testing._server._CLOSE", 0.01)
    gate = Stubborn()
    server = await ChatServer().start()
    server.enqueue(Reply.text("x").after(gate))
    call = asyncio.create_task(session.post(server.base_url + "/chat/completions", json=HELLO))
    await server.wait_until(lambda: server.requests)
    await server.aclose()

    with pytest.raises(aiohttp.ClientError):
        await call
    gate.opened.set()
    await gate.passed.wait()


class Stubborn:
    """A gate that swallows the first cancellation."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.passed = asyncio.Event()

    async def wait(self) -> None:
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            await self.opened.wait()
        self.passed.set()


async def test_dropped_connections_leave_no_traces(
    server: ChatServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING)
    port = int(server.base_url.split(":")[2].split("/")[0])
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    for sent in b"", head[:20], head, head + b'{"model":':
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await server.wait_until(lambda: server.connections == 1)
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await server.wait_until(lambda: server.connections == 0)

    assert server.requests == [], "what did not come whole is no request"
    assert caplog.records == []
    assert capfd.readouterr().err == ""


async def test_it_serves_many_streams_at_once(server: ChatServer) -> None:
    gate = asyncio.Event()
    server.respond(lambda _: Reply.text(["a", gate, "b"]))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        client = Client(session, server.base_url)
        async with asyncio.TaskGroup() as streams:
            running = [streams.create_task(client.chunks()) for _ in range(200)]
            await server.wait_until(lambda: len(server.requests) == 200)
            gate.set()
    assert all(len(stream.result()) == 4 for stream in running)


async def test_the_pace_is_kept_between_the_words(
    server: ChatServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = await _sleeps_of(server, client, monkeypatch, Reply.text("one two"))
    assert slept == [0.125, 0.125, 0.125, 0], "role, one, two, finish at the pace, and [DONE] at once"


async def test_the_pace_is_not_for_verbatim_streams(
    server: ChatServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sse_body(["one", " two"])
    assert set(await _sleeps_of(server, client, monkeypatch, Reply.sse([whole[:9], whole[9:]]))) == {0}


async def _sleeps_of(server: ChatServer, client: Client, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> list[float]:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(delay: float) -> None:
        slept.append(delay)
        await sleep(0)

    server.pace = 0.125
    server.enqueue(reply)
    with monkeypatch.context() as patch:
        patch.setattr("chatsdk.testing._server.asyncio.sleep", note)
        await client.chunks()
    return slept


def test_it_can_be_used_from_several_event_loops_one_after_another() -> None:
    server = ChatServer()

    async def ask() -> Any:
        async with server, aiohttp.ClientSession() as session:
            return await Client(session, server.base_url).create()

    assert asyncio.run(ask())["id"] != asyncio.run(ask())["id"]
