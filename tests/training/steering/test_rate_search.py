"""The search tries rates evenly on their logarithm, stops when the loss runs away, and advises before that."""

from __future__ import annotations

import math

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


def test_the_first_loss_stands_as_it_is() -> None:
    search = RateSearch(RateSearchOptions())
    search.add(1e-6, 3.0)
    assert search.losses == [pytest.approx(3.0)]
