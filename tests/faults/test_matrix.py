"""Every row of the matrix is held to the same promises."""

from __future__ import annotations

import pytest

from chatsdk.testing import FAULTS

from .checker import hold
from .rows import ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_a_fault_is_a_typed_error_in_time_and_leaves_nothing_behind(
    row: Row, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    await hold(row, caplog)
    assert capfd.readouterr() == ("", "")


def test_every_fault_of_the_table_is_in_the_matrix() -> None:
    assert FAULTS.keys() - {row.name for row in ROWS} == set()


def test_no_two_rows_have_a_name() -> None:
    names = [str(row) for row in ROWS]
    assert len(set(names)) == len(names)
