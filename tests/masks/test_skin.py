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


def test_nothing_outside_the_hull_is_face() -> None:
    """A neck has the face's colour and is no face."""
    crops, points = faces()
    mask = SkinSegmenter().segment(crops, points)[0]
    x, y = points[0, 8]
    assert mask[int(y) + 6 :, int(x)].max() < 0.05
    assert np.count_nonzero(mask) > 0
