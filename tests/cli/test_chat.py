"""`chatsdk chat`: what is on stdout, what is on stderr, and the exit code."""

from __future__ import annotations

import asyncio
import os
import signal

import msgspec
import pytest

from chatsdk.testing import ChatServer, Reply, completion_payload

from .conftest import run, start

GREETING = "Hello! I am chatsdk-demo, a handful of rules in place of a model. What shall we talk about?\n"


async def test_the_answer_is_on_stdout_and_ends_its_line(server: ChatServer) -> None:
    result = await run("chat", "Hello", "--base-url", server.base_url)
    assert (result.exit_code, result.stdout, result.stderr) == (0, GREETING, "")


async def test_an_answer_that_ends_its_line_gets_no_second_newline(server: ChatServer) -> None:
    server.enqueue(Reply.text(["a poem\n"]))
    assert (await run("chat", "Hello", "--base-url", server.base_url)).stdout == "a poem\n"


@pytest.mark.parametrize("args", [[], ["-"]])
async def test_the_prompt_may_come_from_stdin(server: ChatServer, args: list[str]) -> None:
    result = await run("chat", *args, "--base-url", server.base_url, stdin="Hello\n")
    assert result.stdout == GREETING
    assert server.requests[-1].json["messages"] == [{"role": "user", "content": "Hello\n"}]


@pytest.mark.parametrize("prompt", ["", " \n"])
async def test_an_empty_prompt_is_a_misuse(server: ChatServer, prompt: str) -> None:
    result = await run("chat", "--base-url", server.base_url, stdin=prompt)
    assert result.exit_code == 2
    assert "the prompt is empty" in result.stderr
    assert not server.requests


async def test_instructions_come_before_the_prompt(server: ChatServer) -> None:
    await run("chat", "Hello", "--system", "Be brief.", "--base-url", server.base_url)
    assert [message["role"] for message in server.requests[-1].json["messages"]] == ["system", "user"]


