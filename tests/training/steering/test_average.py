"""The average spans what it is asked to span, follows the weights and copies what is counted."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tests.training.conftest import tiny_options
from understudy.training.steering.average import decay_at, follow, power_of


def test_the_power_is_that_of_the_paper() -> None:
    assert power_of(0.05) == pytest.approx(16.97, abs=0.01)
    assert power_of(0.10) == pytest.approx(6.94, abs=0.01)


def spread(length: float, count: int) -> float:
    """Standard deviation of when the averaged weights were, as a share of the training, from its decays."""
    options = tiny_options(ema_length=length)
    weights = torch.zeros(count, dtype=torch.float64)
    for iteration in range(1, count + 1):
        decay = decay_at(options, iteration)
        weights *= decay
        weights[iteration - 1] = 1 - decay
    assert weights.sum() == pytest.approx(1.0)
    when = (torch.arange(count, dtype=torch.float64) + 1) / count
    mean = (weights * when).sum()
    return math.sqrt(float((weights * (when - mean) ** 2).sum()))


@pytest.mark.parametrize("length", [0.05, 0.2])
def test_an_average_of_a_length_spans_that_share_of_the_training_however_long_it_is(length: float) -> None:
    assert spread(length, 400) == pytest.approx(length, rel=0.05)
    assert spread(length, 2000) == pytest.approx(length, rel=0.02)


def test_a_fixed_decay_holds_once_the_average_is_old_enough() -> None:
    options = tiny_options(ema_decay=0.9)
    assert [decay_at(options, n) for n in (1, 1000)] == [pytest.approx(2 / 11), 0.9]
    assert decay_at(tiny_options(ema_decay=0.99), 1000) == 0.99


def test_following_moves_each_weight_by_its_share_and_copies_what_is_counted() -> None:
    average, model = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    with torch.no_grad():
        model.weight.fill_(5.0)
        model(torch.randn(2, 3, 4, 4))
    follow(average, model, decay=0.75)
    assert average.weight.tolist() == [2.0] * 3
    assert model.running_mean is not None and average.running_mean is not None
    assert torch.equal(average.running_mean, model.running_mean) and average.running_mean.abs().sum() > 0
