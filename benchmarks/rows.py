"""Who is measured: the list of rows. A row opens a client on a base URL and gives a function that asks once.

The functions live in `floor`, `ours` and `peers`, named here by address so that listing rows imports nobody.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any, Literal, NamedTuple, Self, cast

Messages = list[dict[str, Any]]
Ask = Callable[[Messages], Awaitable[str]]
Opener = Callable[[str], AbstractAsyncContextManager[Ask]]

AskAll = Callable[[Iterator[Messages]], Awaitable[Counter[str]]]
"""What a row of batches opens: asks every line, counts the answers by their text and so keeps one of each."""

FLOOR = "F"

AT_ONCE = 100
"""Lines of a batch under way."""

Kind = Literal["stream", "tools", "logprobs", "items", "first", "held", "call", "batch"]


class Stamped(str):
    """The first text of a stream, and when it was in the program's hands (`perf_counter`)."""

    at: float

    def __new__(cls, text: str, at: float) -> Self:
        stamped = super().__new__(cls, text)
        stamped.at = at
        return stamped


class Row(NamedTuple):
    """A client and a way of using it. Rows of one `process` share a client process."""

    name: str
    package: str
    process: str
    kind: Kind
    address: str

    @property
    def is_peer(self) -> bool:
        return self.process != "light"

    def opener(self) -> Opener:
        module, function = self.address.split(":")
        return cast(Opener, getattr(import_module(f"benchmarks.{module}"), function))


# F and chatsdk are compared to a few per cent, so they share an interpreter: one heap, one memory layout, one
# GC state. The peers get their own, since their imports alone (and litellm's threads) would weigh on whoever
# sits beside them.
ROWS = (
    Row(FLOOR, "aiohttp", "light", "stream", "floor:stream"),
    Row("chatsdk chunks", "chatsdk", "light", "stream", "ours:chunks"),
    Row("chatsdk text", "chatsdk", "light", "stream", "ours:text"),
    Row("chatsdk deltas", "chatsdk", "light", "stream", "ours:deltas"),
    Row("chatsdk events", "chatsdk", "light", "stream", "ours:events"),
    Row("openai", "openai", "openai", "stream", "peers:openai_chunks"),
    Row("openai aiohttp", "openai", "openai", "stream", "peers:openai_aiohttp_chunks"),
    Row("openai .stream()", "openai", "openai", "stream", "peers:openai_events"),
    Row("litellm", "litellm", "litellm", "stream", "peers:litellm_chunks"),
    Row(FLOOR, "aiohttp", "light", "tools", "floor:tools"),
    Row("chatsdk completion", "chatsdk", "light", "tools", "ours:tool_arguments"),
    Row(FLOOR, "aiohttp", "light", "logprobs", "floor:logprobs"),
    Row("chatsdk chunks", "chatsdk", "light", "logprobs", "ours:alternatives"),
    Row("openai aiohttp", "openai", "openai", "logprobs", "peers:openai_aiohttp_alternatives"),
    Row(FLOOR, "aiohttp", "light", "items", "floor:items"),
    Row("chatsdk elements", "chatsdk", "light", "items", "ours:elements"),
    Row("chatsdk partials", "chatsdk", "light", "items", "ours:partials"),
    Row("openai aiohttp", "openai", "openai", "items", "peers:openai_aiohttp_parsed"),
    Row(FLOOR, "aiohttp", "light", "first", "floor:first"),
    Row("chatsdk text", "chatsdk", "light", "first", "ours:first"),
    Row("openai aiohttp", "openai", "openai", "first", "peers:openai_aiohttp_first"),
    Row(FLOOR, "aiohttp", "light", "held", "floor:stream"),
    Row("chatsdk text", "chatsdk", "light", "held", "ours:text"),
    Row("openai aiohttp", "openai", "openai", "held", "peers:openai_aiohttp_chunks"),
    Row(FLOOR, "aiohttp", "light", "call", "floor:call"),
    Row("chatsdk", "chatsdk", "light", "call", "ours:call"),
    Row("openai", "openai", "openai", "call", "peers:openai_call"),
    Row("openai aiohttp", "openai", "openai", "call", "peers:openai_aiohttp_call"),
    Row("litellm", "litellm", "litellm", "call", "peers:litellm_call"),
    Row(FLOOR, "aiohttp", "light", "batch", "floor:batch"),
    Row("chatsdk", "chatsdk", "light", "batch", "ours:batch"),
)


def find(kind: str, name: str) -> Row:
    return next(row for row in ROWS if (row.kind, row.name) == (kind, name))
