"""The sample answers of `tests/cases`, from a server that writes them in pieces of any size to the real client.

What `tests/protocol/test_cases.py` says of the bytes is said here of all that lies between a socket and a caller.
"""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Iterator

import pytest

from chatsdk import AsyncChatClient, ChatError

from ..cases import BODIES, Sample, body_of, is_stream, sample, told, told_error, wanted
from ._server import Told, ask_for_stream, ask_plainly, chunked, head, raw_server_and_client

MOST_PIECES = 4096
"""A longer body than that is not written byte by byte."""

SEEDS = (1, 2, 3)


def ways_to_write(body: bytes) -> Iterator[list[bytes]]:
    """Whole, byte by byte, and in a few random cuts that are the same each time."""
    yield [body]
    step = max(1, len(body) // MOST_PIECES)
    yield [body[place : place + step] for place in range(0, len(body), step)]
    for seed in SEEDS:
        dice = random.Random(f"{seed} {len(body)}")
        places = sorted(dice.randint(0, len(body)) for _ in range(dice.randint(1, 12)))
        yield [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def answer(name: str, pieces: list[bytes]) -> list[bytes]:
    """The head and the framed pieces; the body of a stream has no length."""
    expected = sample(name)
    headers = [*expected.answer_headers.items()]
    if expected.answer_headers.get("content-encoding") == "gzip":
        pieces = compressed(pieces, is_whole=expected.cut != "gzip")
    if not is_stream(name):
        length = str(sum(map(len, pieces)))
        return [head(expected.status, [*headers, ("content-length", length)]), *pieces]
    framed = chunked(pieces, cut=expected.cut == "chunked")
    return [head(expected.status, [*headers, ("transfer-encoding", "chunked")]), *framed]


def compressed(pieces: list[bytes], *, is_whole: bool) -> list[bytes]:
    """Pieces that can be read one by one, as a server flushes them, with the end of the format or without."""
    compressor = zlib.compressobj(wbits=31)
    flushed = [compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    return [*flushed, compressor.flush()] if is_whole else flushed


def outcome_of(expected: Sample) -> str:
    if not expected.error:
        return "complete"
    return "truncated" if expected.error["class"] == "StreamInterruptedError" else "error"


def assert_as_wanted(expected: Sample, found: Told) -> None:
    assert told(found.completion) == wanted(expected, found.completion)
    assert told_error(found.error, expected) == expected.error
    if found.error is not None and found.completion.choices:
        assert found.error.partial == found.completion


@pytest.mark.parametrize("name", BODIES)
async def test_a_stream_gives_what_the_sample_says_however_it_is_written(name: str) -> None:
    expected = sample(name)
    async with raw_server_and_client() as (server, client):
        for pieces in ways_to_write(body_of(name)):
            server.answer = answer(name, pieces)
            found = await ask_for_stream(client)
            assert_as_wanted(expected, found)
            assert len(found.chunks) == expected.chunks
            assert found.outcome == outcome_of(expected)
            assert found.completion.request_id == ("req_1" if expected.status == 200 else None)


@pytest.mark.parametrize("name", [name for name in BODIES if not sample(name).cut])
async def test_a_plain_call_gives_what_the_sample_says(name: str) -> None:
    async with raw_server_and_client() as (server, client):
        for pieces in ways_to_write(body_of(name)):
            server.answer = answer(name, pieces)
            assert_as_wanted(sample(name), await ask_plainly(client))


@pytest.mark.parametrize("name", BODIES)
async def test_the_text_of_a_sample_comes_before_its_end_however_bad(name: str) -> None:
    async with raw_server_and_client() as (server, client):
        server.answer = answer(name, [body_of(name)])
        texts, error = await all_texts(client)
    choices = sample(name).completion["choices"]
    assert "".join(texts) == (choices[0]["message"].get("content") or "" if choices else "")
    assert all(texts)
    assert told_error(error, sample(name)) == sample(name).error


async def all_texts(client: AsyncChatClient) -> tuple[list[str], ChatError | None]:
    texts: list[str] = []
    try:
        async for text in client.stream("Hi").text():
            texts.append(text)
    except ChatError as error:
        return texts, error
    return texts, None


@pytest.mark.parametrize("name", BODIES)
async def test_the_deltas_of_a_sample_add_up_to_its_message(name: str) -> None:
    async with raw_server_and_client() as (server, client):
        server.answer = answer(name, [body_of(name)])
        stream = client.stream("Hi")
        deltas = []
        with contextlib.suppress(ChatError):
            async for delta in stream.deltas():
                deltas.append(delta)
    for choice in stream.so_far.choices:
        mine = [delta for delta in deltas if delta.index == choice.index]
        for member in ("content", "reasoning", "refusal"):
            pieces = [getattr(delta, member) or "" for delta in mine]
            assert "".join(pieces) == (getattr(choice.message, member) or "")
        reasons = [delta.finish_reason for delta in mine if delta.finish_reason]
        assert (reasons[-1] if reasons else None) == choice.finish_reason


async def test_stream_options_are_sent_only_when_asked_for() -> None:
    async with raw_server_and_client() as (server, client):
        server.answer = answer("openai/text", [body_of("openai/text")])
        await client.stream("Hi").completion()
        assert b"stream_options" not in server.request
        await client.stream("Hi", stream_options={"include_usage": True}).completion()
        assert b'"stream_options":{"include_usage":true}' in server.request
