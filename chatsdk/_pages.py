"""Lists that come in pages, read as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from ._caller import Caller
from ._error_body import ErrorWords
from ._head import Head
from ._protocol.wire import decode
from .types._base import Answer
from .types.stored import Page

A = TypeVar("A", bound=Answer)


class Pages(Generic[A]):
    """An async iterator over the items of all pages; the next page is fetched when the last one is used up."""

    def __init__(self, caller: Caller, item: type[A], *path: str, query: Mapping[str, Any] | None = None) -> None:
        self._caller = caller
        self._item = item
        self._path = path
        self._query = {name: value for name, value in (query or {}).items() if value is not None}
        self._items: deque[A] = deque()
        self._is_last = False

    def __aiter__(self) -> Pages[A]:
        return self

    async def __anext__(self) -> A:
        while not self._items:
            if self._is_last:
                raise StopAsyncIteration
            await self._fetch()
        return self._items.popleft()

    async def _fetch(self) -> None:
        """The next page. A page that is empty, or names no place to go on from, is the last whatever it says."""
        url = self._caller.options.url(*self._path, query=self._query)
        page, head = await self._caller.fetch(read_page, "GET", url)
        self._items.extend(decode(self._item, bytes(item), head) for item in page.data)
        last = page.last_id or (getattr(self._items[-1], "id", None) if self._items else None)
        self._is_last = not (page.has_more and self._items and last)
        self._query["after"] = last


def read_page(body: bytes, head: Head, /, *, words: ErrorWords) -> tuple[Page, Head]:
    """A page and the head it came with."""
    return decode(Page, body, head, words=words), head
