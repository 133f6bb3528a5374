"""The README's Python runs as it stands, block after block in one program, against a server on loopback."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import chatsdk
from chatsdk.testing import ChatServer

README = Path(__file__).parent.parent / "README.md"

BLOCKS = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


async def test_the_python_of_the_readme_runs(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    program: dict[str, Any] = {"chatsdk": chatsdk}

    for block in BLOCKS:
        code = compile(block, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        running = eval(code, program)
        if inspect.isawaitable(running):
            await running
    await program["client"].aclose()

    printed = capsys.readouterr().out
    assert len(BLOCKS) >= 9
    assert "(stop)" in printed
    assert "198" in printed  # 99 + 99, by the demo model's own reckoning


def test_the_table_of_limits_is_true() -> None:
    table = re.findall(r"^\| `(Timeouts|SizeLimits)\.(\w+)` \| (\S+(?: \S+)?) \|", README.read_text(), re.MULTILINE)
    told = {(owner, name): default for owner, name, default in table}

    seconds = vars_of(chatsdk.Timeouts())
    sizes = vars_of(chatsdk.SizeLimits())
    assert told == {
        **{("Timeouts", name): "none" if value is None else f"{value:g} s" for name, value in seconds},
        **{
            ("SizeLimits", name): f"{value >> 20} MiB" if value >> 20 else f"{value >> 10} KiB" for name, value in sizes
        },
    }


def vars_of(limits: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(limits, name)) for name in limits.__dataclass_fields__]