async def test_json_is_the_whole_completion_and_nothing_else(server: ChatServer) -> None:
    payload = completion_payload("Grüße", model="m")
    server.enqueue(Reply.json(payload))
    result = await run("chat", "Hello", "--json", "--base-url", server.base_url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    assert msgspec.json.decode(result.stdout)["choices"][0]["message"]["content"] == "Grüße"


async def test_the_only_model_of_a_server_is_taken() -> None:
    async with ChatServer(models=["tiny"]) as server:
        await run("chat", "Hello", "--base-url", server.base_url)
        assert server.requests[-1].json["model"] == "tiny"


@pytest.mark.parametrize(
    ("models", "offer"),
    [
        ([], "no model"),
        (["a", "b"], "2 models (a, b)"),
        (["a", "b", "c", "d"], "4 models (a, b, c, ...)"),
    ],
)
async def test_a_choice_of_models_is_left_to_the_user(models: list[str], offer: str) -> None:
    async with ChatServer(models=models) as server:
        result = await run("chat", "Hello", "--base-url", server.base_url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: the server offers {offer}: name one with --model\n"


async def test_a_server_that_lists_no_models_needs_one_named(server: ChatServer) -> None:
    result = await run("chat", "Hello", "--base-url", server.base_url + "/elsewhere")
    assert result.exit_code == 2
    assert "name one with --model" in result.stderr


@pytest.mark.parametrize(("option", "asked"), [([], "of-env"), (["--model", "of-option"], "of-option")])
async def test_a_named_model_is_taken_unasked(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, option: list[str], asked: str
) -> None:
    monkeypatch.setenv("OPENAI_MODEL", "of-env")
    await run("chat", "Hello", *option, "--base-url", server.base_url)
    assert [request.json["model"] for request in server.requests] == [asked]


async def test_the_environment_names_server_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ChatServer(api_key="right") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "right")
        assert (await run("chat", "Hello")).stdout == GREETING


async def test_a_missing_key_is_a_misuse_and_points_at_the_demo() -> None:
    result = await run("chat", "Hello")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: no API key")
    assert "chatsdk demo" in result.stderr


async def test_a_wrong_key_is_a_failure_that_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    async with ChatServer(api_key="right") as server:
        server.enqueue(Reply.error(401, "Wrong key: sk-secret"))
        result = await run("chat", "Hello", "--base-url", server.base_url, "--model", "m")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "status 401" in result.stderr
    assert "sk-secret" not in result.output


@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_a_failed_call_is_one_line_on_stderr(server: ChatServer, form: list[str]) -> None:
    server.enqueue(Reply.error(400, "no\nsuch\x1b[2J thing"))
    result = await run("chat", "Hello", "--model", "m", *form, "--base-url", server.base_url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: no such [2J thing (status 400")
    assert result.stderr.count("\n") == 1


FIRST = b'data: {"choices":[{"index":0,"delta":{"content":"Once upon"}}]}\n\n'


@pytest.mark.parametrize("rest", [[], [b'data: {"error":{"message":"out of memory"}}\n\n']], ids=["cut", "failed"])
async def test_of_a_stream_that_breaks_what_came_is_printed(server: ChatServer, rest: list[bytes]) -> None:
    server.enqueue(Reply.sse([FIRST, *rest], disconnect=True))
    result = await run("chat", "Hello", "--model", "m", "--base-url", server.base_url)
    assert (result.exit_code, result.stdout) == (1, "Once upon\n")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


async def test_a_refusal_is_a_failure(server: ChatServer) -> None:
    server.enqueue(Reply.refusal("I'd rather not."))
    result = await run("chat", "Hello", "--model", "m", "--base-url", server.base_url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: the model declined: I'd rather not.\n"


async def test_an_answer_cut_at_its_limit_is_remarked_on(server: ChatServer) -> None:
    server.enqueue(Reply.text("Once upon", finish_reason="length"))
    result = await run("chat", "Hello", "--model", "m", "--base-url", server.base_url)
    assert (result.exit_code, result.stdout) == (0, "Once upon\n")
    assert result.stderr == "The answer was cut at the limit of tokens.\n"


async def test_a_character_that_the_encoding_lacks_does_not_end_the_answer(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    server.enqueue(Reply.text("Grüße"))
    process = await start("chat", "Hello", "--model", "m", "--base-url", server.base_url)
    assert await process.communicate() == (b"Gr??e\n", b"")


async def test_text_comes_as_it_is_made_and_ctrl_c_ends_it_cleanly(server: ChatServer) -> None:
    server.enqueue(Reply.text(["Once ", "upon", asyncio.Event(), " a time"]))
    process = await start("chat", "Hello", "--model", "m", "--base-url", server.base_url)
    assert process.stdout is not None
    assert await process.stdout.readexactly(9) == b"Once upon"

    process.send_signal(signal.SIGINT)
    rest, stderr = await process.communicate()
    assert (process.returncode, rest, stderr) == (130, b"\n", b"")
    await server.wait_until(lambda: server.aborted == 1 and server.connections == 0)


async def test_ctrl_c_before_the_first_token_prints_nothing(server: ChatServer) -> None:
    server.enqueue(Reply.text("too late").after(asyncio.Event()))
    process = await start("chat", "Hello", "--model", "m", "--base-url", server.base_url)
    await server.wait_until(lambda: server.requests)

    process.send_signal(signal.SIGINT)
    assert await process.communicate() == (b"", b"")
    assert process.returncode == 130


async def test_a_reader_that_leaves_ends_it_quietly(server: ChatServer) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.text(["Once ", gate, "upon", " a time"]))
    reading, writing = os.pipe()
    process = await start("chat", "Hello", "--model", "m", "--base-url", server.base_url, stdout=writing)
    os.close(writing)
    assert await asyncio.to_thread(os.read, reading, 100) == b"Once "

    os.close(reading)
    gate.set()
    _, stderr = await process.communicate()
    assert (process.returncode, stderr) == (1, b"")
