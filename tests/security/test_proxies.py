"""Ways to a server that are not straight: forward proxies, whose credentials are secrets too, and Unix sockets."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatsdk import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncChatClient,
    ChatError,
    RetryPolicy,
    UsageError,
)
from chatsdk.testing import ChatServer

from .canary import BASIC, KEY, PASSWORD, assert_clean, assert_masked, error_of
from .network import LOCAL, ForwardProxy, Front, Listener, UnixFront

CREDENTIALS = f"user:{PASSWORD}"
PROMPT = "a prompt for one server only"


def client_of(base_url: str, **settings: Any) -> AsyncChatClient:
    retry = RetryPolicy(initial_delay=0)
    return AsyncChatClient(base_url=base_url, api_key=KEY, model="m", retry=retry, **settings)


def with_credentials(proxy: ForwardProxy, credentials: str = CREDENTIALS) -> str:
    return proxy.origin.replace("://", f"://{credentials}@")


@pytest.mark.parametrize("credentials", [None, CREDENTIALS])
async def test_a_plain_request_goes_through_a_proxy(server: ChatServer, credentials: str | None) -> None:
    async with ForwardProxy(credentials=credentials) as proxy:
        address = with_credentials(proxy) if credentials else proxy.origin
        async with client_of(server.base_url, proxy=address) as client:
            assert (await client.create("Hi")).finish_reason == "stop"
            assert_masked(client)

        assert proxy.heads[0].startswith(f"POST {server.base_url}/chat/completions HTTP/1.1".encode())
        assert (BASIC.encode() in proxy.heads[0]) == bool(credentials)
    assert "proxy-authorization" not in server.requests[-1].headers
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("credentials", [None, CREDENTIALS])
@pytest.mark.parametrize("over_tls", [False, True])
async def test_a_proxy_sees_nothing_of_what_goes_to_an_https_server_but_its_name(
    server: ChatServer, serving: ssl.SSLContext, trusting: ssl.SSLContext, over_tls: bool, credentials: str | None
) -> None:
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with (
        Front(port, serving) as front,
        ForwardProxy(credentials=credentials, tls=serving if over_tls else None) as proxy,
        client_of(
            front.base_url, proxy=with_credentials(proxy) if credentials else proxy.origin, ssl_context=trusting
        ) as client,
    ):
        assert (await client.create(PROMPT)).finish_reason == "stop"

        assert len(proxy.heads) == 1
        assert proxy.heads[0].startswith(f"CONNECT {LOCAL}:{front.port} HTTP/1.1\r\n".encode())
        assert (BASIC.encode() in proxy.heads[0]) == bool(credentials)
        for secret in (KEY, PROMPT):
            assert secret.encode() not in proxy.heads[0] + proxy.received
            assert secret.encode() in front.received
        assert b"proxy-authorization" not in bytes(front.received).lower()


async def test_the_certificate_of_a_proxy_is_looked_at_too(server: ChatServer, serving: ssl.SSLContext) -> None:
    async with ForwardProxy(tls=serving) as proxy, client_of(server.base_url, proxy=with_credentials(proxy)) as client:
        error = await error_of(client.create("Hi"))

        assert isinstance(error, APIConnectionError)
        assert error.is_permanent
        assert "certificate" in str(error)
        assert_clean(error)
        assert (proxy.connections, proxy.heads, server.requests) == (1, [], [])


@pytest.mark.parametrize("credentials", [None, f"other:{PASSWORD}"])
async def test_a_407_of_a_plain_request_is_the_proxys_and_not_tried_again(
    server: ChatServer, credentials: str | None
) -> None:
    async with ForwardProxy(credentials=CREDENTIALS) as proxy:
        address = with_credentials(proxy, credentials) if credentials else proxy.origin
        async with client_of(server.base_url, proxy=address) as client:
            error = await error_of(client.create("Hi"))
            assert_masked(client)

        assert isinstance(error, APIStatusError)
        assert error.status == 407
        assert "proxy" in str(error).lower()
        assert_clean(error)
        assert len(proxy.heads) == 1
    assert server.requests == []


@pytest.mark.parametrize("credentials", [None, f"other:{PASSWORD}"])
async def test_a_407_of_a_tunnel_is_explained_and_not_tried_again(
    serving: ssl.SSLContext, trusting: ssl.SSLContext, credentials: str | None
) -> None:
    async with Listener(serving) as server, ForwardProxy(credentials=CREDENTIALS) as proxy:
        address = with_credentials(proxy, credentials) if credentials else proxy.origin
        async with client_of(server.base_url, proxy=address, ssl_context=trusting) as client:
            error = await error_of(client.create("Hi"))

        assert isinstance(error, APIConnectionError)
        assert error.is_permanent
        assert "proxy" in str(error).lower()
        assert "407" in str(error)
        assert_clean(error)
        assert (len(proxy.heads), server.connections) == (1, 0)


@pytest.mark.parametrize("to_https", [False, True])
@pytest.mark.chatsdk_network
async def test_a_proxy_that_is_not_there_is_told_without_its_credentials(unused_tcp_port: int, to_https: bool) -> None:
    base_url = f"http{'s' if to_https else ''}://api.example.com/v1"
    async with client_of(base_url, proxy=f"http://{CREDENTIALS}@{LOCAL}:{unused_tcp_port}") as client:
        error = await error_of(client.create("Hi"))

        assert isinstance(error, APIConnectionError)
        assert str(unused_tcp_port) in str(error)
        assert_clean(error)
        assert_masked(client)


@pytest.mark.chatsdk_network
async def test_a_call_that_is_left_while_its_proxy_says_nothing_shows_no_credentials() -> None:
    async with Listener() as mute:
        address = f"http://{CREDENTIALS}@{LOCAL}:{mute.port}"
        async with client_of("https://api.example.com/v1", proxy=address) as client:
            call = asyncio.ensure_future(client.create("Hi"))
            await mute.visited.wait()
            call.cancel()
            error = await error_of(call)
            assert isinstance(error, asyncio.CancelledError)
            assert_clean(error)

            error = await error_of(client.with_options(timeout=0.05).create("Hi"))
            assert isinstance(error, APITimeoutError)
            assert_clean(error)


@pytest.mark.parametrize(
    "proxy",
    [
        f"{CREDENTIALS}@{LOCAL}:8080",
        f"socks5://{CREDENTIALS}@{LOCAL}:1080",
        f"ftp://{CREDENTIALS}@{LOCAL}",
        f"http://{CREDENTIALS}@",
        f"http://{CREDENTIALS}@{LOCAL}:99999",
        f"http://{CREDENTIALS}@{LOCAL}\r\nX: 1",
        7,
    ],
    ids=["no scheme", "socks5", "ftp", "no host", "port", "control", "number"],
)
def test_a_proxy_that_cannot_work_is_a_usage_error_without_its_credentials(proxy: object) -> None:
    with pytest.raises(UsageError, match="proxy") as caught:
        AsyncChatClient(proxy=proxy)  # type: ignore[arg-type]

    assert_clean(caught.value)


# -- the environment


async def test_proxies_of_the_environment_are_used_only_where_it_is_trusted(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ForwardProxy(credentials=CREDENTIALS) as proxy:
        monkeypatch.setenv("http_proxy", with_credentials(proxy))
        async with client_of(server.base_url) as client:
            await client.create("Hi")
        assert proxy.connections == 0

        async with client_of(server.base_url, trust_env=True) as client:
            await client.create("Hi")
            assert_masked(client)
        assert len(proxy.heads) == 1
    assert len(server.requests) == 2


async def test_an_https_server_is_reached_through_https_proxy(
    server: ChatServer, serving: ssl.SSLContext, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with Front(port, serving) as front, ForwardProxy(credentials=CREDENTIALS) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", with_credentials(proxy))
        async with client_of(front.base_url, trust_env=True, ssl_context=trusting) as client:
            assert (await client.create("Hi")).finish_reason == "stop"
        assert proxy.heads[0].startswith(b"CONNECT ")


@pytest.mark.parametrize("exception", [LOCAL, "*", f"other.example,{LOCAL}"])
async def test_no_proxy_is_honoured(server: ChatServer, monkeypatch: pytest.MonkeyPatch, exception: str) -> None:
    async with ForwardProxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.origin)
        monkeypatch.setenv("no_proxy", exception)
        async with client_of(server.base_url, trust_env=True) as client:
            await client.create("Hi")
        assert proxy.connections == 0
    assert len(server.requests) == 1


async def test_a_proxy_that_is_passed_comes_before_that_of_the_environment(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ForwardProxy() as passed, ForwardProxy() as other:
        monkeypatch.setenv("http_proxy", other.origin)
        async with client_of(server.base_url, trust_env=True, proxy=passed.origin) as client:
            await client.create("Hi")
        assert (passed.connections, other.connections) == (1, 0)


async def test_a_proxy_of_the_environment_that_refuses_is_told_without_its_credentials(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{CREDENTIALS}@{LOCAL}:{unused_tcp_port}")
    async with client_of(server.base_url, trust_env=True) as client:
        error = await error_of(client.create("Hi"))

    assert isinstance(error, ChatError)
    assert_clean(error)


# -- Unix sockets


async def test_a_server_behind_a_unix_socket_is_reached_by_a_session_of_the_callers(
    server: ChatServer, tmp_path: Path
) -> None:
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    path = str(tmp_path / "chat.sock")
    async with (
        UnixFront(path, port) as front,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session,
        client_of("http://localhost/v1", session=session) as client,
    ):
        assert (await client.create("Hi")).finish_reason == "stop"
        assert (await client.stream("Hi").completion()).finish_reason == "stop"
        assert front.connections >= 1
        assert server.requests[-1].headers["host"] == "localhost"

        await server.aclose()
        assert_clean(error := await error_of(client.create("Hi")))
        assert isinstance(error, APIConnectionError)


async def test_a_unix_socket_that_is_not_there_is_our_error(tmp_path: Path) -> None:
    connector = aiohttp.UnixConnector(str(tmp_path / "none.sock"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        client_of("http://localhost/v1", session=session) as client,
    ):
        error = await error_of(client.create("Hi"))

    assert isinstance(error, APIConnectionError)
    assert_clean(error)
