"""`chatsdk demo`: the bundled server, real ones, and what it says of their failures."""

from __future__ import annotations

import asyncio
import re
import signal

import pytest

from chatsdk.cli import _bundled
from chatsdk.testing import ChatServer, RecordedRequest, Reply

from .conftest import run, start


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bundled, "SECONDS_PER_WORD", 0)
    monkeypatch.setattr(_bundled, "SECONDS_PER_SUM", (0, 0))


def rows(stdout: str) -> dict[str, str]:
    """The lines of tables: a name, three spaces or more, a value."""
    return dict(re.findall(r"^  (\S.*?) {3,}(\S.*?) *$", stdout, re.MULTILINE))


@pytest.mark.usefixtures("_no_waiting")
async def test_it_shows_the_three_uses_without_a_server() -> None:
    result = await run("demo", "--requests", "7", "--concurrency", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    shown = rows(result.stdout)
    assert "bundled" in shown["server"]
    assert shown["model"] == "chatsdk-demo"
    assert shown["requests"] == "7, at most 3 at a time"
    assert (shown["succeeded"], shown["failed"]) == ("7", "0")
    assert "Hello! I am chatsdk-demo" in result.stdout
    assert "57 tokens by the server's count" in result.stdout
    assert "What to try next" in result.stdout


@pytest.mark.usefixtures("_no_waiting")
async def test_the_bundled_server_has_one_model_whatever_is_asked_for() -> None:
    result = await run("demo", "--requests", "1", "--model", "gpt-6")
    assert rows(result.stdout)["model"] == "chatsdk-demo"


@pytest.mark.usefixtures("_no_waiting")
async def test_a_pipe_gets_no_control_codes() -> None:
    result = await run("demo", "--requests", "2")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stdout)


@pytest.mark.usefixtures("_no_waiting")
async def test_the_bundled_server_can_be_asked_for_and_never_sees_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RecordedRequest] = []
    make = _bundled.bundled_server

    def watched_server() -> ChatServer:
        server = make()
        server.requests = seen
        return server

    monkeypatch.setattr(_bundled, "bundled_server", watched_server)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert "bundled" in rows((await run("demo", "--bundled", "--requests", "2")).stdout)["server"]
    assert {request.headers["authorization"] for request in seen} == {"Bearer bundled"}


async def test_the_bundled_server_adds_up_and_talks() -> None:
    async with _bundled.bundled_server() as server:
        result = await run("chat", "What is 12 * 19? Answer.", "--base-url", server.base_url)
        assert result.stdout == "228\n"
        assert (await run("chat", "Thanks", "--base-url", server.base_url)).stdout == "You are welcome.\n"


async def test_it_says_which_real_server_it_talks_to_without_its_secrets() -> None:
    async with ChatServer(models=["tiny"]) as server:
        result = await run("demo", "--requests", "2", "--base-url", f"{server.base_url}?key=secret")
        shown = rows(result.stdout)
        assert (shown["server"], shown["model"]) == (server.base_url, "tiny")
    assert "secret" not in result.output


async def test_two_servers_are_one_too_many() -> None:
    assert (await run("demo", "--bundled", "--base-url", "http://localhost/v1")).exit_code == 2


async def test_an_address_that_cannot_work_is_a_misuse() -> None:
    result = await run("demo", "--base-url", "ftp://nowhere")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: base_url needs http:// or https://")


async def test_pieces_are_counted_where_the_server_sends_no_usage(server: ChatServer) -> None:
    chunks = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("The ", "sea")]
    stream = Reply.sse([*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, "data: [DONE]\n\n"])
    server.respond(lambda request: stream if request.json.get("stream") else None)
    result = await run("demo", "--requests", "1", "--base-url", server.base_url)
    assert "2 pieces of text, for the server sent no usage" in result.stdout


async def test_failures_within_the_batch_are_counted_by_class(server: ChatServer) -> None:
    def fail_some(request: RecordedRequest) -> Reply | None:
        prompt = request.json["messages"][0]["content"]
        return Reply.error(400, "No sevens today.") if "17 * " in prompt or "27 * " in prompt else None

    server.respond(fail_some)
    result = await run("demo", "--requests", "20", "--base-url", server.base_url)
    assert result.exit_code == 0
    shown = rows(result.stdout)
    assert (shown["succeeded"], shown["failed"]) == ("18", "2 BadRequestError")
    assert shown["first error"].startswith("No sevens today.")


async def test_a_batch_that_fails_as_a_whole_fails_the_demo(server: ChatServer) -> None:
    server.respond(lambda request: Reply.error(400, "No sums.") if b" * " in request.body else None)
    result = await run("demo", "--requests", "3", "--base-url", server.base_url)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No sums. (status 400")


async def test_a_server_that_fails_is_one_line_on_stderr(server: ChatServer) -> None:
    result = await run("demo", "--model", "error-404", "--base-url", server.base_url)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The model's name asks for status 404.")
    assert result.stderr.count("\n") == 1


async def test_ctrl_c_ends_the_batch_and_leaves_nothing(server: ChatServer) -> None:
    held = Reply.text("never").after(asyncio.Event())
    server.respond(lambda request: held if b" * " in request.body else None)
    process = await start("demo", "--concurrency", "5", "--base-url", server.base_url)
    await server.wait_until(lambda: sum(b" * " in request.body for request in server.requests) == 5)

    process.send_signal(signal.SIGINT)
    _, stderr = await process.communicate()
    assert (process.returncode, stderr) == (130, b"")
    await server.wait_until(lambda: server.aborted == 5 and server.connections == 0)
