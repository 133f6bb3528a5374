"""What a chunk costs in the typed views of a stream: the same however much has come before it.

In calls of functions and in letters that are read as a type, which no other program can change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from benchmarks import workloads
from chatsdk import AsyncChatClient
from chatsdk._protocol.output import Output
from chatsdk.types import OutputMode

from .test_cost import CHUNKS_PER_READ, END, calls_in, client_of

LETTERS = 6
"""Of a chunk, so that the items, which have fifty, are cut at many places."""
ROOM = 1.03
"""What opening and ending a stream may add to the chunks of a short one."""
VIEWS = ("elements", "partials")
MODES: tuple[OutputMode, ...] = ("json_schema", "tool")


class Item(msgspec.Struct):
    id: int
    name: str
    price: float


class Items(msgspec.Struct):
    items: list[Item]


def text_of(items: int) -> str:
    return workloads.items_text(7, workloads.chunks_of_items(items))


def events(text: str, mode: OutputMode) -> Iterator[bytes]:
    if mode == "tool":
        yield event({"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "Items", "arguments": ""}}]})
    for at in range(0, len(text), LETTERS):
        piece = text[at : at + LETTERS]
        called = [{"index": 0, "function": {"arguments": piece}}]
        yield event({"tool_calls": called} if mode == "tool" else {"content": piece})


def event(delta: dict[str, Any]) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    return b"data: %b\n\n" % msgspec.json.encode({"id": "c", "choices": [choice]})


def client_and_chunks(text: str, mode: OutputMode) -> tuple[AsyncChatClient, int]:
    sent = list(events(text, mode))
    reads = [b"".join(sent[at : at + CHUNKS_PER_READ]) for at in range(0, len(sent), CHUNKS_PER_READ)]
    return client_of([*reads, END]), len(sent)


async def read_items(client: AsyncChatClient, view: str, mode: OutputMode) -> int:
    """How many there were."""
    stream = client.stream("Hi", response_type=Items, output_mode=mode)
    if view == "elements":
        return len([item async for item in stream.elements("items")])
    count = 0
    async for items in stream.partials():
        count = len(getattr(items, "items", ()))
    return count


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("view", VIEWS)
async def test_a_chunk_costs_the_same_in_a_list_of_500_items_and_in_one_of_5000(view: str, mode: OutputMode) -> None:
    costs = []
    for items in (500, 5000):
        client, chunks = client_and_chunks(text_of(items), mode)
        assert await read_items(client, view, mode) == items  # what is learned once is learned
        costs.append(await calls_in(lambda client=client: read_items(client, view, mode)) / chunks)  # type: ignore[misc]
    short, long = costs

    assert short / ROOM <= long <= short * ROOM, f"{short:.2f} and {long:.2f} calls per chunk"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("view", VIEWS)
async def test_no_letter_is_read_as_a_type_but_with_its_item_and_with_the_whole(
    view: str, mode: OutputMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(500)
    client, _ = client_and_chunks(text, mode)
    decode, letters = Output.decode, 0

    def counted(output: Output[Any], read: str | bytes) -> Any:
        nonlocal letters
        letters += len(read)
        return decode(output, read)

    monkeypatch.setattr(Output, "decode", counted)
    assert await read_items(client, view, mode) == 500

    assert len(text) <= letters <= 2 * len(text)
