"""What the tests of tools share: both ways of running them by a client, and answers in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from chatsdk import AsyncChatClient, ToolRun, ToolStream
from chatsdk.testing import ChatServer

DONE = b"data: [DONE]\n\n"


class Runner:
    """Runs tools by an awaited call."""

    def __init__(self, client: AsyncChatClient) -> None:
        self.client = client

    def begin(self, start: Any, **parameters: Any) -> Awaitable[ToolRun]:
        call: Any = self.client.run_tools
        run: Awaitable[ToolRun] = call(start, **parameters)
        return run

    async def run(
        self,
        tools: Sequence[Any],
        messages: Any = "Hi",
        *,
        resumed: ToolRun | None = None,
        parameters: dict[str, Any] | None = None,
        **terms: Any,
    ) -> ToolRun:
        return await self.begin(resumed or messages, tools=tools, **(parameters or {}), **terms)


class Streaming(Runner):
    """Runs tools as a stream, of which only the result is wanted."""

    def begin(self, start: Any, **parameters: Any) -> Awaitable[ToolRun]:
        call: Any = self.client.stream_tools
        stream: ToolStream = call(start, **parameters)
        return stream.result()


def stream_tools(
    client: AsyncChatClient,
    tools: Sequence[Any],
    messages: Any = "Hi",
    *,
    resumed: ToolRun | None = None,
    parameters: dict[str, Any] | None = None,
    **terms: Any,
) -> ToolStream:
    call: Any = client.stream_tools
    stream: ToolStream = call(resumed or messages, tools=tools, **(parameters or {}), **terms)
    return stream


def running() -> set[str]:
    """The tasks of runs as streams, and of calls, that are under way."""
    return {repr(task) for task in asyncio.all_tasks() if "ToolLoop.go" in repr(task) or "Turn._run" in repr(task)}


def plain(messages: Any) -> list[Any]:
    """Messages as the JSON that they are sent as."""
    found: list[Any] = msgspec.json.decode(msgspec.json.encode(messages))
    return found


def told(server: ChatServer, request: int = -1) -> list[str]:
    """What a request tells of the tools that were called last."""
    contents: list[str] = []
    for message in reversed(server.requests[request].json["messages"]):
        if message["role"] != "tool":
            break
        contents.insert(0, message["content"])
    return contents


def piece(index: int | None, arguments: str = "", name: str | None = None, id: str | None = None) -> dict[str, Any]:
    """A chunk that adds to a call, or begins one."""
    call = {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
    return {"id": "c", "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}


def said(text: str) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]}


def end(reason: str | None) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
