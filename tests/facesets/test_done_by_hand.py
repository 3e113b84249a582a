"""What a person did on a face is told by one rule, of one face as of very many."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from understudy.facesets.done_by_hand import STATES, Done

ALL = list(itertools.product((0, 2), (False, True), ("", "confirmed", "skipped"), (0, 1)))


@pytest.mark.parametrize(
    ("regions", "painted", "mark", "masks", "state", "teaches"),
    [
        (0, False, "", 0, "none", False),
        (0, False, "", 2, "applied", False),
        (1, False, "", 2, "drawn", True),
        (0, True, "", 0, "drawn", True),
        (0, False, "confirmed", 0, "confirmed", False),
        (0, False, "confirmed", 1, "confirmed", True),
        (2, False, "confirmed", 0, "confirmed", True),
        (2, True, "skipped", 1, "skipped", False),
    ],
)
def test_what_a_person_said_counts_before_what_is_drawn_and_that_before_what_is_applied(
    regions: int, painted: bool, mark: str, masks: int, state: str, teaches: bool
) -> None:
    done = Done(regions, painted, mark, masks)
    assert STATES[done.states()] == state
    assert done.teaches_masks is teaches
    assert done.is_drawn_on is (regions > 0 or painted)


def test_very_many_faces_are_told_the_same_as_each_of_them() -> None:
    regions, painted, mark, masks = (np.array(column) for column in zip(*ALL, strict=True))
    for marks in (mark, mark.astype(object)):
        many, each = Done(regions, painted, marks, masks), [Done(*one) for one in ALL]
        assert many.states().tolist() == [int(one.states()) for one in each]
        assert many.states().dtype == np.uint8
        for name in ("is_drawn_on", "is_confirmed", "is_skipped", "teaches_masks"):
            assert getattr(many, name).tolist() == [getattr(one, name) for one in each]
