"""A server and a bare aiohttp client to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from chatsdk.testing import ChatServer

HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
"""The smallest valid request."""


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with ChatServer() as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Client:
    """What the tests ask of a server, and the JSON it answers."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self._base_url = base_url

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self._session.request(method, self._base_url + path, **options) as response:
            return response.status, await response.json()

    async def create(self, **parameters: Any) -> dict[str, Any]:
        completion: dict[str, Any]
        _, completion = await self.ask("POST", "/chat/completions", json=HELLO | parameters)
        return completion

    async def chunks(self, **parameters: Any) -> list[dict[str, Any]]:
        request = HELLO | {"stream": True} | parameters
        async with self._session.post(self._base_url + "/chat/completions", json=request) as response:
            assert response.content_type == "text/event-stream"
            return read_events(await response.read())


@pytest.fixture
def client(server: ChatServer, session: aiohttp.ClientSession) -> Client:
    return Client(session, server.base_url)


def read_events(body: bytes) -> list[dict[str, Any]]:
    """The JSON of each event; the stream has to be whole and to end with `[DONE]`."""
    *events, done, rest = body.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    assert all(event.startswith(b"data: ") for event in events)
    return [msgspec.json.decode(event.removeprefix(b"data: ")) for event in events]
