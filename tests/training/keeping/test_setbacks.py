"""A loss out of all proportion is told from a noisy one; going back is limited and remembered."""

from __future__ import annotations

import json

import pytest

from understudy.errors import TrainingDiverged
from understudy.training.keeping.setbacks import Setbacks, Watch


def watched(losses: list[float], *, each: int = 20) -> Watch:
    watch = Watch()
    for loss in losses:
        watch.look(loss, iterations=each)
    return watch


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 31.0])
def test_no_number_and_ten_times_the_usual_loss_are_told(loss: float) -> None:
    with pytest.raises(TrainingDiverged, match="smaller learning rate"):
        watched([3.0, 2.9, 3.1, 3.0, 3.0, loss])


@pytest.mark.parametrize("losses", [[3.0] * 6 + [29.0], [0.01, 30.0], [0.0] * 9 + [1.0], [9.0, 3.0] * 20])
def test_noise_and_the_first_few_measurements_are_no_explosion(losses: list[float]) -> None:
    watched(losses)


def test_a_watch_that_went_through_a_checkpoint_decides_alike() -> None:
    again = Watch.from_json(json.loads(json.dumps(watched([1.0] * 30).as_json())))
    assert again == watched([1.0] * 30) and len(again.recent) == 20
    with pytest.raises(TrainingDiverged):
        again.look(11.0)


@pytest.mark.parametrize("each", [1, 20])
def test_a_slow_explosion_is_told_however_often_the_loss_is_measured(each: int) -> None:
    with pytest.raises(TrainingDiverged):
        watched([1.015**iteration for iteration in range(0, 600, each)], each=each)


def test_a_watch_goes_on_in_the_middle_of_a_stretch() -> None:
    losses = [1.0 + n % 7 for n in range(131)]
    again = Watch.from_json(json.loads(json.dumps(watched(losses[:50], each=1).as_json())))
    for loss in losses[50:]:
        again.look(loss, iterations=1)
    assert again == watched(losses, each=1)


def test_every_setback_halves_the_rate_and_goes_through_a_checkpoint() -> None:
    twice = Setbacks().one_more(1e-3).one_more(1e-3)
    assert (twice.count, twice.rate) == (2, 0.25)
    assert Setbacks.from_json(json.loads(json.dumps(twice.as_json()))) == twice


def test_a_new_plan_keeps_the_rate_and_a_new_learning_rate_is_taken_as_it_is() -> None:
    once = Setbacks().one_more(1e-3)
    assert once.for_plan(1e-3, goes_on=True) == once
    assert (once.for_plan(1e-3, goes_on=False).count, once.for_plan(1e-3, goes_on=False).rate) == (0, 0.5)
    assert once.for_plan(5e-4, goes_on=True) == Setbacks()
