"""What holds for all commands: how they are found, and how quickly."""

from __future__ import annotations

import asyncio
import sys

import pytest

import chatsdk
from chatsdk.cli import COMMANDS

from .conftest import run


async def python(code: str) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr of a program."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


async def test_help_names_every_command_and_the_environment() -> None:
    result = await run("--help")
    assert result.exit_code == 0
    for name in *COMMANDS, "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL":
        assert name in result.stdout


async def test_help_does_without_aiohttp_and_rich() -> None:
    code, _, stderr = await python(
        "import atexit, sys; from chatsdk.cli import main; sys.argv[1:] = ['--help'];"
        "atexit.register(lambda: print({'aiohttp', 'rich'} & {*sys.modules}, file=sys.stderr)); main()"
    )
    assert (code, stderr) == (0, "set()\n")


@pytest.mark.parametrize("name", ["click", "rich"])
async def test_without_its_extra_it_says_what_to_install(name: str) -> None:
    code, stdout, stderr = await python(f"import sys; sys.modules[{name!r}] = None; import chatsdk.cli as c; c.main()")
    assert (code, stdout) == (2, "")
    assert stderr == 'The command line needs click and rich: pip install "chatsdk[cli]"\n'


async def test_it_tells_its_version() -> None:
    assert (await run("--version")).stdout == f"chatsdk {chatsdk.__version__}\n"


async def test_an_unknown_command_is_a_misuse() -> None:
    result = await run("sing")
    assert result.exit_code == 2
    assert "'sing'" in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
async def test_every_command_explains_itself(name: str) -> None:
    result = await run(name, "--help")
    assert result.exit_code == 0
    assert "--base-url" in result.stdout
