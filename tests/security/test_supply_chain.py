"""What is installed with the package: little, and nothing older than the last mended leak."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

FLOORS = {"aiohttp": (3, 14, 3), "anyio": (4, 5), "docstring-parser": (0, 16), "msgspec": (0, 20), "multidict": (6,)}


def requirements() -> dict[str, str]:
    found = (re.fullmatch(r"([A-Za-z0-9_.-]+)\s*(.*)", line) for line in PROJECT["dependencies"])
    return {match[1]: match[2] for match in found if match}


def test_there_are_five_dependencies_of_which_aiohttp_brings_one() -> None:
    assert requirements().keys() == FLOORS.keys()


@pytest.mark.parametrize("name", FLOORS)
def test_a_dependency_has_a_lower_bound_and_no_upper_one(name: str) -> None:
    bound = re.fullmatch(r">=([0-9.]+)", requirements()[name])

    assert bound, "an upper bound would keep security fixes away"
    assert tuple(map(int, bound[1].split("."))) >= FLOORS[name]


def test_no_dependency_comes_from_an_address() -> None:
    extras = [line for lines in PROJECT.get("optional-dependencies", {}).values() for line in lines]

    assert not [line for line in [*PROJECT["dependencies"], *extras] if "@" in line or "://" in line]


def test_security_has_its_document() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

    for heading in ("Reporting", "Supported versions", "Threat model", "Out of scope"):
        assert f"\n## {heading}" in text
    for path in re.findall(r"`(tests/[\w/.]+)`", text):
        assert (ROOT / path).exists(), path
