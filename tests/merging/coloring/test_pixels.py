"""Colours are compared where the option says, between numbers only."""

from __future__ import annotations

import numpy as np

from tests.merging.coloring.crops import INSIDE, SIZE, disc, skin
from tests.merging.conftest import landmarks
from understudy.masks.hull import eyes_mouth_mask
from understudy.merging.coloring import pixels

POINTS = landmarks(24, 26, width_px=24)


def test_skin_is_the_mask_without_eyes_and_mouth_and_crop_is_everything() -> None:
    skin_only, mask, crop = (pixels.area(kind, disc(), POINTS) for kind in ("skin", "mask", "crop"))
    np.testing.assert_array_equal(mask, disc())
    assert (crop == 1).all()
    features = eyes_mouth_mask(POINTS, SIZE, SIZE) > 0.9
    assert features.any() and not skin_only[features].any()
    far = eyes_mouth_mask(POINTS, SIZE, SIZE) < 0.1
    np.testing.assert_array_equal(skin_only[far], disc()[far])


def test_a_face_at_the_frames_edge_is_compared_where_the_frame_is() -> None:
    crop_from_frame = np.array([[2.0, 0, 10], [0, 2.0, -6]])  # the frame begins at x = 10 and ends at y = 34
    seen = pixels.within_frame(disc(), crop_from_frame, (200, 20))
    assert not seen[:, :10].any() and not seen[34:].any()
    np.testing.assert_array_equal(seen[:34, 10:], disc()[:34, 10:])


def test_values_that_are_no_numbers_are_left_out() -> None:
    painted, own = skin(1), skin(2)
    painted[24, 24, 1], own[25, 25, 0] = np.nan, np.inf
    inside = pixels.compared(painted, own, disc())
    assert inside.sum() == INSIDE.sum() - 2 and not inside[24, 24] and not inside[25, 25]


def test_a_sample_is_even_repeats_and_is_never_larger_than_asked() -> None:
    for most in (10, 100, 10_000):
        some = pixels.sample(skin(1), INSIDE, most)
        assert 0.5 * min(most, INSIDE.sum()) < len(some) <= most
        np.testing.assert_array_equal(some, pixels.sample(skin(1), INSIDE, most))
    np.testing.assert_allclose(pixels.sample(skin(1), INSIDE, 300).mean(0), skin(1)[INSIDE].mean(0), atol=0.01)
