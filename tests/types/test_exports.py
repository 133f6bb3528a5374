"""The list of names is checked, not trusted."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import msgspec
import pytest

from chatsdk import types

MODULES = [info.name for info in pkgutil.iter_modules(types.__path__) if not info.name.startswith("_")]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_struct_is_exported(name: str) -> None:
    module = import_module(f"chatsdk.types.{name}")
    structs = {
        member
        for member, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, msgspec.Struct) and value.__module__ == module.__name__ and not member.startswith("_")
    }
    assert structs <= set(types.__all__)
    assert structs


def test_every_name_in_the_list_is_there_once() -> None:
    assert len(types.__all__) == len(set(types.__all__))
    assert all(hasattr(types, name) for name in types.__all__)


def test_every_struct_says_what_it_is() -> None:
    classes = [value for value in map(types.__dict__.get, types.__all__) if inspect.isclass(value)]
    assert [cls for cls in classes if not cls.__doc__] == []
