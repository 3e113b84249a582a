"""The segmenter that goes by colour, where it differs from others (`test_segmenter` holds what all must do)."""

from __future__ import annotations

import numpy as np

from tests.masks.test_segmenter import SIZE, faces, inside
from understudy.masks.skin import SkinSegmenter


def test_a_cover_of_half_the_face_does_not_become_the_skin() -> None:
    """Most of the visible pixels decide, not their mean."""
    crops, points = faces()
    covered = crops[:1].copy()
    covered[0, :, : SIZE * 2 // 5] = (20, 120, 60)
    mask = SkinSegmenter().segment(covered, points[:1])[0]
    left, right = inside(points[0]).copy(), inside(points[0]).copy()
    left[:, SIZE * 2 // 5 - 4 :], right[:, : SIZE * 2 // 5 + 8] = False, False
    assert mask[left].mean() < 0.3
    assert mask[right].mean() > 0.9


def test_the_forehead_is_face_as_far_as_its_colour_goes() -> None:
    crops, points = faces()
    brows_y, x = points[0, 17:27, 1].min(), points[0, 27, 0]
    above = slice(int(brows_y) - 12, int(brows_y) - 6), slice(int(x) - 6, int(x) + 6)
    assert SkinSegmenter().segment(crops[:1], points[:1])[0][above].min() > 0.9
    haired = crops[:1].copy()
    haired[0, : int(brows_y) - 3] = (34, 24, 20)
    assert SkinSegmenter().segment(haired, points[:1])[0][above].max() < 0.1


def test_nothing_below_the_jaw_is_face() -> None:
    """A neck has the face's colour and is no face."""
    crops, points = faces()
    mask = SkinSegmenter().segment(crops, points)[0]
    x, y = points[0, 8]
    assert mask[int(y) + 6 :, int(x)].max() < 0.05
    assert np.count_nonzero(mask) > 0
