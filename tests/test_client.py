from __future__ import annotations

import asyncio
import inspect
import pickle

import aiohttp
import pytest

from chatsdk import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncChatClient,
    AuthenticationError,
    BadRequestError,
    ChatCompletion,
    ChatError,
    ChatRequest,
    ChatStream,
    ClientClosedError,
    InternalServerError,
    QuotaExceededError,
    RateLimitError,
    RedirectError,
    ResponseDecodeError,
    RetryPolicy,
    StreamError,
    StreamInterruptedError,
    Timeouts,
    UsageError,
    system,
    user,
)
from chatsdk._tool_terms import ToolTerms
from chatsdk.testing import ChatServer, Reply

KEY = "sk-canary-0123456789"


async def test_a_prompt_goes_out_and_a_typed_answer_comes_back(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("Hello!"))

    completion = await client.create("Say hello.", temperature=0.5)

    assert isinstance(completion, ChatCompletion)
    assert completion.text == "Hello!"
    assert completion.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0
    assert server.requests[-1].json == {
        "messages": [{"role": "user", "content": "Say hello."}],
        "model": "test",
        "temperature": 0.5,
    }


async def test_an_answer_knows_its_request_id_headers_and_rate_limit(client: AsyncChatClient) -> None:
    completion = await client.create("Hi")

    assert completion.request_id == completion.headers["X-Request-Id"]
    assert completion.rate_limit is not None
    assert completion.rate_limit.requests.limit == 10000
    assert completion.rate_limit.tokens.remaining == 1999900
    assert completion.rate_limit.requests.reset_after == 0.006
    assert completion.raw["id"] == completion.id


async def test_what_a_request_carries(server: ChatServer) -> None:
    async with AsyncChatClient(
        base_url=server.base_url + "/?tenant=a",
        api_key=KEY,
        organization="org",
        project="proj",
        headers={"X-Own": "1", "User-Agent": "mine"},
        query={"api-version": "7"},
    ) as client:
        await client.create([system("Be brief."), {"role": "user", "content": "Hi"}], model="m")

    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.query == {"tenant": "a", "api-version": "7"}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["openai-organization"] == "org"
    assert request.headers["openai-project"] == "proj"
    assert request.headers["x-own"] == "1"
    assert request.headers["user-agent"] == "mine"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"]


@pytest.mark.parametrize("suffix", ["", "/", "/chat/completions", "/chat/completions/"])
async def test_base_url_may_end_in_several_ways(server: ChatServer, suffix: str) -> None:
    async with AsyncChatClient(base_url=server.base_url + suffix, model="m") as client:
        await client.create("Hi")

    assert server.requests[-1].path == "/v1/chat/completions"
    assert "authorization" not in server.requests[-1].headers


async def test_settings_come_from_the_environment(server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-env ")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-env")

    async with AsyncChatClient(model="m") as client:
        await client.create("Hi")

    headers = server.requests[-1].headers
    assert headers["authorization"] == "Bearer sk-env"
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-env", "proj-env")


async def test_a_key_may_be_a_function_or_a_coroutine_function_asked_before_each_attempt(server: ChatServer) -> None:
    keys = iter(["sk-1", "sk-2", "sk-3"])

    async def fresh_key() -> str:
        return next(keys)

    retry = RetryPolicy(initial_delay=0)
    async with AsyncChatClient(base_url=server.base_url, api_key=fresh_key, model="m", retry=retry) as client:
        server.enqueue(Reply.error(500, "oops"), Reply.text("ok"))
        await client.create("Hi")
    async with AsyncChatClient(base_url=server.base_url, api_key=lambda: "sk-plain", model="m") as client:
        await client.create("Hi")

    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer sk-1", "Bearer sk-2", "Bearer sk-plain"]


async def test_a_bad_key_from_a_function_is_a_usage_error_without_the_key(server: ChatServer) -> None:
    async with AsyncChatClient(base_url=server.base_url, api_key=lambda: "sk bad\n", model="m") as client:
        with pytest.raises(UsageError, match="api_key") as caught:
            await client.create("Hi")

    assert "sk bad" not in str(caught.value)
    assert server.requests == []


async def test_a_missing_key_is_a_usage_error_before_anything_is_sent() -> None:
    async with AsyncChatClient(model="m") as client:
        with pytest.raises(UsageError, match="OPENAI_API_KEY"):
            await client.create("Hi")
        with pytest.raises(UsageError, match="OPENAI_API_KEY"):
            await client.stream("Hi").completion()


