"""What a client offers beside completions: those the server has kept, and its models."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

from ._caller import Caller
from ._options import checked_id
from ._pages import Pages
from ._protocol.wire import decode, encode_json
from .types.model import Model
from .types.response import ChatCompletion
from .types.stored import Deleted, StoredMessage

COMPLETIONS = ("chat", "completions")

as_completion = partial(decode, ChatCompletion)
as_deleted = partial(decode, Deleted)
as_model = partial(decode, Model)


class Stored:
    """Completions the server has kept, made with `store=True`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(
        self,
        *,
        model: str | None = None,
        metadata: Mapping[str, str] | None = None,
        after: str | None = None,
        limit: int | None = None,
        order: Literal["asc", "desc"] | None = None,
    ) -> Pages[ChatCompletion]:
        """All of them, or those of a model or with these metadata. `limit` is the size of a page, not of the list."""
        filters = {f"metadata[{name}]": value for name, value in (metadata or {}).items()}
        query = {"model": model, "after": after, "limit": limit, "order": order, **filters}
        return Pages(self._caller, ChatCompletion, *COMPLETIONS, query=query)

    async def retrieve(self, completion_id: str) -> ChatCompletion:
        """One of them. Raises `NotFoundError`."""
        return await self._caller.fetch(as_completion, "GET", self._url(completion_id))

    async def update(self, completion_id: str, *, metadata: Mapping[str, str] | None) -> ChatCompletion:
        """The completion with its metadata replaced. Raises `NotFoundError`."""
        body = encode_json({"metadata": metadata})
        return await self._caller.fetch(as_completion, "POST", self._url(completion_id), body)

    async def delete(self, completion_id: str) -> Deleted:
        """Forget it. Raises `NotFoundError`."""
        return await self._caller.fetch(as_deleted, "DELETE", self._url(completion_id))

    def messages(
        self,
        completion_id: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        order: Literal["asc", "desc"] | None = None,
    ) -> Pages[StoredMessage]:
        """The messages that led to it. `limit` is the size of a page."""
        path = (*COMPLETIONS, checked_id(completion_id), "messages")
        return Pages(self._caller, StoredMessage, *path, query={"after": after, "limit": limit, "order": order})

    def _url(self, completion_id: str) -> str:
        return self._caller.options.url(*COMPLETIONS, checked_id(completion_id))


class Models:
    """The models on offer."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def list(self) -> Pages[Model]:
        """All of them."""
        return Pages(self._caller, Model, "models")

    async def retrieve(self, model: str) -> Model:
        """One of them. Raises `NotFoundError`."""
        return await self._caller.fetch(as_model, "GET", self._url(model))

    async def delete(self, model: str) -> Deleted:
        """Delete a fine-tuned model of one's own. Raises `PermissionDeniedError`, `NotFoundError`."""
        return await self._caller.fetch(as_deleted, "DELETE", self._url(model))

    def _url(self, model: str) -> str:
        return self._caller.options.url("models", checked_id(model))
