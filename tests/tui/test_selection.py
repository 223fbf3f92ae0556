"""The selection in the matrix, and the layout of panes."""

from __future__ import annotations

import pytest

from openhqm_tui.tui.plan.matrix import Selection
from openhqm_tui.tui.run.lane_grid import fit
from tests.tui.conftest import AMD, ARM


def test_a_row_is_toggled_as_a_whole():
    row = [("redis", AMD), ("redis", ARM)]
    one = Selection().with_cells([("redis", AMD)], chosen=True)
    assert one.toggled(row).cells == frozenset(row)
    assert one.toggled(row).toggled(row).cells == frozenset()


def test_rows_keep_the_given_order():
    chosen = Selection(cells=frozenset({("kafka", ARM), ("redis", ARM), ("redis", AMD)}))
    assert chosen.by_variant(["redis", "kafka", "sqs"], [AMD, ARM]) == {
        "redis": (AMD, ARM),
        "kafka": (ARM,),
    }


@pytest.mark.parametrize("lanes", [1, 2, 4, 5, 8, 16])
@pytest.mark.parametrize("room", [(52, 20), (87, 36), (167, 56), (10, 3)])
def test_panes_are_never_too_small_to_read(lanes, room):
    columns, rows = fit(lanes, *room)
    assert columns == 1 or room[0] / columns >= 38
    assert rows == 1 or room[1] / rows >= 6


def test_pages_have_equal_sizes():
    columns, rows = fit(4, 52, 20)
    assert columns * rows == 2


def test_sixteen_lanes_fit_a_large_terminal():
    columns, rows = fit(16, 167, 56)
    assert columns * rows == 16
