"""What servers send of tool calls, in all its forms, run by the loop: the right tools, and a conversation that holds.

The samples are those of `tests/cases`, and the shared vectors where they are beside this repository.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatsdk import LengthLimitError, Tool, UsageError
from chatsdk.testing import ChatServer, Reply

from ..cases import BODIES, body_of, sample
from .running import Runner, plain

FILE = Path(__file__).parents[3] / "shared" / "wire" / "vectors.jsonl"


def called_in_samples() -> dict[str, bytes]:
    """The bodies that hold calls in choice 0, and no error."""
    return {
        name: body_of(name)
        for name in BODIES
        if not (sample(name).error or sample(name).cut or "content-encoding" in sample(name).headers)
        and any(calls_in(choice) for choice in sample(name).completion["choices"] if choice["index"] == 0)
    }


def calls_in(choice: dict[str, Any]) -> bool:
    return bool(choice["message"].get("tool_calls") or choice["message"].get("function_call"))


def called_in_vectors() -> dict[str, bytes]:
    """The same of the vectors, none where the file is not."""
    lines = FILE.read_bytes().splitlines() if FILE.exists() else []
    vectors = [vector for vector in map(msgspec.json.decode, lines) if vector["kind"] in ("stream", "response")]
    return {
        vector["name"]: base64.b64decode(vector["body_b64"])
        for vector in vectors
        if vector["status"] == 200 and vector["expect"]["error"] is None and not vector.get("requires_accept_encoding")
        for calls in [{**vector["expect"].get("tool_calls", {}), **vector["expect"].get("function_call", {})}]
        if calls.get("0")
    }


BODIES_WITH_CALLS = called_in_samples() | called_in_vectors()

CUT = ("generic/cut_arguments", "tool-args-cut-by-length")
"""Samples that end at the token limit, in the midst of a call."""


async def calls_alone(runner: Runner, server: ChatServer, body: bytes) -> list[dict[str, Any]]:
    """The calls of an answer, as one who only asks has them."""
    server.enqueue(Reply.sse([body]))
    completion = await runner.client.create("Hi")
    calls = plain(completion.tool_calls)
    if not calls:
        calls = [{"type": "function", "function": plain([completion.message.function_call])[0]}]
    return calls


def tool_for(call: dict[str, Any], ran: list[tuple[str, Any]]) -> Tool | None:
    """A tool that notes what it is called with; `None` for a name that none can have."""
    name = call[call["type"]]["name"]

    def note(given: Any) -> str:
        ran.append((name, given))
        return "ok"

    try:
        return Tool.custom(name, note) if call["type"] == "custom" else Tool(name, note, parameters={"type": "object"})
    except UsageError:
        return None


@pytest.mark.parametrize("name", BODIES_WITH_CALLS)
async def test_the_calls_of_a_sample_are_run_and_answered(runner: Runner, server: ChatServer, name: str) -> None:
    body = BODIES_WITH_CALLS[name]
    calls = await calls_alone(runner, server, body)
    ran: list[tuple[str, Any]] = []
    tools = {tool.name: tool for tool in [tool_for(call, ran) for call in calls] if tool is not None}
    server.enqueue(Reply.sse([body]), Reply.text("Done."))

    if name in CUT:
        with pytest.raises(LengthLimitError) as caught:
            await runner.run(list(tools.values()))
        assert (ran, len(caught.value.run.messages)) == ([], 1)
        return
    run = await runner.run(list(tools.values()))

    assert (run.text, run.turns) == ("Done.", 2)
    _, answer, *results = server.requests[-1].json["messages"]
    told = [{"type": call["type"], **call[call["type"]]} for call in answer["tool_calls"]]
    assert told == [{"type": call["type"], **call[call["type"]]} for call in calls]
    ids = [call["id"] for call in answer["tool_calls"]]
    assert [result["tool_call_id"] for result in results] == ids
    assert len(set(ids)) == len(ids)
    assert all(ids)
    good = [result["content"] for result in results].count("ok")
    assert len(ran) == good
    assert good == len([call for call in calls if call[call["type"]]["name"] in tools and is_sound(call)])


def is_sound(call: dict[str, Any]) -> bool:
    """Whether a tool can be run with this: any text for a custom one, an object or nothing for a function."""
    if call["type"] == "custom":
        return True
    try:
        return isinstance(msgspec.json.decode(call["function"]["arguments"] or "{}"), dict)
    except msgspec.DecodeError:
        return False


def test_there_are_samples_of_every_quirk_of_calls() -> None:
    assert {
        "gemini/no_index",
        "gemini/all_index_0",
        "gemini/no_ids",
        "gemini/no_ids_and_no_index",
        "gemini/no_ids_at_once",
        "sglang/id_repeated",
        "nim/name_repeated",
        "proxies/name_in_pieces",
        "dashscope/empty_ids",
        "lmstudio/empty_names",
        "mistral/call_and_finish",
        "anthropic/index_from_1",
        "llamacpp/arguments_object",
        "ollama/arguments_object",
        "generic/no_arguments",
        "generic/late_name",
        "generic/late_id",
        "generic/no_name",
        "generic/whole_too_early",
        "generic/cut_arguments",
        "generic/numeric_id",
        "vllm/named_choice",
        "xai/whole_call",
        "openai/custom_tool",
        "openai/function_call",
        "openai/parallel_tools",
    } <= BODIES_WITH_CALLS.keys()
