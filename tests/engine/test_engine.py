"""The client against llama.cpp's own server: a real engine whose model says random things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from chatsdk import (
    AsyncChatClient,
    BadRequestError,
    Finished,
    InternalServerError,
    NotFoundError,
    TextDelta,
    UsageUpdate,
    system,
    user,
)

from .server import CONTEXT_PER_SLOT, SLOTS


@pytest.fixture
async def engine(engine_url: str) -> AsyncIterator[AsyncChatClient]:
    async with AsyncChatClient(base_url=engine_url, model="tiny", max_retries=0) as client:
        yield client


class Person(msgspec.Struct):
    mood: str
    age: int
    name: str


SCHEMA = {
    "type": "object",
    "properties": {
        "mood": {"enum": ["glad", "sad"]},
        "age": {"type": "integer", "minimum": 0, "maximum": 9},
        "name": {"type": "string", "maxLength": 8},
    },
    "required": ["mood", "age", "name"],
    "additionalProperties": False,
}


async def test_one_shot(engine: AsyncChatClient) -> None:
    completion = await engine.create([system("Be brief."), user("Hi")], max_tokens=16, seed=1)

    assert completion.text
    assert completion.finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 16
    assert completion.usage.prompt_tokens + 16 == completion.usage.total_tokens
    assert completion.message.role == "assistant"
    assert "timings" in completion.raw


async def test_a_stream_says_what_a_one_shot_call_says(engine: AsyncChatClient) -> None:
    whole = await engine.create("Hi", max_tokens=64, seed=7, temperature=0)

    async with engine.stream("Hi", max_tokens=64, seed=7, temperature=0) as stream:
        pieces = [text async for text in stream.text()]

    assert len(pieces) > 10
    assert "".join(pieces) == stream.so_far.text
    assert whole.text.startswith(stream.so_far.text)  # llama.cpp leaves out half a character at a stream's end
    assert stream.outcome == "complete"
    assert (await stream.completion()).finish_reason == "length"


async def test_random_bytes_come_through_as_text(engine: AsyncChatClient) -> None:
    half_a_character = {str(5 + 0x80): 100}

    whole = await engine.create("Hi", max_tokens=8, logit_bias=half_a_character)
    pieces = [text async for text in engine.stream("Hi", max_tokens=64, temperature=2, seed=3).text()]

    assert "\ufffd" in whole.text
    assert "".join(pieces).encode()


async def test_usage_in_the_stream(engine: AsyncChatClient) -> None:
    events = [
        event async for event in engine.stream("Hi", max_tokens=8, stream_options={"include_usage": True}).events()
    ]

    assert [event.usage.completion_tokens for event in events if isinstance(event, UsageUpdate)][-1] == 8
    assert any(isinstance(event, TextDelta) for event in events)
    assert events[-1] == Finished(0, "length")


async def test_several_choices(engine: AsyncChatClient) -> None:
    completion = await engine.create("Hi", n=2, max_tokens=6, temperature=1.5)
    stream = engine.stream("Hi", n=2, max_tokens=6, temperature=1.5)
    streamed = await stream.completion()

    assert [choice.index for choice in completion.choices] == [0, 1]
    assert [choice.index for choice in streamed.choices] == [0, 1]
    assert all(choice.finish_reason for choice in streamed.choices)


async def test_stop_texts(engine: AsyncChatClient) -> None:
    free = await engine.create("Hi", max_tokens=64, seed=5, temperature=0)
    word = free.text[4:7]

    stopped = await engine.create("Hi", max_tokens=64, seed=5, temperature=0, stop=[word])
    streamed = await engine.stream("Hi", max_tokens=64, seed=5, temperature=0, stop=[word]).completion()

    assert stopped.finish_reason == streamed.finish_reason == "stop"
    assert word not in stopped.text
    assert stopped.text == streamed.text


async def test_log_probabilities(engine: AsyncChatClient) -> None:
    completion = await engine.create("Hi", max_tokens=4, logprobs=True, top_logprobs=3)
    streamed = await engine.stream("Hi", max_tokens=4, logprobs=True, top_logprobs=3).completion()

    for answer in (completion, streamed):
        assert answer.choice.logprobs is not None
        tokens = answer.choice.logprobs.content
        assert tokens is not None
        assert len(tokens) == 4
        for token in tokens:
            assert token.logprob is not None
            assert token.logprob <= 0
            assert len(token.top_logprobs) == 3


async def test_output_after_a_json_schema(engine: AsyncChatClient) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA, "strict": True}}

    completion = await engine.create("Who?", response_format=form, max_tokens=400)
    streamed = await engine.stream("Who?", response_format=form, max_tokens=400).completion()

    for answer in (completion, streamed):
        person = msgspec.json.decode(answer.text, type=Person)
        assert person.mood in ("glad", "sad")
        assert 0 <= person.age <= 9


async def test_parallel_streams_do_not_mix(engine: AsyncChatClient) -> None:
    async def run(n: int) -> tuple[str, str, str]:
        stream = engine.stream(f"Number {n}", max_tokens=40, temperature=1.2)
        text = "".join([piece async for piece in stream.text()])
        return text, stream.so_far.text, stream.so_far.id

    runs = await asyncio.gather(*[run(n) for n in range(2 * SLOTS)])

    assert all(text == so_far for text, so_far, _ in runs)
    assert len({id for _, _, id in runs}) == 2 * SLOTS


async def test_streams_one_after_another_though_the_server_drops_each_connection(engine: AsyncChatClient) -> None:
    reasons = [(await engine.stream("Hi", max_tokens=2).completion()).finish_reason for _ in range(20)]

    assert reasons == ["length"] * 20


async def test_a_wrong_request_is_told_in_the_engines_words(engine: AsyncChatClient) -> None:
    with pytest.raises(BadRequestError, match="top_logprobs requires logprobs") as caught:
        await engine.create("Hi", top_logprobs=2)
    assert (caught.value.code, caught.value.type) == (400, "invalid_request_error")

    with pytest.raises(BadRequestError, match="exceeds the available context size") as too_long:
        await engine.stream("long " * CONTEXT_PER_SLOT).completion()
    assert too_long.value.type == "exceed_context_size_error"

    with pytest.raises(BadRequestError, match="temperature"):
        await engine.create("Hi", extra_body={"temperature": "hot"})

    with pytest.raises(InternalServerError, match="image input is not supported"):
        await engine.create([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}])

    async with AsyncChatClient(base_url=engine._caller.options.base_url + "/v2", model="tiny", max_retries=0) as lost:
        with pytest.raises(NotFoundError):
            await lost.create("Hi")


PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


async def test_a_stream_that_is_left_frees_its_slot(engine: AsyncChatClient) -> None:
    async def leave(n: int) -> None:
        async with engine.stream(f"Number {n}", max_tokens=1900) as stream:
            async for _ in stream.text():
                break
        assert stream.outcome == "stopped"

    for _ in range(3):
        await asyncio.gather(*[leave(n) for n in range(SLOTS)])

    async with asyncio.timeout(3):  # 24 answers of 1,900 tokens would take half a minute
        assert (await engine.create("Hi", max_tokens=4)).text


async def test_models(engine: AsyncChatClient) -> None:
    assert [model.id async for model in engine.models.list()] == ["tiny"]


async def test_a_batch(engine: AsyncChatClient) -> None:
    results = [
        result
        async for result in engine.batch(
            [{"messages": f"Number {n}", "max_tokens": 5} for n in range(40)], concurrency=16
        )
    ]

    assert [result.error for result in results] == [None] * 40
