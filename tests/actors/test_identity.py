"""Claims about who the actors are."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST, DEMO_SRC, SHAPE_MODES, identity


def test_a_seed_always_gives_the_same_performer() -> None:
    assert identity(4) == identity(4)
    assert identity(4) != identity(5)


@pytest.mark.parametrize(
    "who", [identity(k) for k in range(8)] + [DEMO_SRC, DEMO_DST], ids=lambda who: who.name
)
def test_every_performer_has_every_shape_mode_in_a_human_range(who) -> None:
    assert set(who.shape) == set(SHAPE_MODES)
    assert max(abs(amount) for amount in who.shape.values()) <= 1.5
    for color in (who.skin, who.lips, who.brows, who.iris, who.hair, who.clothes):
        assert all(0 < channel < 1 for channel in color)


def test_the_demo_performers_differ_in_structure_and_not_only_in_colour() -> None:
    a = np.array([DEMO_SRC.shape[name] for name in SHAPE_MODES])
    b = np.array([DEMO_DST.shape[name] for name in SHAPE_MODES])
    assert (np.abs(a - b) >= 1.0).sum() >= 10
