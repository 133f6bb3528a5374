"""Which server a command talks to, and which of its models it asks: options, then the environment, then the server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import chatsdk

from .._options import DEFAULT_BASE_URL, Options, checked_base_url

MAX_NAMED = 3
"""Models that are named where there are too many to choose from."""


@dataclass(frozen=True)
class Target:
    """A server and a model, `None` for what no option names.

    No option names a key, for options are in the list of processes and in the shell's history.
    """

    base_url: str | None = None
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)

    @property
    def is_known(self) -> bool:
        """Whether anything at all says where to go."""
        return bool(self.base_url or _env("OPENAI_BASE_URL") or _env("OPENAI_API_KEY"))

    @property
    def shown_base_url(self) -> str:
        """The address as it may be shown. Raises `UsageError` for one that cannot work."""
        url = self.base_url or _env("OPENAI_BASE_URL") or DEFAULT_BASE_URL
        return Options(base_url=checked_base_url(url)).shown_base_url

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[tuple[chatsdk.AsyncChatClient, str]]:
        """A client, closed at the end, and the model it asks. Raises as `only_model` does."""
        async with chatsdk.AsyncChatClient(api_key=self.api_key, base_url=self.base_url) as client:
            model = self.model or await only_model(client)
            yield client.with_options(model=model), model


async def only_model(client: chatsdk.AsyncChatClient) -> str:
    """The model of a server that has one, such as llama.cpp. `UsageError` where the choice is not ours."""
    try:
        names = [model.id async for model in client.models.list()]
    except (chatsdk.NotFoundError, chatsdk.ResponseDecodeError):
        raise chatsdk.UsageError("the server does not say which models it has: name one with --model") from None
    if len(names) == 1:
        return names[0]
    some = ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
    offer = f"{len(names)} models ({some})" if names else "no model"
    raise chatsdk.UsageError(f"the server offers {offer}: name one with --model")


def _env(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None
