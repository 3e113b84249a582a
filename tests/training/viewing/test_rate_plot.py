"""The picture of a search shows its curve, the best rate and the advice where they lie."""

from __future__ import annotations

import numpy as np

from tests.training.steering.test_rate_search import searched
from understudy.training.viewing.rate_plot import rate_plot


def column_of(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    """The column that has most of a colour, below the words."""
    return int((picture[60:] == color).all(-1).sum(0).argmax())


def test_the_advice_lies_left_of_the_best_rate_by_its_share() -> None:
    search = searched(rate_from=1e-6, rate_to=1e-1, rate_iterations=100)
    picture = rate_plot(search)
    assert picture.shape == (420, 960, 3)
    best, advice = (column_of(picture, color) for color in ((255, 106, 90), (150, 220, 110)))
    decades = np.log10(search.rates[-1] / search.rates[0])
    assert (best - advice) / 880 * decades == np.clip((best - advice) / 880 * decades, 0.95, 1.05)
    assert ((picture[40:-40] == (80, 200, 230)).all(-1).any(0)).mean() > 0.75
