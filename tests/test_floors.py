"""The floors of DESIGN: a module imports from lower floors or siblings only. The table here is the law.

Nothing is run to find out, every import of every file is read: those inside functions and for type checkers too.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "chatsdk"

FLOORS = {
    "chatsdk": 9,
    "chatsdk.__main__": 10,
    "chatsdk.cli": 10,
    "chatsdk.batch": 8,
    "chatsdk.conversation": 8,
    "chatsdk.testing": 8,
    "chatsdk.telemetry": 8,
    "chatsdk.routing": 8,
    "chatsdk.client": 7,
    "chatsdk._batch": 6,
    "chatsdk._caller": 6,
    "chatsdk._live": 6,
    "chatsdk._pages": 6,
    "chatsdk._parsing": 6,
    "chatsdk._reading": 6,
    "chatsdk._resources": 6,
    "chatsdk._signature": 6,
    "chatsdk._stream": 6,
    "chatsdk._typed_views": 6,
    "chatsdk._views": 6,
    "chatsdk._tools": 6,
    "chatsdk._tool_calls": 6,
    "chatsdk._tool_stream": 6,
    "chatsdk.messages": 5,
    "chatsdk.tools": 5,
    "chatsdk._arguments": 5,
    "chatsdk._limits": 5,
    "chatsdk._options": 5,
    "chatsdk._retrying": 5,
    "chatsdk._scrubbing": 5,
    "chatsdk._throttle": 5,
    "chatsdk._tool_run": 5,
    "chatsdk._tool_terms": 5,
    "chatsdk._timing": 5,
    "chatsdk._watchdog": 5,
    "chatsdk._loops": 4,
    "chatsdk._transport": 4,
    "chatsdk._protocol": 3,
    "chatsdk.providers": 2,
    "chatsdk.errors": 1,
    "chatsdk._error_body": 1,
    "chatsdk._error_text": 1,
    "chatsdk._raw_body": 1,
    "chatsdk._head": 1,
    "chatsdk.types": 0,
    "chatsdk._secret": 0,
    "chatsdk._version": 0,
}
"""The floor of each module, by the longest name that its own begins with; `chatsdk` means the package itself only."""

THE_LINE = 3
"""The highest floor that knows no world outside: clock, dice and environment are arguments."""

WORLD = frozenset({"aiohttp", "anyio", "asyncio", "os", "time", "random", "socket", "threading"})

OWN_PACKAGE = {
    "chatsdk._transport._aiohttp": "the seam's values and Protocols are the package itself",
}
"""Modules that may import from their own package's `__init__`, and why."""

LONG_MODULES: dict[str, str] = {
    "chatsdk.errors": "all that is raised stands in one tree, in one place",
}
"""Modules of more than 350 lines, and why."""

LONG_FUNCTIONS: dict[str, str] = {}
"""Functions of more than 50 lines by dotted name, and why."""


class Import(NamedTuple):
    """A name that a module imports, and where. `at_run_time` is false for what only type checkers see."""

    module: str
    target: str
    line: int
    at_run_time: bool
    at_the_top: bool


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def is_package(module: str) -> bool:
    return modules()[module].name == "__init__.py"


def imports_of(module: str) -> Iterator[Import]:
    """What a module imports, at any depth; of `from a import b` the module `a.b` where it is one, else `a`."""

    def walk(node: ast.AST, at_run_time: bool, at_the_top: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, at_run_time, at_the_top)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(module, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                target = inner if inner in modules() else base
                yield Import(module, target, node.lineno, at_run_time, at_the_top)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.body:
                yield from walk(child, False, at_the_top)
            for child in node.orelse:
                yield from walk(child, at_run_time, at_the_top)
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, at_run_time, at_the_top and not inside)

    return walk(tree_of(module), True, True)


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that a `from ... import` names."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts[: len(parts) - node.level + is_package(module)]
    return ".".join([*package, node.module] if node.module else package)


def floor_of(module: str) -> int | None:
    if module == "chatsdk":
        return FLOORS[module]
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((FLOORS[name] for name in names if name in FLOORS), None)


@pytest.mark.parametrize("module", modules())
def test_every_module_stands_on_a_floor(module: str) -> None:
    assert floor_of(module) is not None


@pytest.mark.parametrize("module", modules())
def test_no_arrow_points_up(module: str) -> None:
    floor = floor_of(module) or 0
    wrong = [
        f"line {found.line}: {found.target}"
        for found in imports_of(module)
        if found.target in modules() and (floor_of(found.target) or 0) > floor
    ]
    assert not wrong


