from __future__ import annotations

from collections.abc import Callable

import pytest

from chatsdk import AsyncChatClient

from .running import Runner, Streaming

FORMS: dict[str, Callable[[AsyncChatClient], Runner]] = {"awaited": Runner, "streamed": Streaming}


@pytest.fixture(params=FORMS)
def runner(request: pytest.FixtureRequest, client: AsyncChatClient) -> Runner:
    """Runs tools in each of the two forms, whatever the test asks for."""
    return FORMS[request.param](client)
