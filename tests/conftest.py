"""What all tests share: an environment without settings, a server and a client of it.

The client's key is the canary of tests/security: no test, whatever it is about, may print or log it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chatsdk import AsyncChatClient
from chatsdk.testing import ChatServer

from .security.canary import KEY
from .security.canary import pytest_runtest_makereport as pytest_runtest_makereport


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with ChatServer() as server:
        yield server


@pytest.fixture
async def client(server: ChatServer) -> AsyncIterator[AsyncChatClient]:
    """A client of the server that waits for nothing between its attempts."""
    from chatsdk import RetryPolicy

    retry = RetryPolicy(initial_delay=0)
    async with AsyncChatClient(base_url=server.base_url, api_key=KEY, model="test", retry=retry) as client:
        yield client
