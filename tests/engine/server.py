"""Runs llama.cpp's own server on a free local port, in a process of its own.

Within the tests' process it would put its sockets, threads and CPU time on their account, leave a thread
behind, wait up to thirty seconds for an open stream when told to stop, and hang a forked child that exits.
It stops when its standard input ends, so it cannot outlive the tests, however they end. By hand:

    python -m tests.engine.server MODEL
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOTS = 8
CONTEXT_PER_SLOT = 2048


@contextmanager
def run_engine(model_path: Path) -> Iterator[str]:
    """The base URL, ending in `/v1`, of an engine that serves the model as `tiny` until the block is left.

    It answers `SLOTS` requests at once and queues the rest. Prompt and answer of one request share
    `CONTEXT_PER_SLOT` tokens.

    RuntimeError if it does not start, CalledProcessError if it died before the end of the block.
    """
    command = [sys.executable, "-P", __file__, str(model_path)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl+C is for the tests; the engine follows through its stdin
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"the engine did not start, exit code {process.wait()}: see stderr")

        try:
            yield f"{address}/v1"
        finally:
            process.stdin.close()
            code = process.wait()

        if code != 0:
            raise subprocess.CalledProcessError(code, command)


def serve(model_path: str) -> None:
    """Print the engine's address, then serve until stdin ends; leaves the process, never returns normally."""
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = model_path
    params.model_alias = {"tiny"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # any free one
    params.n_parallel = SLOTS
    params.n_ctx = SLOTS * CONTEXT_PER_SLOT
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.endpoint_metrics = True
    params.warmup = False
    params.ui = False
    params.verbosity = 1  # errors only

    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)

    sys.stdin.buffer.read()
    os._exit(0)  # the engine's own stop would wait for its open streams


if __name__ == "__main__":
    serve(sys.argv[1])
