"""Claims about cards: every kind covers something, not all of the picture, and no two are alike."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.actors.crowd.cards import CARD_PX, KINDS, cards


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_of_every_kind_covers_a_part_and_differs_from_the_next(kind: str) -> None:
    draw = KINDS[kind][0]
    first, second = draw(np.random.default_rng(1)), draw(np.random.default_rng(2))
    assert first.shape == (CARD_PX, CARD_PX, 4)
    assert 0.01 < first[..., 3].mean() < 0.8
    assert np.isfinite(first).all()
    assert np.abs(first - second).mean() > 0.01


def test_the_same_randomness_gives_the_same_cards_of_several_kinds() -> None:
    one, again = (cards(np.random.default_rng(4), 6) for _ in range(2))
    assert one.dtype == np.uint8 and one.shape == (6, CARD_PX, CARD_PX, 4)
    assert (one == again).all()
    assert abs(sum(share for _, share in KINDS.values()) - 1) < 1e-9
