"""Bad framing in a later read ends a call, though aiohttp's C parser would wait for ever.

See docs/aiohttp-bad-chunk-framing.md, whose program is run here too; each night also to hear when aiohttp is mended.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .process import ROOT, measured

BY_IDLE = {"create": ("APITimeoutError", "idle", "open"), "stream": ("APITimeoutError", "idle", "error")}
AT_ONCE = {"create": ("APIConnectionError", None, "open"), "stream": ("StreamInterruptedError", None, "truncated")}

EXTENSIONS = pytest.mark.parametrize("without_extensions", ["", "1"], ids=["C parser", "Python parser"])


@EXTENSIONS
@pytest.mark.parametrize("way", ["create", "stream"])
def test_bad_framing_in_a_later_read_ends_a_call(base_url: str, way: str, without_extensions: str) -> None:
    found = measured("framing", base_url, way, timeout=30, AIOHTTP_NO_EXTENSIONS=without_extensions)

    ends = [AT_ONCE[way]] if found["parser"] == "Python" else [BY_IDLE[way], AT_ONCE[way]]
    assert (found["error"], found["phase"], found["outcome"]) in ends
    assert found["text"] == ("x" if way == "stream" else "")
    assert found["again"] == "x"
    assert (found["descriptors"], found["tasks"]) == (0, 0)


def reproduction(without_extensions: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "docs/aiohttp_bad_chunk_framing.py"],
        cwd=ROOT,
        env={**os.environ, "AIOHTTP_NO_EXTENSIONS": without_extensions},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_reproduction_for_aiohttp_shows_its_python_parser_at_its_best() -> None:
    run = reproduction("1")

    assert (run.returncode, run.stderr) == (0, "")
    assert "Python parser" in run.stdout
    assert "HUNG" not in run.stdout


@pytest.mark.nightly
def test_the_reproduction_for_aiohttp_still_hangs_with_its_c_parser() -> None:
    run = reproduction("")
    if "C parser" not in run.stdout:
        pytest.skip("this aiohttp has no C extensions")

    assert run.stdout.count("HUNG") == 4, (
        f"aiohttp is mended: say so in docs/aiohttp-bad-chunk-framing.md\n{run.stdout}"
    )
