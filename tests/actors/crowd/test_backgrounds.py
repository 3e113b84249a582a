"""Claims about backgrounds."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.crowd.backgrounds import KINDS, backgrounds


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_background_changes_over_the_picture_and_with_the_randomness(kind) -> None:
    first, second = kind(np.random.default_rng(1), 48), kind(np.random.default_rng(2), 48)
    assert first.shape == (48, 48, 3) and np.isfinite(first).all()
    assert np.ptp(first) > 0.01
    assert np.abs(first - second).mean() > 0.01


def test_backgrounds_are_dark_and_bright_and_the_same_for_the_same_randomness() -> None:
    drawn = backgrounds(np.random.default_rng(3), 40, 32)
    assert drawn.dtype == np.uint8 and drawn.shape == (40, 32, 32, 3)
    means = drawn.mean((1, 2, 3))
    assert means.min() < 60 and means.max() > 180
    assert (drawn[:5] == backgrounds(np.random.default_rng(3), 5, 32)).all()
