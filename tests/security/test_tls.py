"""TLS: who the server is gets checked, always; a certificate that is wrong is explained, and not tried again."""

from __future__ import annotations

import inspect
import pickle
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from chatsdk import APIConnectionError, APITimeoutError, AsyncChatClient, RetryPolicy, Timeouts, UsageError
from chatsdk.testing import ChatServer

from .canary import KEY, assert_clean, error_of
from .conftest import context_of
from .network import LOCAL, Front, Listener

RETRY = RetryPolicy(initial_delay=0)


def client_of(place: Listener, context: ssl.SSLContext | None, **settings: Any) -> AsyncChatClient:
    return AsyncChatClient(
        base_url=place.base_url, api_key=KEY, model="m", ssl_context=context, retry=RETRY, **settings
    )


async def test_a_private_authority_is_trusted_by_an_ssl_context(
    server: ChatServer, serving: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with Front(port, serving) as front, client_of(front, trusting) as client:
        assert front.base_url.startswith("https://")
        assert (await client.create("Hi")).finish_reason == "stop"
        assert (await client.stream("Hi").completion()).finish_reason == "stop"

    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert KEY.encode() in front.received  # what the front took off the wire, decrypted


def not_trusted(authority: trustme.CA) -> trustme.LeafCert:
    return trustme.CA().issue_cert(LOCAL)


def of_another_host(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("other.example")


def expired(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert(LOCAL, not_after=datetime.now(UTC) - timedelta(days=1))


WRONG = [
    (not_trusted, "unable to get local issuer|self[- ]signed"),
    (of_another_host, f"not valid for .*{LOCAL}"),
    (expired, "expired"),
]


@pytest.mark.parametrize(("certificate", "words"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_wrong_certificate_is_explained_and_not_tried_again(
    server: ChatServer, authority: trustme.CA, trusting: ssl.SSLContext, certificate: Any, words: str
) -> None:
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with (
        Front(port, context_of(certificate(authority))) as front,
        client_of(front, trusting) as client,
    ):
        for number, call in enumerate((client.create, lambda prompt: client.stream(prompt).completion()), 1):
            error = await error_of(call("Hi"))
            assert isinstance(error, APIConnectionError)
            assert not isinstance(error, APITimeoutError)
            assert error.is_permanent
            with pytest.raises(APIConnectionError, match="certificate") as caught:
                raise error
            assert caught.match(words)
            assert caught.match("ssl_context")
            assert_clean(error)
            assert pickle.loads(pickle.dumps(error)).is_permanent
            assert front.connections == number

    assert server.requests == []
    assert front.received == b""


async def test_without_an_ssl_context_the_machines_authorities_count(
    server: ChatServer, serving: ssl.SSLContext
) -> None:
    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with Front(port, serving) as front, client_of(front, None) as client:
        error = await error_of(client.create("Hi"))

        assert isinstance(error, APIConnectionError)
        assert error.is_permanent
        assert "ssl_context" in str(error)
        assert front.connections == 1
    assert front.received == b""


@pytest.mark.parametrize("context", [False, True, "no", 0])
def test_there_is_no_way_to_leave_out_the_check_in_one_word(context: object) -> None:
    with pytest.raises(UsageError, match="ssl_context"):
        AsyncChatClient(api_key=KEY, ssl_context=context)  # type: ignore[arg-type]
    assert not {"verify", "verify_ssl", "ssl", "insecure"} & inspect.signature(AsyncChatClient).parameters.keys()


async def test_versions_before_1_2_are_not_spoken(
    server: ChatServer, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    old = context_of(authority.issue_cert(LOCAL))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    assert ssl.create_default_context().minimum_version >= ssl.TLSVersion.TLSv1_2

    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with Front(port, old) as front, client_of(front, trusting, timeout=5) as client:
        assert isinstance(await error_of(client.create("Hi")), APIConnectionError)
        assert front.received == b""


async def test_a_client_certificate_goes_with_the_ssl_context(
    server: ChatServer, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    wants_one = context_of(authority.issue_cert(LOCAL))
    wants_one.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(wants_one)

    port = int(server.base_url.split(":")[2].removesuffix("/v1"))
    async with Front(port, wants_one) as front:
        async with client_of(front, trusting, timeout=5) as stranger:
            error = await error_of(stranger.create("Hi"))
        assert isinstance(error, APIConnectionError)
        assert_clean(error)
        assert server.requests == []

        authority.issue_cert("client@example.org").configure_cert(trusting)
        async with client_of(front, trusting) as client:
            assert (await client.create("Hi")).finish_reason == "stop"


async def test_a_server_without_tls_behind_https_is_an_error(server: ChatServer, trusting: ssl.SSLContext) -> None:
    url = server.base_url.replace("http:", "https:")
    async with AsyncChatClient(base_url=url, api_key=KEY, model="m", ssl_context=trusting, max_retries=0) as client:
        error = await error_of(client.create("Hi"))

    assert isinstance(error, APIConnectionError)
    assert_clean(error)
    assert server.requests == []


async def test_a_handshake_that_never_ends_is_a_timeout_of_connect(trusting: ssl.SSLContext) -> None:
    async with Listener() as mute:
        async with AsyncChatClient(
            base_url=mute.base_url.replace("http:", "https:"),
            api_key=KEY,
            model="m",
            ssl_context=trusting,
            timeout=Timeouts(connect=0.05),
            max_retries=0,
        ) as client:
            error = await error_of(client.create("Hi"))

        assert isinstance(error, APITimeoutError)
        assert error.phase == "connect"
        assert_clean(error)
        assert KEY.encode() not in mute.received


async def test_trust_is_loaded_once_and_never_in_a_loop(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a loop's time: some 20 ms each, which clients that are made for each request used to pay."""
    loaded: list[object] = []
    monkeypatch.setattr(ssl, "create_default_context", lambda *args, **settings: loaded.append(args))
    for name in ("load_default_certs", "load_verify_locations", "set_default_verify_paths"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *args, **settings: loaded.append(args))

    for _ in range(20):
        async with AsyncChatClient(
            base_url=f"https://{LOCAL}:{unused_tcp_port}/v1", model="m", max_retries=0
        ) as client:
            with pytest.raises(APIConnectionError):
                await client.create("Hi")

    assert loaded == []
