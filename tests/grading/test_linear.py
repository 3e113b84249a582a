"""Linear maps give one cloud of colours the spread of another; the Monge-Kantorovitch one moves it least."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from understudy.grading.linear import LINEAR_MAPS, RIDGE, linear_maps


def covariances(seed: int, count: int = 4) -> np.ndarray:
    mixing = np.random.default_rng(seed).normal(0, 0.1, (count, 3, 3))
    return mixing @ mixing.swapaxes(1, 2)


@pytest.mark.parametrize("mode", LINEAR_MAPS)
def test_a_map_takes_one_covariance_to_the_other(mode: str) -> None:
    ours, theirs = covariances(1), covariances(2)
    made = linear_maps(mode, ours, theirs)
    ridge = RIDGE * np.eye(3)
    assert_allclose(made @ (ours + ridge) @ made.swapaxes(1, 2), theirs + ridge, atol=1e-9)


@pytest.mark.parametrize("mode", LINEAR_MAPS)
def test_equal_spreads_need_no_map_even_where_there_is_none(mode: str) -> None:
    for covariance in (covariances(1), np.zeros((1, 3, 3))):
        assert_allclose(
            linear_maps(mode, covariance, covariance), np.eye(3)[None].repeat(len(covariance), 0), atol=1e-9
        )


def test_the_monge_kantorovitch_map_moves_colours_least() -> None:
    ours, theirs = covariances(1), covariances(2)

    def moved(matrix: np.ndarray) -> np.ndarray:
        away = matrix - np.eye(3)
        return np.trace(away @ ours @ away.swapaxes(1, 2), axis1=1, axis2=2)

    mkl, lct = (linear_maps(mode, ours, theirs) for mode in ("mkl", "lct"))
    assert (moved(mkl) <= moved(lct) + 1e-6).all() and (moved(mkl) < 0.99 * moved(lct)).any()
    assert_allclose(mkl, mkl.swapaxes(1, 2), atol=1e-9)  # a gradient of a convex function is symmetric
