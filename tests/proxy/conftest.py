"""One proxy for the whole run; tests that ask for it are skipped where it is not installed."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from .server import run_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDED = ("litellm", "litellm_proxy_extras", "fastapi", "uvicorn")
"""What `litellm[proxy]` brings; litellm alone has no proxy. To import them here would take seconds."""

OLDEST = (1, 106)
"""Of those tried. 1.89 makes even a cut connection look like a whole stream."""


@pytest.fixture(scope="session")
def proxy_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root URL of a LiteLLM proxy that offers `server.MODELS`."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"litellm[proxy] is not installed: no {', '.join(missing)}")

    found = version("litellm")
    if tuple(map(int, re.findall(r"\d+", found)[:2])) < OLDEST:
        pytest.skip(f"litellm {found} is older than {'.'.join(map(str, OLDEST))}")

    with run_proxy(tmp_path_factory.mktemp("proxy")) as url:
        yield url