@pytest.mark.parametrize("module", modules())
def test_no_module_imports_from_its_own_package_itself(module: str) -> None:
    package = module.rpartition(".")[0]
    found = [found.line for found in imports_of(module) if found.target == package and not is_package(module)]
    if module in OWN_PACKAGE:
        assert found, "the exception is not needed any more"
    else:
        assert not found


@pytest.mark.parametrize("module", [name for name in modules() if (floor_of(name) or 0) <= THE_LINE])
def test_below_the_line_nothing_of_the_world_is_imported(module: str) -> None:
    assert [found.line for found in imports_of(module) if found.target.partition(".")[0] in WORLD] == []


@pytest.mark.parametrize("module", modules())
def test_only_the_transport_and_the_test_server_import_aiohttp(module: str) -> None:
    at_run_time = [
        found.line for found in imports_of(module) if found.at_run_time and found.target.partition(".")[0] == "aiohttp"
    ]
    if not module.startswith(("chatsdk._transport.", "chatsdk.testing.")):
        assert not at_run_time


def test_importing_goes_in_no_circle() -> None:
    arrows = {
        module: {
            found.target
            for found in imports_of(module)
            if found.target in modules() and found.at_run_time and found.at_the_top
        }
        for module in modules()
    }
    left = dict(arrows)
    while ready := [module for module, targets in left.items() if not targets & left.keys() - {module}]:
        for module in ready:
            del left[module]
    assert not left


@pytest.mark.parametrize("module", modules())
def test_no_module_asks_for_the_name_of_a_provider(module: str) -> None:
    """A quirk is a field of `Provider`."""
    asked = [
        node.lineno
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if ast.unparse(side).endswith(("provider.name", "provider_name"))
    ]
    asked += [
        node.lineno
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.If) and ast.unparse(node.test).startswith(("name == ", "provider == "))
    ]
    assert not asked


# -- size


def functions_of(module: str) -> Iterator[tuple[str, int]]:
    """The functions of a module by dotted name, and how many lines each has."""

    def walk(node: ast.AST, name: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{name}.{child.name}"
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield inner, (child.end_lineno or 0) - child.lineno + 1
            yield from walk(child, inner)

    return walk(tree_of(module), module)


def test_every_long_module_has_a_reason() -> None:
    lines = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in modules().items()}
    assert {module: count for module, count in lines.items() if count > 350}.keys() == LONG_MODULES.keys()


def test_every_long_function_has_a_reason() -> None:
    lines = dict(function for module in modules() for function in functions_of(module))
    assert {name: count for name, count in lines.items() if count > 50}.keys() == LONG_FUNCTIONS.keys()


# -- what is really loaded


def loaded_after(*lines: str) -> set[str]:
    """The modules that are loaded after these lines, in a fresh interpreter."""
    code = "\n".join(["import sys", *lines, "print(*sys.modules)"])
    command = [sys.executable, "-W", "error", "-c", code]
    return set(subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=True).stdout.split())


def test_what_is_below_the_line_loads_nothing_of_the_world() -> None:
    below = [name for name in modules() if (floor_of(name) or 0) <= THE_LINE]
    assert "chatsdk._protocol.chunks" in below
    loaded = loaded_after(*(f"import {name}" for name in below))
    assert loaded >= set(below)
    assert not loaded & {"aiohttp", "anyio", "asyncio", "socket"}


def test_importing_the_package_does_not_import_aiohttp() -> None:
    loaded = loaded_after("import chatsdk", "chatsdk.errors", "chatsdk.types", "chatsdk.user('hi')")
    assert not loaded & {"aiohttp", "anyio", "asyncio", "chatsdk.client"}


def test_the_client_does_not_load_what_only_tests_and_commands_use() -> None:
    loaded = loaded_after("import chatsdk", "chatsdk.AsyncChatClient")
    assert "chatsdk.client" in loaded
    assert not {name for name in loaded if name.split(".")[:2] in (["chatsdk", "testing"], ["chatsdk", "cli"])}


# -- the tests of it


@pytest.mark.parametrize(
    "path", sorted((PACKAGE.parent / "tests" / "protocol").glob("*.py")), ids=lambda path: str(path.name)
)
def test_tests_of_the_protocol_start_no_loop(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not names & WORLD
