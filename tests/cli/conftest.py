"""The command line run within the tests' process, or as one of its own where signals and pipes matter."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

import pytest
from click.testing import CliRunner, Result

from chatsdk.cli import COMMANDS
from chatsdk.cli._group import command_line


@pytest.fixture(autouse=True)
def _plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "FORCE_COLOR", "TTY_COMPATIBLE":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")


async def run(*args: str, stdin: str | None = None) -> Result:
    """A command in a thread of its own, so that servers of the test's loop can answer it."""
    invoke = partial(CliRunner().invoke, command_line(COMMANDS), args, input=stdin, prog_name="chatsdk")
    return await asyncio.to_thread(invoke)


async def start(*args: str, stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    """A command as a process, which tells on stderr of whatever it leaves unclosed."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "always::ResourceWarning", "-m", "chatsdk", *args),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )
