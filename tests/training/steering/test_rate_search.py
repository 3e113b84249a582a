"""The search tries rates evenly on their logarithm, stops when the loss runs away, and advises before that."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.training.conftest import tiny_options
from understudy.training.steering.options import RateSearchOptions
from understudy.training.steering.rate_search import RateSearch


def loss_at(rate: float) -> float:
    """Lowest at 1e-2, steep beyond."""
    away = math.log10(rate) + 2
    return 1.0 + 0.2 * away**2 if away < 0 else 1.0 + 8 * away**2


def searched(**options: object) -> RateSearch:
    search = RateSearch(RateSearchOptions.model_validate(options))
    for rate in search.to_try():
        if not search.add(rate, loss_at(rate)):
            break
    return search


def test_rates_are_even_on_their_logarithm() -> None:
    search = RateSearch(RateSearchOptions(rate_from=1e-6, rate_to=1e-2, rate_iterations=41))
    rates = list(search.to_try())
    assert (rates[0], rates[-1]) == (1e-6, pytest.approx(1e-2)) and len(rates) == 41
    assert [rates[n + 1] / rates[n] for n in range(40)] == pytest.approx([10**0.1] * 40)


@pytest.mark.parametrize("count", [100, 1000])
def test_the_best_rate_is_found_to_within_the_smoothing(count: int) -> None:
    assert 0.005 < searched(rate_iterations=count).best < 0.05


def of_a_trained_model(rate: float) -> float:
    """Flat until steps do harm, from 1e-2 on."""
    return 3.5 + 40 * max(0.0, math.log10(rate) + 2) ** 2


def noisy(curve: Callable[[float], float], seed: int, *, scatter: float = 0.4, **options: object) -> RateSearch:
    chance = np.random.default_rng(seed)
    search = RateSearch(RateSearchOptions.model_validate(options))
    for rate in search.to_try():
        if not search.add(rate, curve(rate) + scatter * chance.standard_normal()):
            break
    return search


@pytest.mark.parametrize("seed", range(12))
def test_where_a_model_has_learned_the_largest_rate_counts_that_did_no_harm(seed: int) -> None:
    """Where the loss was lowest is chance there: from 1e-6 to 1e-2 all are alike."""
    search = noisy(of_a_trained_model, seed)
    assert search.is_flat and not search.is_open
    assert 0.008 < search.best < 0.04


def test_the_lowest_loss_of_a_flat_curve_lies_anywhere() -> None:
    """What the largest harmless rate is taken for."""
    searches = [noisy(of_a_trained_model, seed) for seed in range(12)]
    lowest = [search.rates[search.losses.index(min(search.losses))] for search in searches]
    assert max(lowest) > 100 * min(lowest)


@pytest.mark.parametrize("seed", range(4))
def test_a_model_that_gains_is_advised_by_its_lowest_loss(seed: int) -> None:
    search = noisy(lambda rate: 4 * loss_at(rate), seed, scatter=0.2)
    assert not search.is_flat
    assert search.best == search.rates[search.losses.index(min(search.losses))]


@pytest.mark.parametrize(("now", "share"), [(0.002, None), (0.5, 1.0), (1e-6, 0.1)])
def test_a_model_that_has_learned_keeps_its_rate_if_that_does_no_harm(now: float, share: float | None) -> None:
    search = noisy(of_a_trained_model, 0)
    search.now = now
    assert search.advice == pytest.approx(now if share is None else share * search.best, rel=0.05)


def test_chance_is_what_tiny_steps_differ_by() -> None:
    keep = 0.98 ** (1000 / 300)
    expected = 0.4 * math.sqrt((1 - keep) / (1 + keep))
    found = [noisy(lambda _: 5.0, seed).chance for seed in range(20)]
    assert np.mean(found) == pytest.approx(expected, rel=0.1) and RateSearch(RateSearchOptions()).chance == 0


def test_a_loss_that_never_rises_leaves_the_search_open() -> None:
    assert noisy(lambda _: 5.0, 0, scatter=0.0).is_open
    assert not searched().is_open


def test_the_strength_says_how_far_before_it_the_advice_lies() -> None:
    best = searched().best
    for strength, share in (("default", 10), ("aggressive", 5), ("extreme", 2.5)):
        assert searched(rate_strength=strength).advice == pytest.approx(best / share, rel=0.05)


@pytest.mark.parametrize(("best", "advice"), [(3e-8, 1e-7), (0.9, 0.1)])
def test_no_rate_is_advised_that_training_would_refuse(best: float, advice: float) -> None:
    search = RateSearch(RateSearchOptions(rate_from=1e-8, rate_to=1.0, rate_strength="extreme"))
    search.add(best, 1.0)
    assert search.advice == advice and search.limited
    assert tiny_options(learning_rate=search.advice).learning_rate == advice
    assert not searched().limited


def test_a_sweep_ends_when_the_loss_is_four_times_the_best_or_no_number() -> None:
    search = searched(rate_to=1.0, rate_iterations=400)
    assert len(search.rates) < 400 and search.losses[-1] > 4 * min(search.losses)
    assert search.losses[-2] <= 4 * min(search.losses)
    assert not search.add(0.1, float("nan")) and len(search.rates) < 400


@pytest.mark.parametrize(("iterations", "steps"), [(20, 7), (24, 8), (300, 20), (400, 20)])
def test_a_sweep_of_few_steps_says_something_from_where_they_matter(iterations: int, steps: int) -> None:
    search = RateSearch(RateSearchOptions(rate_iterations=iterations))
    for rate in itertools.islice(search.to_try(), steps - 1):
        search.add(rate, 1.0)
    assert search.is_too_bold
    search.add(1.0, 1.0)
    assert not search.is_too_bold


def test_the_first_loss_stands_as_it_is() -> None:
    search = RateSearch(RateSearchOptions())
    search.add(1e-6, 3.0)
    assert search.losses == [pytest.approx(3.0)]
