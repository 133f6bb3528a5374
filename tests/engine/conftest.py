"""One engine for the whole run; tests that ask for it are skipped where it is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .server import run_engine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def engine_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a llama.cpp server with a model of random weights."""
    pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    from .tiny_model import write_tiny_model

    model = tmp_path_factory.mktemp("engine") / "tiny.gguf"
    write_tiny_model(model)
    with run_engine(model) as base_url:
        yield base_url
