"""What a client sent, for a test to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec


@dataclass(frozen=True)
class RecordedRequest:
    """One request as it came over the wire.

    `path` is percent-encoded and without the query; of a repeated query key, `query` has the last value;
    `headers` takes names in any case; `body` is inflated if it came compressed.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The decoded body. `msgspec.DecodeError` where it is no JSON."""
        return msgspec.json.decode(self.body)
