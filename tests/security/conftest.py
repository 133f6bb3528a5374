"""A certificate authority of our own, a place to keep its files, and an eye on everything that is printed or logged."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trustme

from chatsdk import AsyncChatClient, RetryPolicy
from chatsdk.testing import ChatServer

from .canary import KEY, check
from .network import LOCAL

PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _alone_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxies, no netrc: what a test wants of them it sets itself."""
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def _nothing_is_told(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """All loggers speak at DEBUG, and no record shows a secret, not in its arguments either."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "aiohttp", "aiohttp.client", "aiohttp.internal", "chatsdk"):
        caplog.set_level(logging.DEBUG, name)
    yield
    for record in [*caplog.get_records("setup"), *caplog.get_records("call")]:
        check(f"{record.getMessage()} {vars(record)!r}", f"a log record of {record.name}")


@pytest.fixture
async def _in_debug_mode() -> None:
    """asyncio says all it has to say."""
    asyncio.get_running_loop().set_debug(True)


@pytest.fixture
async def client(server: ChatServer) -> AsyncIterator[AsyncChatClient]:
    """A client with the canary for a key, that waits for nothing between its attempts."""
    retry = RetryPolicy(initial_delay=0)
    async with AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test", retry=retry) as client:
        yield client


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs the certificates here; nobody trusts it unless told to."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What a caller passes who trusts our authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def serving(authority: trustme.CA) -> ssl.SSLContext:
    """What a server on loopback uses, its certificate in order."""
    return context_of(authority.issue_cert(LOCAL))


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """For a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
