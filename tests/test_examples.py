"""The examples run as their first lines say, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest

from chatsdk.testing import ChatServer, Reply

EXAMPLES = Path(__file__).parent.parent / "examples"


async def start(name: str, server: ChatServer, *args: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", EXAMPLES / name, *args),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "OPENAI_BASE_URL": server.base_url},
    )


async def test_the_bot_answers_and_remembers(server: ChatServer) -> None:
    server.enqueue(Reply.text("Hello Ann."), Reply.text("You are Ann."))
    bot = await start("bot.py", server)

    out, err = await bot.communicate(b"I am Ann.\nWho am I?\n")

    assert (out.decode(), err.decode(), bot.returncode) == ("Hello Ann.\nYou are Ann.\n", "", 0)
    said = [message["content"] for message in server.requests[-1].json["messages"]]
    assert said[1:] == ["I am Ann.", "Hello Ann.", "Who am I?"]


async def test_the_batch_writes_a_line_for_each_prompt_in_order(server: ChatServer) -> None:
    server.respond(lambda request: Reply.text(request.json["messages"][0]["content"].upper()))
    batch = await start("batch.py", server)

    out, err = await batch.communicate("".join(f"prompt {n}\n" for n in range(100)).encode())

    assert (err.decode(), batch.returncode) == ("", 0)
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines == [{"id": str(n), "answer": f"PROMPT {n}", "error": None} for n in range(100)]


async def test_the_service_streams_and_stops_when_the_browser_leaves(server: ChatServer, unused_tcp_port: int) -> None:
    word = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
    server.enqueue(Reply.text("Hello there"), Reply.sse([word, asyncio.Event()]), Reply.error(400, "no such voice"))
    service = await start("service.py", server, str(unused_tcp_port))
    assert service.stdout is not None
    try:
        await service.stdout.readline()  # it says where it listens
        url = f"http://127.0.0.1:{unused_tcp_port}/ask?q=Hi"
        async with aiohttp.ClientSession() as browser:
            async with browser.get(url) as answer:
                assert await answer.text() == "Hello there"
            async with browser.get(url) as answer:
                assert await answer.content.readany() == b"Hello"
                answer.close()
            await server.wait_until(lambda: server.aborted == 1)
            async with browser.get(url) as answer:
                assert answer.status == 502
                assert "no such voice" in await answer.text()
    finally:
        service.terminate()
        await service.communicate()


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_every_example_is_run_here(example: str) -> None:
    assert f'"{example}"' in Path(__file__).read_text()


async def test_what_is_extracted_is_written_item_by_item(server: ChatServer) -> None:
    server.enqueue(
        Reply.text('{"people":[{"name":"Ann","born":1950},{"name":"Bo","born":null}]}'),
        Reply.text('{"people":[{"name":"Ann","born":1950},{"name":"B', finish_reason="length"),
    )
    whole, cut = await start("extract.py", server), await start("extract.py", server)

    out, err = await whole.communicate(b"Ann (1950) met Bo.")
    cut_out, cut_err = await cut.communicate(b"Ann (1950) met Bo.")

    assert (out.decode(), err.decode()) == ('{"name":"Ann","born":1950}\n{"name":"Bo","born":null}\n', "")
    assert (cut_out.decode(), cut.returncode) == ('{"name":"Ann","born":1950}\n', 1)
    assert "not all of it: the answer was cut at the token limit" in cut_err.decode()


async def test_the_agent_asks_waits_and_goes_on(
    server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write = Reply.tool_call("write_file", {"path": "seas.txt", "text": "Aral"})
    server.enqueue(write, Reply.text("It is written."))

    first = await start("agent.py", server, "run.json", "Make", "a", "list.")
    asked, first_err = await first.communicate(b"later\n")
    assert not (tmp_path / "seas.txt").exists()
    second = await start("agent.py", server, "run.json")
    told, second_err = await second.communicate(b"y\n")

    assert (first_err, second_err) == (b"", b"")
    assert "1 calls wait" in asked.decode()
    assert "It is written." in told.decode()
    assert (tmp_path / "seas.txt").read_text() == "Aral"
    assert server.requests[-1].json["messages"][-1]["content"] == "4"
