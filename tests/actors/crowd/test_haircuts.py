"""Claims about haircuts."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.haircuts import _CUTS, grown, haircut
from understudy.actors.template import template


def test_training_and_test_share_no_cut() -> None:
    lines = {part: {cut.line for cut in cuts} for part, cuts in _CUTS.items()}
    assert not lines["train"] & lines["test"]


def test_cuts_span_bald_heads_thick_hair_and_hair_over_the_forehead() -> None:
    cuts = [haircut(np.random.default_rng(k), "train") for k in range(120)]
    assert min(cut.top_mm for cut in cuts) == 0 and max(cut.top_mm for cut in cuts) > 40
    assert max(cut.left[0] for cut in cuts) > -75 > -100 > min(cut.left[0] for cut in cuts)
    assert any(np.abs(cut.left - cut.right).max() > 20 for cut in cuts)


def test_hair_grows_above_its_line_and_nowhere_below_it_nor_on_a_bald_head() -> None:
    head = template(2.0)
    middle = len(head.angle_deg) // 2
    for k in range(12):
        cut = haircut(np.random.default_rng(k), "train")
        hair = grown(head, cut)
        down = head.y[:, middle]
        assert (hair.density[down > 0.5 * (cut.left[0] + cut.right[0]) + 25, middle] < 0).all()
        if cut.top_mm > 0 and cut.crown < -500:
            assert hair.density[2:6].min() > 0.5
        elif cut.top_mm == 0:
            assert hair.density.max() == -1