def test_an_authorization_header_of_ones_own_stands_in_for_a_key() -> None:
    client = AsyncChatClient(headers={"Authorization": "Basic abc"})

    assert not client._caller.options.needs_key


BAD_SETTINGS = [
    ({"base_url": "localhost:8000/v1"}, "base_url"),
    ({"base_url": "ftp://host/v1"}, "base_url"),
    ({"base_url": "http:///v1"}, "base_url"),
    ({"base_url": "http://user:secret@host/v1"}, "base_url"),
    ({"base_url": "http://host/v1#part"}, "base_url"),
    ({"base_url": "http://host:99999/v1"}, "base_url"),
    ({"base_url": "http://host:0/v1"}, "base_url"),
    ({"base_url": "http://ho st/v1"}, "base_url"),
    ({"base_url": 7}, "base_url"),
    ({"api_key": "sk-sécret"}, "api_key"),
    ({"api_key": "sk-secret\r\nX: 1"}, "api_key"),
    ({"api_key": ""}, "api_key"),
    ({"api_key": 7}, "api_key"),
    ({"headers": {"X-Secret": "a\r\nb"}}, "X-Secret"),
    ({"headers": {"X Secret": "a"}}, "header"),
    ({"headers": {"X-Secret": "é"}}, "X-Secret"),
    ({"organization": "a\nb"}, "Organization"),
    ({"timeout": -1}, "timeout"),
    ({"timeout": "5"}, "timeout"),
    ({"max_retries": -1}, "max_retries"),
    ({"max_retries": True}, "max_retries"),
    ({"max_retries": 2, "retry": RetryPolicy()}, "max_retries"),
    ({"max_connections": 0}, "max_connections"),
]


