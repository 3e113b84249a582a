"""Claims about the template's grid."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.openings import EyeOpening, lid_marks
from understudy.actors.template import grid_position, grid_positions, template


@pytest.mark.parametrize("coarseness", [1.0, 2.0])
def test_many_marks_are_found_where_each_by_itself_is(coarseness: float) -> None:
    head = template(coarseness)
    marks = np.concatenate(
        [lid_marks(EyeOpening(blink=blink)) * [side, 1] for blink in (0, 1) for side in (-1, 1)]
    )
    alone = np.stack([grid_position(head.points, head.front, mark) for mark in marks])
    assert grid_positions(head.points, head.front, marks) == pytest.approx(alone, abs=1e-9)
