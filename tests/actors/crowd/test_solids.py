"""Claims about shaded solids: the highest is seen, and light comes from a side."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.solids import Relief

RED, BLUE = np.array([1.0, 0, 0]), np.array([0, 0, 1.0])


def test_the_higher_of_two_solids_is_seen_where_they_cross() -> None:
    relief = Relief(32)
    relief.capsule(np.array([[4, 16], [28, 16]]), (4, 4), RED)
    relief.capsule(np.array([[16, 4], [16, 28]]), (4, 4), BLUE, level=5.0)
    assert (relief.color[16, 16] == BLUE).all() and (relief.color[16, 5] == RED).all()
    assert relief.cover[0, 0] == 0 and relief.cover[16, 16] == 1


def test_a_lit_ball_is_brighter_on_one_side_than_on_the_other() -> None:
    relief = Relief(48)
    relief.capsule(np.array([[24, 24], [24, 24.1]]), (18, 18), np.full(3, 0.5))
    for seed in range(4):
        lit = relief.lit(np.random.default_rng(seed), gloss=0.0, grain=0.0)
        assert lit.shape == (48, 48, 4)
        around = [lit[y, x, 0] for y, x in ((24, 10), (24, 38), (10, 24), (38, 24))]
        assert max(around) > 1.1 * min(around)


def test_a_plate_is_flat_and_has_its_corners() -> None:
    relief = Relief(32)
    relief.plate(np.array([[8, 8], [24, 8], [24, 24], [8, 24]]), RED)
    assert relief.cover[16, 16] == 1 and relief.cover[4, 4] == 0
    assert np.ptp(relief.height[10:22, 10:22]) == 0
