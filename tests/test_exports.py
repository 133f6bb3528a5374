"""The public lists: what they name is there, is documented, and is named everywhere it has to be."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import chatsdk
from chatsdk import types

SOURCE = ast.parse(Path(chatsdk.__file__).read_text(encoding="utf-8"))

PLAIN = {"ToolEvent", "__version__", "UNSET", "Event"}
"""Names that are no class, function or module, and so have no docstring."""


def names_for_type_checkers() -> dict[str, str]:
    """Name to the module it comes from, as the block for type checkers says."""
    found = {}
    for node in SOURCE.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                assert isinstance(statement, ast.ImportFrom)
                for alias in statement.names:
                    assert alias.asname == alias.name, "`as` is what makes a name public to type checkers"
                    found[alias.name] = "." * statement.level + (statement.module or "")
    return found


def test_type_checkers_and_programs_see_the_same_names() -> None:
    modules = {"errors": ".", "types": "."}
    assert names_for_type_checkers() == chatsdk._HOME_OF | modules
    assert set(chatsdk.__all__) == {"__version__", *modules, *chatsdk._HOME_OF}


def test_no_name_is_listed_twice() -> None:
    names = [name for names in chatsdk._HOMES.values() for name in names.split()]
    assert len(set(names)) == len(names)
    assert len(set(chatsdk.__all__)) == len(chatsdk.__all__)


def test_the_lists_are_sorted() -> None:
    assert list(chatsdk._HOMES) == sorted(chatsdk._HOMES)
    for names in chatsdk._HOMES.values():
        assert names.split() == sorted(names.split(), key=order)


def order(name: str) -> tuple[bool, bool, str]:
    """Constants, then classes, then the rest, as import sorting has it."""
    return (not name.isupper(), not name[0].isupper(), name)


@pytest.mark.parametrize("name", chatsdk.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value: Any = getattr(chatsdk, name)
    assert value is getattr(chatsdk, name)
    if name not in PLAIN:
        assert isinstance(value, type | ModuleType) or inspect.isfunction(value)
        assert (value.__doc__ or "").strip()
    if isinstance(value, type):
        assert value.__name__ == name


@pytest.mark.parametrize("name", [name for name in chatsdk.__all__ if inspect.isclass(getattr(chatsdk, name))])
def test_every_public_method_is_documented(name: str) -> None:
    kind = getattr(chatsdk, name)
    members = [(member, value) for member, value in vars(kind).items() if not member.startswith("_")]
    documented = [
        (member, value)
        for member, value in members
        if isinstance(value, property | classmethod | staticmethod) or inspect.isfunction(value)
    ]
    assert [member for member, value in documented if not (inspect.getdoc(value) or "").strip()] == []


def test_dir_lists_every_name() -> None:
    assert set(dir(chatsdk)) >= set(chatsdk.__all__)
    assert dir(chatsdk) == sorted(dir(chatsdk))


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match=r"'chatsdk' has no attribute 'OpenAI'"):
        _ = chatsdk.OpenAI
    assert not hasattr(chatsdk, "__wrapped__")


def test_a_star_imports_every_name() -> None:
    namespace: dict[str, Any] = {}
    exec("from chatsdk import *", namespace)
    assert namespace.keys() >= set(chatsdk.__all__)


def test_the_version_is_one() -> None:
    assert chatsdk.__version__.split(".")[0].isdecimal()


# -- types


def test_the_list_of_types_is_sorted_and_without_doubles() -> None:
    assert types.__all__ == sorted(set(types.__all__), key=order)


def test_the_list_of_types_is_complete() -> None:
    public = {
        name for name, value in vars(types).items() if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert set(types.__all__) == public


def test_every_struct_of_the_wire_is_listed() -> None:
    folder = Path(types.__file__).parent
    defined = {
        node.name
        for path in folder.glob("[!_]*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    assert defined - set(types.__all__) == set()


@pytest.mark.parametrize("name", types.__all__)
def test_every_type_is_there_and_documented(name: str) -> None:
    value = getattr(types, name)
    if isinstance(value, type):
        assert (value.__doc__ or "").strip()
        assert not value.__doc__.startswith(f"{name}("), "a docstring that was made up"
