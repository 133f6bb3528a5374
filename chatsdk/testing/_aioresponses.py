"""Lets aioresponses answer on newer aiohttp: `mocked.post(url, payload=..., response_class=MockedResponse)`.

aiohttp 3.14 asks for a `stream_writer` when a response is made, and aioresponses up to 0.7.9 does not give one:
https://github.com/pnuckowski/aioresponses/issues/289
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientResponse

_WANTS_WRITER = "stream_writer" in inspect.signature(ClientResponse.__init__).parameters


class MockedResponse(ClientResponse):
    """A `ClientResponse` that nothing was sent for. It adds only what aiohttp wants and its maker left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if _WANTS_WRITER:
            kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)
