"""The benchmarks measure what they say: their answers are right, and a small run of them works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import workloads
from chatsdk._head import Head
from chatsdk._protocol.accumulate import Accumulator
from chatsdk._protocol.chunks import ChunkDecoder, read_completion, verdict


@pytest.mark.parametrize("per_packet", [1, 8, 64])
def test_the_streams_add_up_to_the_text_they_are_said_to(per_packet: int) -> None:
    decoder, accumulator = ChunkDecoder(Head(200)), Accumulator()

    chunks = [chunk for packet in workloads.packets(7, 300, per_packet) for chunk in decoder.feed(packet)]
    for chunk in chunks:
        accumulator.add(chunk)

    assert len(chunks) == 300
    assert verdict(decoder, accumulator) is None
    assert accumulator.completion().text == workloads.stream_text(7, 300)


def test_the_one_shot_answer_is_the_text_it_is_said_to_be() -> None:
    completion = read_completion(workloads.completion_body(7, 150), Head(200))

    assert completion.text == workloads.completion_text(7, 150)


def test_a_small_run_prints_a_table() -> None:
    command = "-m benchmarks --quick --rows chatsdk --only stream-64 call-1 --rounds 1"

    run = subprocess.run(
        [sys.executable, *command.split()], cwd=Path(__file__).parent.parent, capture_output=True, text=True
    )

    assert (run.returncode, run.stderr) == (0, "")
    for row in ("F ", "chatsdk chunks", "chatsdk text", "chatsdk deltas", "chatsdk events"):
        assert f"stream-64  {row}" in run.stdout
    assert "NOT MEASURED" not in run.stdout
