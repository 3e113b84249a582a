"""A loss that falls is no plateau, one that rests is, and chance and single spikes decide nothing."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest

from understudy.training.steering.plateau import Plateau, relative_slope, trend


def fed(losses: np.ndarray, *, window: int = 320, least_fall: float = 0.02) -> Plateau:
    plateau = Plateau(window, least_fall)
    for number, loss in enumerate(losses):
        plateau.add((number + 1) * 5, float(loss))
    return plateau


def noisy(falling_per_window: float, *, seed: int, noise: float, count: int = 80) -> np.ndarray:
    course = (1 - falling_per_window) ** (np.arange(count) * 5 / 320)
    return course * (1 + noise * np.random.default_rng(seed).standard_normal(count))


@pytest.mark.parametrize("seed", range(10))
def test_a_falling_loss_is_no_plateau_and_a_resting_one_is(seed: int) -> None:
    assert not fed(noisy(0.3, seed=seed, noise=0.05)).reached
    assert fed(noisy(0.0, seed=seed, noise=0.05), least_fall=0.05).reached


def test_a_fall_that_chance_could_have_made_is_none() -> None:
    plateau = fed(noisy(0.1, seed=2, noise=0.3))
    assert relative_slope(plateau.means) < -0.1 and plateau.reached


def test_nothing_is_flat_before_a_whole_window_is_seen() -> None:
    assert not fed(np.ones(63)).reached
    assert fed(np.ones(66)).reached


def test_spikes_do_not_hide_a_plateau_nor_make_one() -> None:
    for falling, flat in ((0.3, False), (0.0, True)):
        losses = noisy(falling, seed=1, noise=0.01)
        losses[[7, 20, 55]] *= 20
        assert fed(losses).reached is flat


def test_the_least_fall_decides_what_still_counts_as_falling() -> None:
    losses = noisy(0.1, seed=3, noise=0.001)
    assert not fed(losses, least_fall=0.05).reached
    assert fed(losses, least_fall=0.2).reached


def test_the_window_decides_over_how_long_it_must_rest() -> None:
    losses = np.concatenate([np.linspace(2, 1, 80), np.ones(70)])
    assert fed(losses, window=320).reached
    assert not fed(losses, window=640).reached


@pytest.mark.parametrize("window", [32, 33, 63, 64, 100, 500, 639, 640, 2000])
def test_a_window_told_as_often_as_it_wants_is_as_long_as_it_says(window: int) -> None:
    plateau = Plateau(window, 0.02)
    every, iteration = plateau.wants_every, 0
    while not plateau.reached:
        iteration += every
        plateau.add(iteration, 1.0)
    assert window <= iteration <= window + 2 * every


def test_the_slope_is_that_of_the_median_pair() -> None:
    values = [float(v) for v in np.random.default_rng(0).uniform(0.5, 2, 12)]
    slopes = [
        (math.log(values[j]) - math.log(values[i])) / (j - i)
        for i, j in itertools.combinations(range(len(values)), 2)
    ]
    assert relative_slope(values) == pytest.approx(math.exp(float(np.median(slopes)) * 11) - 1)


def test_the_trend_counts_pairs_that_rise_against_those_that_fall() -> None:
    assert trend([1.0, 2.0, 3.0, 4.0]) == pytest.approx((6 - 1) / math.sqrt(4 * 3 * 13 / 18))
    assert trend([4.0, 3.0, 2.0, 1.0]) == pytest.approx(-trend([1.0, 2.0, 3.0, 4.0]))
    assert trend([1.0, 1.0, 1.0]) == 0.0


def test_an_interrupted_measurement_goes_on_exactly() -> None:
    losses = noisy(0.05, seed=2, noise=0.05, count=150)
    whole, parts = Plateau(320, 0.02), Plateau(320, 0.02)
    for number, loss in enumerate(losses):
        whole.add(number * 5, float(loss))
        parts.add(number * 5, float(loss))
        parts = Plateau.from_json(json.loads(json.dumps(parts.as_json())))
        assert (parts, parts.reached) == (whole, whole.reached)
