"""Claims about one picture of a crowd."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.actors.crowd.sample import POINTS, Sample


def _sample(size: int = 8) -> Sample:
    return Sample(
        rgb=np.zeros((size, size, 3), np.uint8),
        person=np.zeros((size, size), np.float32),
        skin=np.zeros((size, size), np.float32),
        points=np.zeros((POINTS, 2)),
        yaw_deg=0.0,
        pitch_deg=0.0,
        roll_deg=0.0,
        tone=0.5,
        age=0.5,
        look="own",
        who="Nobody 1",
    )


def test_a_sample_knows_the_side_of_its_picture() -> None:
    assert _sample(8).size_px == 8


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("rgb", np.zeros((8, 7, 3), np.uint8)),
        ("person", np.zeros((8, 8, 1), np.float32)),
        ("skin", np.zeros((4, 4), np.float32)),
        ("points", np.zeros((68, 2))),
    ],
)
def test_a_sample_whose_arrays_do_not_belong_together_is_refused(name: str, array: np.ndarray) -> None:
    with pytest.raises(ValueError, match=name):
        replace(_sample(), **{name: array})
