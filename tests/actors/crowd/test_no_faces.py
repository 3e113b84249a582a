"""Claims about pictures without a face."""

from __future__ import annotations

import numpy as np

from understudy.actors.crowd.no_faces import back_of_a_head, no_faces


def test_the_back_of_a_head_shows_a_person_but_neither_eyes_nor_mouth() -> None:
    drawn = back_of_a_head(np.random.default_rng(2), 64, "train")
    assert drawn.shape == (64, 64, 4)
    assert 0.2 < (drawn[..., 3] > 127).mean() < 0.95


def test_a_third_shows_backs_of_heads_a_third_things_and_the_rest_nothing() -> None:
    drawn = no_faces(np.random.default_rng(5), 6, 48)
    assert drawn.dtype == np.uint8 and drawn.shape == (6, 48, 48, 3)
    assert (drawn == no_faces(np.random.default_rng(5), 6, 48)).all()
    other = no_faces(np.random.default_rng(5), 6, 48, "test")
    assert (drawn[0] != other[0]).any()