@pytest.mark.parametrize(("settings", "named"), BAD_SETTINGS, ids=lambda value: str(value)[:40])
def test_a_setting_that_cannot_work_is_a_usage_error_at_construction(settings: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        AsyncChatClient(**settings)  # type: ignore[arg-type]

    assert "secret" not in str(caught.value).replace("X-Secret", "")


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(TypeError, match="api_kee"):
        AsyncChatClient(api_kee="x")  # type: ignore[call-arg]


LOOP: dict[str, object] = {}
LOOP["again"] = LOOP

BAD_CALLS = [
    (["Hi"], {"temprature": 1}, "did you mean 'temperature'"),
    (["Hi"], {"frobnicate": 1}, "extra_body"),
    (["Hi"], {"temperature": 3}, "temperature"),
    (["Hi"], {"temperature": "hot"}, "temperature"),
    (["Hi"], {"n": 0}, "n:"),
    (["Hi"], {"tool_choice": "sometimes"}, "tool_choice"),
    ([[{"role": "wizard", "content": "Hi"}]], {}, r"messages\[0\]"),
    ([[user("Hi"), {"role": "user"}]], {}, r"messages\[1\].*content"),
    ([[{"content": "Hi"}]], {}, r"messages\[0\].*role"),
    ([[user("Hi"), 42]], {}, r"messages\[1\]"),
    ([[user(7)]], {}, r"messages\[0\]"),  # type: ignore[arg-type]
    ([[{"role": "user", "content": [{"type": "image_url"}]}]], {}, r"messages\[0\].content\[0\].*image_url"),
    ([[]], {}, "messages"),
    ([42], {}, "messages"),
    ([{"role": "user", "content": "Hi"}], {}, "messages"),
    ([], {}, "messages"),
    ([object()], {}, "JSON"),
    (["Hi", "there"], {}, "positional"),
    (["a\ud800b"], {}, "JSON"),
    (["Hi"], {"seed": 2**70}, "seed"),
    (["Hi"], {"extra_body": LOOP}, "JSON"),
]


@pytest.mark.parametrize(("args", "kwargs", "named"), BAD_CALLS, ids=lambda value: str(value)[:40])
async def test_a_call_that_is_wrong_is_a_usage_error_naming_the_thing_before_any_request(
    client: AsyncChatClient, server: ChatServer, args: list[object], kwargs: dict[str, object], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        await client.create(*args, **kwargs)  # type: ignore[call-overload]
    with pytest.raises(UsageError, match=named):
        client.stream(*args, **kwargs)  # type: ignore[arg-type]

    assert server.requests == []


async def test_a_call_without_a_model_is_a_usage_error(server: ChatServer) -> None:
    async with AsyncChatClient(base_url=server.base_url) as client:
        with pytest.raises(UsageError, match="model"):
            await client.create("Hi")


async def test_a_servers_refusal_is_told_in_its_own_words(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(
        Reply.error(400, "Unknown voice.", type="invalid_request_error", code="bad_voice", param="audio.voice")
    )

    with pytest.raises(BadRequestError) as caught:
        await client.create("Hi")

    error = caught.value
    assert (error.status, error.message, error.code) == (400, "Unknown voice.", "bad_voice")
    assert (error.type, error.param) == ("invalid_request_error", "audio.voice")
    assert error.request_id == error.headers["x-request-id"]
    assert error.rate_limit is not None
    for fact in ("Unknown voice.", "400", "bad_voice", "audio.voice", "invalid_request_error", error.request_id):
        assert str(fact) in str(error)
    assert len(server.requests) == 1


async def test_a_key_that_the_server_repeats_is_not_shown(server: ChatServer) -> None:
    escaped = KEY.replace("s", "\\u0073", 1)
    said = f"Incorrect API key provided: {KEY}"
    server.enqueue(
        Reply.error(401, said, headers={"x-request-id": f"req-{KEY}"}),
        Reply.json(f'{{"error":{{"message":"wrong key {escaped}"}}}}'.encode(), status=401),
        Reply.json(b"", status=401, headers={"x-error-message": said}),
        Reply.json({"error": {"message": said, "code": 401}}),
    )
    async with AsyncChatClient(base_url=server.base_url, api_key=KEY, model="m", max_retries=0) as client:
        for _ in range(4):
            with pytest.raises(AuthenticationError) as caught:
                await client.create("Hi")
            error = caught.value
            for text in (str(error), repr(error), repr(vars(error)), repr(error.body), repr(dict(error.headers))):
                assert KEY not in text

        server.enqueue(Reply.sse([{"error": {"message": said}}]))
        with pytest.raises(StreamError) as streamed:
            await client.stream("Hi").completion()
        assert KEY not in str(streamed.value) + repr(vars(streamed.value))

        assert KEY not in repr(client) + str(vars(client))
        with pytest.raises(UsageError, match="pickle"):
            pickle.dumps(client)


RETRIED = [
    (Reply.error(500, "oops"), InternalServerError),
    (Reply.error(429, "slow down"), RateLimitError),
    (Reply.error(408, "too slow"), APIStatusError),
    (Reply.json(b""), ResponseDecodeError),
    (Reply.json(b"<!doctype html><title>Welcome</title>", headers={"content-type": "text/html"}), ResponseDecodeError),
    (Reply.json({"error": {"message": "upstream", "code": 502}}), InternalServerError),
]


@pytest.mark.parametrize(("failure", "error"), RETRIED, ids=lambda value: str(value)[:60])
async def test_what_may_pass_is_tried_again(
    client: AsyncChatClient, server: ChatServer, failure: Reply, error: type[ChatError]
) -> None:
    server.enqueue(failure, failure, Reply.text("at last"))
    assert (await client.create("Hi")).text == "at last"

    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)

    server.enqueue(failure, failure, failure)
    with pytest.raises(error):
        await client.create("Hi")
    assert len(server.requests) == 6


async def test_a_broken_connection_is_tried_again_and_a_stale_one_for_free(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(*[Reply.disconnect()] * 3)
    with pytest.raises(APIConnectionError):
        await client.create("Hi")
    assert len(server.requests) == 3  # all on fresh connections

    once = client.with_options(max_retries=0)
    await once.create("Hi")
    server.enqueue(Reply.disconnect(), Reply.text("at last"))
    assert (await once.create("Hi")).text == "at last"  # the kept connection was dead, a fresh one is not

    server.enqueue(Reply.disconnect(), Reply.disconnect(), Reply.text("too late"))
    with pytest.raises(APIConnectionError):
        await once.create("Hi")


async def test_what_will_not_pass_is_not_tried_again(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.error(429, "no money left", code="insufficient_quota"))
    with pytest.raises(QuotaExceededError):
        await client.create("Hi")

    server.enqueue(Reply.error(503, "later", headers={"x-should-retry": "false"}))
    with pytest.raises(InternalServerError):
        await client.create("Hi")

    server.enqueue(Reply.error(429, "much later", headers={"retry-after": "121"}))
    with pytest.raises(RateLimitError) as caught:
        await client.create("Hi")

    assert caught.value.retry_after == 121
    assert len(server.requests) == 3


async def test_a_redirect_is_an_error_that_names_the_origin_it_points_to(
    client: AsyncChatClient, server: ChatServer
) -> None:
    server.enqueue(Reply.json(b"", status=307, headers={"location": "https://user:pw@other.example/v2?x=secret"}))

    with pytest.raises(RedirectError, match=r"https://other\.example") as caught:
        await client.create("Hi")

    assert "secret" not in str(caught.value)
    assert "pw" not in str(caught.value)


async def test_with_options_copies_the_settings_and_shares_the_connections(
    client: AsyncChatClient, server: ChatServer
) -> None:
    copy = client.with_options(model="other", headers={"X-Own": "1"}, query={"a": "b"}, max_retries=0, timeout=30)

    server.enqueue(Reply.error(500, "oops"))
    with pytest.raises(InternalServerError):
        await copy.create("Hi")

    assert server.requests[-1].json["model"] == "other"
    assert server.requests[-1].headers["x-own"] == "1"
    assert server.requests[-1].query == {"a": "b"}
    await client.create("Hi")
    assert server.requests[-1].json["model"] == "test"
    assert "x-own" not in server.requests[-1].headers
    await copy.aclose()
    with pytest.raises(ClientClosedError):
        await client.create("Hi")


async def test_a_closed_client_says_so(client: AsyncChatClient) -> None:
    await client.aclose()
    await client.aclose()

    with pytest.raises(ClientClosedError):
        await client.create("Hi")
    with pytest.raises(ClientClosedError):
        await client.stream("Hi").completion()


async def test_closing_under_a_live_call_is_told_to_the_call(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("never").after(asyncio.Event()))
    call = asyncio.ensure_future(client.create("Hi"))
    await server.wait_until(lambda: len(server.requests) == 1)

    await client.aclose()

    with pytest.raises(ClientClosedError):
        await call


async def test_a_session_of_the_callers_is_used_and_not_closed(server: ChatServer) -> None:
    async with aiohttp.ClientSession(headers={"X-Session": "mine"}) as session:
        async with AsyncChatClient(base_url=server.base_url, model="m", session=session) as client:
            await client.create("Hi")

        assert not session.closed
    assert server.requests[-1].headers["x-session"] == "mine"


async def test_no_more_connections_than_allowed(server: ChatServer) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.text("one").after(gate), Reply.text("two"))
    timeout = Timeouts(pool=0.05)
    async with AsyncChatClient(base_url=server.base_url, model="m", max_connections=1, timeout=timeout) as client:
        first = asyncio.ensure_future(client.create("Hi"))
        await server.wait_until(lambda: len(server.requests) == 1)

        with pytest.raises(APITimeoutError) as caught:
            await client.with_options(max_retries=0).create("Hi")
        assert caught.value.phase == "pool"

        gate.set()
        assert (await first).text == "one"
        assert (await client.create("Hi")).text == "two"


async def test_each_time_limit_is_told_by_its_phase(server: ChatServer) -> None:
    hang = asyncio.Event()
    cases = [
        (Reply.text("x").after(hang), Timeouts(headers=0.05), "headers"),
        (Reply.text("x").after(hang), Timeouts(total=0.05), "total"),
        (Reply.sse([b'{"id":', hang], headers={"content-type": "application/json"}), Timeouts(idle=0.05), "idle"),
    ]
    async with AsyncChatClient(base_url=server.base_url, model="m", max_retries=0) as client:
        for reply, timeout, phase in cases:
            server.enqueue(reply)
            with pytest.raises(APITimeoutError, match=phase) as caught:
                await client.with_options(timeout=timeout).create("Hi")
            assert caught.value.phase == phase


async def test_no_wait_that_is_longer_than_the_time_left(server: ChatServer) -> None:
    server.enqueue(Reply.error(503, "later", headers={"retry-after": "60"}))
    async with AsyncChatClient(base_url=server.base_url, model="m", timeout=5) as client:
        with pytest.raises(InternalServerError):
            await client.create("Hi")


async def test_a_refused_connection_is_our_error_and_holds_nothing_of_the_request(server: ChatServer) -> None:
    url = server.base_url
    await server.aclose()
    async with AsyncChatClient(base_url=url, api_key=KEY, model="m", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match="connection failed") as caught:
            await client.create("Hi")

    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in repr(error) + repr(vars(error)) + repr(error.args)
        error = error.__cause__


async def test_a_stream_in_answer_to_a_plain_call_is_folded(client: AsyncChatClient, server: ChatServer) -> None:
    chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}
    end = {"id": "c", "choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]}
    server.enqueue(Reply.sse([chunk, end, b"data: [DONE]\n\n"]))

    completion = await client.create("Hi")

    assert (completion.text, completion.finish_reason) == ("Hello", "stop")
    assert completion.request_id

    server.enqueue(*[Reply.sse([chunk])] * 3)
    with pytest.raises(StreamInterruptedError) as caught:
        await client.create("Hi")
    assert caught.value.partial.text == "Hel"


async def test_create_with_stream_gives_an_opened_stream(client: AsyncChatClient, server: ChatServer) -> None:
    server.enqueue(Reply.text("Hello there"))

    stream = await client.create("Hi", stream=True)

    assert isinstance(stream, ChatStream)
    assert stream.request_id
    assert (await stream.completion()).text == "Hello there"


async def test_stream_refuses_not_to_stream(client: AsyncChatClient) -> None:
    with pytest.raises(UsageError, match="stream"):
        client.stream("Hi", stream=False)


def test_help_shows_the_parameters_of_the_one_list() -> None:
    more = {
        AsyncChatClient.create: [],
        AsyncChatClient.parse: ["response_type", "reask", "output_mode"],
        AsyncChatClient.stream: ["response_type", "output_mode"],
    }
    for method, names in more.items():
        shown = set(inspect.signature(method).parameters)
        assert shown == {"self", *ChatRequest.__struct_fields__, *names}


def test_what_a_run_takes_is_shown_as_it_is_taken() -> None:
    taken = inspect.signature(ToolTerms).parameters
    shown = inspect.signature(AsyncChatClient.run_tools).parameters

    assert set(shown) == {"self", "tools", *ChatRequest.__struct_fields__, *taken}
    assert {name: shown[name].default for name in taken} == {name: taken[name].default for name in taken}
    assert list(shown) == list(inspect.signature(AsyncChatClient.stream_tools).parameters)


def test_one_client_serves_several_event_loops_one_after_another(unused_tcp_port: int) -> None:
    client = AsyncChatClient(base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", model="m")

    async def ask() -> str:
        async with ChatServer(port=unused_tcp_port) as server:
            server.enqueue(Reply.text("Hello"))
            return (await client.create("Hi")).text

    assert [asyncio.run(ask()), asyncio.run(ask())] == ["Hello", "Hello"]
    asyncio.run(client.aclose())


async def test_many_tasks_share_a_client(client: AsyncChatClient, server: ChatServer) -> None:
    answers = await asyncio.gather(*[client.create(f"Echo {n}") for n in range(50)])

    assert len({answer.id for answer in answers}) == 50


async def test_a_copy_with_another_query_has_addresses_of_its_own(client: AsyncChatClient, server: ChatServer) -> None:
    await client.create("Hi")
    await client.with_options(query={"tenant": "B"}).create("Hi")
    await client.create("Hi")

    assert [request.query.get("tenant") for request in server.requests] == [None, "B", None]


async def test_a_session_that_raises_for_a_status_does_not_change_the_error(server: ChatServer) -> None:
    server.enqueue(Reply.error(400, "bad request"))
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        client = AsyncChatClient(base_url=server.base_url, model="m", session=session)
        with pytest.raises(BadRequestError, match="bad request"):
            await client.create("Hi")

    assert len(server.requests) == 1


async def test_a_session_with_few_places_is_waited_for(server: ChatServer) -> None:
    gate = asyncio.Event()
    server.enqueue(Reply.text("first").after(gate), Reply.text("second"))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        limits = Timeouts(connect=0.05)
        client = AsyncChatClient(base_url=server.base_url, model="m", session=session, timeout=limits, max_retries=0)
        calls = [asyncio.create_task(client.create("Hi")) for _ in range(2)]
        await asyncio.sleep(0.2)  # longer than the limit, which is not for this
        gate.set()
        assert {completion.text for completion in await asyncio.gather(*calls)} == {"first", "second"}


@pytest.mark.parametrize("key", ["*", "x", "none", "length"])
async def test_a_key_that_is_no_secret_is_not_looked_for(server: ChatServer, key: str) -> None:
    server.enqueue(Reply.error(400, f"{key}: context_length_exceeded"))
    async with AsyncChatClient(base_url=server.base_url, model="m", api_key=key) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.create("Hi")

    assert caught.value.message == f"{key}: context_length_exceeded"


async def test_the_words_of_a_cut_text_that_begin_like_the_key_are_masked(server: ChatServer) -> None:
    server.enqueue(Reply.error(400, "x" * 490 + KEY))
    async with AsyncChatClient(base_url=server.base_url, model="m", api_key=KEY) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.create("Hi")

    assert "sk-c" not in str(caught.value)
