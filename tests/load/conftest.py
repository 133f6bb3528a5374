"""A server for all tests of a module, and a skip where the system does not tell what is to be counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .process import server


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory and descriptors are counted in /proc, which this system does not have")
    with server() as url:
        yield url
