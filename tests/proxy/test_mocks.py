"""The client against the LiteLLM proxy, whose models are mocks of its own: their wire is the proxy's.

Seen with LiteLLM 1.106. Codes are the status as text; where there is nothing to say older ones say "None", newer null.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatsdk import (
    APIStatusError,
    APITimeoutError,
    AsyncChatClient,
    BadRequestError,
    Finished,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
    TextDelta,
    Timeouts,
    UsageUpdate,
)

from .server import MASTER_KEY, MODELS, TEXT

pytestmark = pytest.mark.engines


@pytest.fixture
async def proxy(proxy_url: str) -> AsyncIterator[AsyncChatClient]:
    async with AsyncChatClient(base_url=f"{proxy_url}/v1", api_key=MASTER_KEY, model="mock", max_retries=0) as client:
        yield client


async def test_one_shot(proxy: AsyncChatClient) -> None:
    completion = await proxy.create("Hi")

    assert completion.text == TEXT
    assert completion.finish_reason == "stop"
    assert completion.message.role == "assistant"
    assert completion.model == "mock"
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (10, 20)
    assert completion.raw["object"] == "chat.completion"


async def test_the_root_serves_as_well_as_v1(proxy_url: str) -> None:
    async with AsyncChatClient(base_url=proxy_url, api_key=MASTER_KEY, model="mock", max_retries=0) as client:
        assert (await client.create("Hi")).text == TEXT
        assert (await client.stream("Hi").completion()).text == TEXT


async def test_a_stream_says_what_a_one_shot_call_says(proxy: AsyncChatClient) -> None:
    async with proxy.stream("Hi") as stream:
        pieces = [text async for text in stream.text()]

    assert len(pieces) > 10
    assert "".join(pieces) == stream.so_far.text == TEXT
    assert stream.outcome == "complete"
    assert stream.so_far.finish_reason == "stop"
    assert stream.so_far.usage is None


async def test_usage_comes_after_the_finish_reason_in_a_chunk_that_has_a_choice(proxy: AsyncChatClient) -> None:
    """The API sends usage with `choices: []`, the proxy with an empty choice that has no finish reason."""
    options = {"include_usage": True}
    chunks = [chunk async for chunk in proxy.stream("Hi", stream_options=options)]
    events = [event async for event in proxy.stream("Hi", stream_options=options).events()]
    completion = await proxy.stream("Hi", stream_options=options).completion()

    assert [choice.finish_reason for choice in chunks[-2].choices] == ["stop"]
    assert [choice.finish_reason for choice in chunks[-1].choices] == [None]
    assert any(isinstance(event, UsageUpdate) for event in events)
    assert events.count(Finished(0, "stop")) == 1 == events[-1:].count(Finished(0, "stop"))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == TEXT
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 0
    assert completion.finish_reason == "stop"


async def test_the_second_choice_of_a_stream_never_finishes_and_done_makes_it_whole(proxy: AsyncChatClient) -> None:
    whole = await proxy.create("Hi", n=2)
    stream = proxy.stream("Hi", n=2)
    streamed = await stream.completion()

    assert [choice.message.content for choice in whole.choices] == [TEXT, TEXT]
    assert [choice.message.content for choice in streamed.choices] == [TEXT, TEXT]
    assert [choice.finish_reason for choice in whole.choices] == ["stop", "stop"]
    assert streamed.choices[0].finish_reason == "stop"
    assert not streamed.choices[1].finish_reason
    assert stream.outcome == "complete"


async def test_tool_calls_come_with_the_finish_reason_stop(proxy: AsyncChatClient) -> None:
    """The mock has them in one-shot answers only; a stream has the text and leaves them out."""
    completion = await proxy.create("Weather?", model="caller")
    streamed = await proxy.stream("Weather?", model="caller").completion()

    (call,) = completion.tool_calls
    assert call.function is not None
    assert (call.id, call.function.name, call.function.arguments) == ("call_1", "get_weather", '{"city": "Rome"}')
    assert completion.finish_reason == "stop"
    assert completion.text == streamed.text == "Let me look."
    assert not streamed.tool_calls


ERRORS = [
    ("limited", RateLimitError, 429, "this is a mock rate limit error"),
    ("failing", InternalServerError, 500, "this is a mock internal server error"),
    ("too-long", BadRequestError, 400, "this is a mock context window exceeded error"),
    ("filtered", BadRequestError, 400, "content_filter_policy"),
    ("overloaded", InternalServerError, 529, "This is a mock error raised mid-stream"),
    ("timed-out", APIStatusError, 408, "This is a mock timeout error"),
    ("no-such-model", BadRequestError, 400, "Invalid model name passed in model=no-such-model"),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["one-shot", "stream"])
@pytest.mark.parametrize(("model", "kind", "status", "words"), ERRORS, ids=[row[0] for row in ERRORS])
async def test_an_error_of_the_proxy_is_told_by_class_status_code_and_words(
    proxy: AsyncChatClient, model: str, kind: type[APIStatusError], status: int, words: str, streamed: bool
) -> None:
    """Also in answer to a stream they come before it, under a status of their own."""
    with pytest.raises(APIStatusError) as caught:
        await (proxy.stream("Hi", model=model).completion() if streamed else proxy.create("Hi", model=model))

    error = caught.value
    assert type(error) is kind
    assert error.status == status
    assert error.code == str(status)
    assert error.param in (None, "None")
    assert words in error.message
    assert words in str(error)
    assert MASTER_KEY not in str(error)


async def test_a_proxy_without_a_database_calls_a_wrong_key_a_bad_request(proxy_url: str) -> None:
    async with AsyncChatClient(base_url=proxy_url, api_key="sk-wrong", model="mock", max_retries=0) as client:
        with pytest.raises(BadRequestError, match="No connected db") as caught:
            await client.create("Hi")
        with pytest.raises(BadRequestError, match="No connected db"):
            await client.stream("Hi").open()

    assert caught.value.type == "no_db_connection"
    assert "sk-wrong" not in str(caught.value)


async def test_a_missing_key_is_an_error_whatever_the_proxy_makes_of_it(proxy_url: str) -> None:
    """Where prisma is not installed the proxy stumbles over its own error: 500, in plain text."""
    async with AsyncChatClient(base_url=proxy_url, model="mock", max_retries=0) as client:
        with pytest.raises(APIStatusError) as caught:
            await client.create("Hi")

    assert caught.value.status in (401, 500)
    assert caught.value.message


async def test_a_request_without_messages_names_the_parameter(proxy: AsyncChatClient) -> None:
    with pytest.raises(BadRequestError, match="messages") as caught:
        await proxy.create("Hi", extra_body={"messages": None})

    assert (caught.value.code, caught.value.param) == ("400", "messages")


async def test_a_wrong_path_is_not_found(proxy_url: str) -> None:
    async with AsyncChatClient(base_url=f"{proxy_url}/v2", api_key=MASTER_KEY, model="mock", max_retries=0) as lost:
        with pytest.raises(NotFoundError, match="Not Found"):
            await lost.create("Hi")


async def test_a_rate_limit_is_tried_again_until_the_attempts_are_used_up(proxy_url: str) -> None:
    retry = RetryPolicy(max_retries=2, initial_delay=0)
    async with AsyncChatClient(base_url=proxy_url, api_key=MASTER_KEY, model="limited", retry=retry) as client:
        with pytest.raises(RateLimitError, match="mock rate limit"):
            await client.create("Hi")
        with pytest.raises(RateLimitError, match="mock rate limit"):
            await client.stream("Hi").completion()


async def test_a_slow_answer_runs_into_the_time_limit_and_the_next_one_does_not(proxy: AsyncChatClient) -> None:
    hurried = proxy.with_options(timeout=Timeouts(headers=0.1))

    with pytest.raises(APITimeoutError) as caught:
        await hurried.create("Hi", model="slow")
    with pytest.raises(APITimeoutError) as streamed:
        await hurried.stream("Hi", model="slow").completion()

    assert caught.value.phase == streamed.value.phase == "headers"
    assert (await proxy.create("Hi")).text == TEXT


async def test_what_the_proxy_says_of_an_answer_is_in_its_headers(proxy: AsyncChatClient) -> None:
    completion = await proxy.create("Hi")
    stream = proxy.stream("Hi")
    await stream.completion()
    with pytest.raises(RateLimitError) as caught:
        await proxy.create("Hi", model="limited")

    for headers in (completion.headers, stream.headers):
        assert headers["x-litellm-model-group"] == headers["X-LiteLLM-Model-Group"] == "mock"
        assert headers["x-litellm-version"]
    told = [answer.headers["x-litellm-call-id"] for answer in (completion, stream, caught.value)]
    assert len(set(told)) == 3
    assert all(told)


async def test_models(proxy: AsyncChatClient) -> None:
    assert [model.id async for model in proxy.models.list()] == list(MODELS)
    assert (await proxy.models.retrieve("mock")).id == "mock"
    with pytest.raises(NotFoundError, match="no-such-model"):
        await proxy.models.retrieve("no-such-model")


async def test_a_batch_of_thirty_in_which_every_third_fails(proxy: AsyncChatClient) -> None:
    requests = [{"messages": f"Number {n}", "model": "limited" if n % 3 == 0 else "mock"} for n in range(30)]

    results = [result async for result in proxy.batch(requests, concurrency=10, ordered=True)]

    assert len(results) == 30
    for n, result in enumerate(results):
        if n % 3 == 0:
            assert isinstance(result.error, RateLimitError)
        else:
            assert result.error is None
            assert result.completion is not None
            assert result.completion.text == TEXT


async def test_parallel_streams_are_all_whole(proxy: AsyncChatClient) -> None:
    streams = [proxy.stream(f"Number {n}") for n in range(20)]

    completions = await asyncio.gather(*[stream.completion() for stream in streams])

    assert {completion.text for completion in completions} == {TEXT}
    assert {stream.outcome for stream in streams} == {"complete"}
    assert len({completion.id for completion in completions}) == 20


async def test_streams_that_are_left_early_leave_the_proxy_usable(proxy: AsyncChatClient) -> None:
    async def leave() -> str:
        async with proxy.stream("Hi") as stream:
            async for _ in stream.text():
                break
        return stream.outcome

    assert await asyncio.gather(*[leave() for _ in range(10)]) == ["stopped"] * 10
    assert (await proxy.create("Hi")).text == TEXT
    assert (await proxy.stream("Hi").completion()).text == TEXT
