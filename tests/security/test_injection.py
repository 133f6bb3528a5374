"""Nothing a caller passes becomes another header, another path, another request: it is refused, or quoted."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from chatsdk import AsyncChatClient, UsageError
from chatsdk.testing import ChatServer

from .canary import KEY, assert_clean, error_of

CONTROLS = ["\r\nX-Injected: 1", "\n", "\r", "\0", "\x0b", "\x1b[2J", "\x7f", "é", "\u2028", "\ud800"]


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_key_with_anything_but_visible_ascii_is_refused_at_construction(control: str) -> None:
    for key in (KEY + control, control + KEY, f"{KEY[:4]}{control}{KEY}"):
        with pytest.raises(UsageError, match="api_key") as caught:
            AsyncChatClient(api_key=key)
        assert_clean(caught.value)


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
async def test_a_key_from_a_function_is_looked_at_before_each_attempt(server: ChatServer, control: str) -> None:
    async with AsyncChatClient(base_url=server.base_url, api_key=lambda: KEY + control, model="m") as client:
        error = await error_of(client.create("Hi"))

    assert isinstance(error, UsageError)
    assert_clean(error)
    assert server.requests == []


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_header_value_in_more_than_one_line_is_refused_and_not_repeated(control: str) -> None:
    client = AsyncChatClient(api_key="sk")
    for make in (
        lambda headers: AsyncChatClient(headers=headers),
        lambda headers: client.with_options(headers=headers),
    ):
        with pytest.raises(UsageError, match="X-Tenant") as caught:
            make({"X-Tenant": KEY + control})
        assert_clean(caught.value)


@pytest.mark.parametrize("setting", ["organization", "project"])
def test_organization_and_project_are_headers_too(setting: str) -> None:
    with pytest.raises(UsageError):
        AsyncChatClient(**{setting: "org\r\nX-Injected: 1"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", "X Y", "X:Y", "X\r\nY", "X\0", "é", "X(Y)", "Content-Length", "transfer-encoding"]
)
def test_a_header_name_is_a_token_and_none_that_frames_the_body(name: str) -> None:
    with pytest.raises(UsageError, match="header"):
        AsyncChatClient(headers={name: "1"})
    if name:
        with pytest.raises(UsageError, match="header"):
            AsyncChatClient(idempotency_header=name)


@pytest.mark.parametrize("headers", [[("X-A", "1")], "X-A: 1", {"X-A": 1}, {"X-A": None}, {7: "1"}, {b"X-A": b"1"}])
def test_headers_that_are_no_text_are_a_usage_error(headers: object) -> None:
    with pytest.raises(UsageError, match="header"):
        AsyncChatClient(headers=headers)  # type: ignore[arg-type]


async def test_a_query_is_quoted_whatever_stands_in_it(server: ChatServer) -> None:
    odd = {"a b": "1&x=2#f", "c": "\r\nX-Injected: 1", "d/..": "é=?"}
    async with AsyncChatClient(base_url=server.base_url, query=odd, model="m") as client:
        await client.create("Hi")

    request = server.requests[-1]
    assert request.query == odd
    assert (request.path, "x-injected" in request.headers) == ("/v1/chat/completions", False)


@pytest.mark.parametrize(
    "query", [{"a": 1}, {"a": None}, {1: "a"}, {"a": "\ud800"}, {"\ud800": "a"}, "a=1", [("a", "b")]]
)
def test_a_query_that_is_no_text_is_a_usage_error_at_construction(query: object) -> None:
    client = AsyncChatClient(api_key="sk")
    for make in (lambda query: AsyncChatClient(query=query), lambda query: client.with_options(query=query)):
        with pytest.raises(UsageError, match="query"):
            make(query)


ODD_IDS = [
    "../../admin",
    "a/b",
    "a?x=1",
    "a#f",
    "%2e%2e",
    "a\r\nX-Injected: 1",
    "//evil.example/x",
    "é",
    "..%2f..",
    "\\..\\",
]


@pytest.mark.parametrize("id", ODD_IDS, ids=ascii)
async def test_an_id_is_one_piece_of_the_path(server: ChatServer, id: str) -> None:
    async with AsyncChatClient(base_url=server.base_url, model="m", max_retries=0) as client:
        await error_of(client.stored.retrieve(id))
        await error_of(client.models.retrieve(id))

    completion, model = server.requests
    for request, before in ((completion, "/v1/chat/completions/"), (model, "/v1/models/")):
        assert unquote(request.path) == before + id
        assert request.path.count("/") == before.count("/")
        assert (request.query, "x-injected" in request.headers) == ({}, False)


@pytest.mark.parametrize("id", ["", ".", "..", "\ud800", None, 7])
async def test_an_id_that_would_be_another_path_is_a_usage_error(server: ChatServer, id: str) -> None:
    async with AsyncChatClient(base_url=server.base_url, model="m") as client:
        for call in (client.stored.retrieve(id), client.stored.delete(id), client.models.delete(id)):
            assert isinstance(await error_of(call), UsageError)
        with pytest.raises(UsageError):
            client.stored.messages(id)

    assert server.requests == []


@pytest.mark.parametrize("model", ["../../admin", "a/b", "a?x=1", "a#f", "a\r\nX-Injected: 1"], ids=ascii)
async def test_a_deployment_is_one_piece_of_the_path(server: ChatServer, model: str) -> None:
    origin = server.base_url.removesuffix("/v1")
    async with AsyncChatClient(base_url=origin, provider="azure", api_key=KEY, model=model, max_retries=0) as client:
        await error_of(client.create("Hi"))

    request = server.requests[-1]
    assert unquote(request.path) == f"/openai/deployments/{model}/chat/completions"
    assert request.path.count("/") == len(("openai", "deployments", "model", "chat", "completions"))
    assert (list(request.query), "x-injected" in request.headers) == (["api-version"], False)


@pytest.mark.parametrize("model", ["", ".", ".."])
async def test_a_deployment_that_would_be_another_path_is_a_usage_error(server: ChatServer, model: str) -> None:
    async with AsyncChatClient(base_url=server.base_url, provider="azure", api_key=KEY) as client:
        assert isinstance(await error_of(client.create("Hi", model=model)), UsageError)

    assert server.requests == []


async def test_what_stands_in_a_prompt_stays_in_the_body(client: AsyncChatClient, server: ChatServer) -> None:
    await client.create("\r\n\r\nGET / HTTP/1.1\r\nX-Injected: 1\r\n\r\n", user="a\r\nX-Injected: 1")

    assert len(server.requests) == 1
    assert "x-injected" not in server.requests[0].headers
