"""One face before it goes into its frame: its size, its masks, its colours steadied."""

from __future__ import annotations

import numpy as np
import pytest

from tests.merging.conftest import drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy.merging.composite import composite
from understudy.merging.painted import steadied


def test_erode_and_blur_grow_with_the_face() -> None:
    def share_kept(width_px: float) -> float:
        frame = drawn_frame(1)
        whole = composite(frame, [face_in(frame, landmarks(width_px=width_px))], PLAIN)
        less_options = PLAIN.changed(erode=0.15)
        less = composite(frame, [face_in(frame, landmarks(width_px=width_px), less_options)], less_options)
        return (less != frame).any(-1).sum() / (whole != frame).any(-1).sum()

    assert share_kept(16) == pytest.approx(share_kept(40), abs=0.08)
    assert share_kept(40) < 0.85


def test_face_scale_makes_the_painted_face_larger_about_its_middle() -> None:
    options = PLAIN.changed(mask="learned", blur=0.0)
    frame = drawn_frame(1)

    def area(scale: float) -> int:
        scaled = options.changed(face_scale=scale)
        face = face_in(frame, landmarks(), scaled)
        return int((composite(frame, [face], scaled) != frame).any(-1).sum())

    assert area(1.2) / area(1.0) == pytest.approx(1.44, rel=0.08)
    assert area(0.8) / area(1.0) == pytest.approx(0.64, rel=0.08)


@pytest.mark.parametrize("name", ["rct", "light"])
def test_a_small_flicker_in_the_painted_colours_is_steadied_over_neighbours(name: str) -> None:
    options = PLAIN.changed(color=name)
    frame = drawn_frame(1)
    faces = [face_in(frame, landmarks(), options, rgb=(0.5 + 0.01 * (k % 2), 0.4, 0.4)) for k in range(5)]
    neighbours = [(k - 2, face) for k, face in enumerate(faces)]
    steady = steadied(faces[2], neighbours, reach=2).tone.transfer
    both = np.stack([faces[2].tone.transfer, faces[1].tone.transfer])
    assert (steady >= both.min(0) - 1e-4).all() and (steady <= both.max(0) + 1e-4).all()
    assert np.abs(steady - both[0]).max() > 0.2 * np.abs(both[1] - both[0]).max() > 0
    np.testing.assert_array_equal(steadied(faces[2], neighbours, reach=0).tone.transfer, both[0])


def test_colours_are_compared_where_the_option_says() -> None:
    frame = drawn_frame(1)
    areas = [
        face_in(frame, landmarks(), PLAIN.changed(color="rct", color_area=kind)).area_HW.sum()
        for kind in ("skin", "mask", "crop")
    ]
    assert areas[0] < areas[1] < areas[2] == 32 * 32
