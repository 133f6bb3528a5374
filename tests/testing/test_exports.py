"""The public list is checked, not trusted."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

import chatsdk.testing

SOURCE = ast.parse(Path(chatsdk.testing.__file__).read_text(encoding="utf-8"))


def test_type_checkers_and_programs_see_the_same_names() -> None:
    block = next(node for node in SOURCE.body if isinstance(node, ast.If))
    homes = {
        alias.asname: f".{statement.module}"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert homes == chatsdk.testing._HOME_OF
    assert set(chatsdk.testing.__all__) == homes.keys()


@pytest.mark.parametrize("name", chatsdk.testing.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value: Any = getattr(chatsdk.testing, name)
    assert value is getattr(chatsdk.testing, name)
    if isinstance(value, type) or inspect.isfunction(value):
        assert (value.__doc__ or "").strip()


@pytest.mark.parametrize("name", [name for name in chatsdk.testing.__all__ if name not in ("DEMO_MODEL", "FAULTS")])
def test_every_public_method_is_documented(name: str) -> None:
    value = getattr(chatsdk.testing, name)
    members = vars(value).items() if isinstance(value, type) else ()
    documented = [
        (member, made)
        for member, made in members
        if not member.startswith("_") and (isinstance(made, property | staticmethod) or inspect.isfunction(made))
    ]
    missing = [member for member, made in documented if not (inspect.getdoc(made) or "").strip()]
    assert missing == [] or name == "Gate"


def test_dir_lists_every_name() -> None:
    assert set(dir(chatsdk.testing)) >= set(chatsdk.testing.__all__)


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match=r"'chatsdk.testing' has no attribute 'Server'"):
        _ = chatsdk.testing.Server
