from __future__ import annotations

import pytest

from chatsdk import ToolCallDone


@pytest.mark.parametrize(
    ("arguments", "parsed"),
    [
        ('{"city":"Rome"}', {"city": "Rome"}),
        ("", {}),
        ("{}", {}),
        ('{"city":', None),
        ("[1]", None),
        ("ls -l", None),
        ("[" * 100_000, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_arguments_of_a_tool_call_are_an_object_or_not(arguments: str, parsed: object) -> None:
    assert ToolCallDone(0, 0, "c", "f", arguments).parsed == parsed
