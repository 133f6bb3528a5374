"""The public list is checked, not trusted."""

from __future__ import annotations

from types import ModuleType

import chatsdk.testing


def test_the_list_names_all_that_is_public_and_nothing_else() -> None:
    found = {name for name, value in vars(chatsdk.testing).items() if not isinstance(value, ModuleType)}
    assert set(chatsdk.testing.__all__) == {name for name in found if not name.startswith("_")} - {"annotations"}
