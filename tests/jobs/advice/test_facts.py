"""Facts tell trends only where there is enough to tell, and never from a run that is settling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.jobs.advice.facts import RISING, STANDING, facts, model


def test_a_trend_is_the_share_by_which_the_loss_fell_lately() -> None:
    assert model().recent_gain() == pytest.approx((1.3 - 1.1) / 1.3, abs=0.01)
    standing, rising = model(losses=STANDING).recent_gain(), model(losses=RISING).recent_gain()
    assert standing is not None and abs(standing) < 0.01
    assert rising is not None and rising < -0.1


def test_a_short_training_has_no_trend() -> None:
    assert model(losses=np.linspace(2, 1, 39)).recent_gain() is None
    assert model(losses=np.empty(0)).recent_gain() is None


def test_iterations_at_a_low_rate_are_left_out() -> None:
    slow = [
        {"iteration": 2000 + 20 * n, "loss_src": 1.0, "loss_dst": 1.0, "learning_rate": 1e-5}
        for n in range(200)
    ]
    falling = model()
    gain = falling.recent_gain()
    assert model(metrics=[*falling.metrics, *slow]).recent_gain() == gain


def test_a_change_to_another_set_of_losses_is_no_trend() -> None:
    jumped = model(losses=np.r_[np.full(50, 1.0), np.full(50, 8.0)])
    assert jumped.recent_gain() == 0.0
    late = model(losses=np.r_[np.full(75, 1.0), np.linspace(9.0, 8.0, 25)])
    assert (late.recent_gain() or 0) < -1
    assert replace(late, losses_since=1480).recent_gain() is None  # too few iterations since


def test_a_trend_is_over_iterations_however_often_they_were_measured() -> None:
    seldom = model(losses=np.linspace(2.0, 1.0, 101))
    often = [
        {**line, "iteration": line["iteration"] - 20 + k} for line in seldom.metrics[-10:] for k in range(1, 21)
    ]
    oftener = replace(seldom, metrics=[*seldom.metrics[:-10], *often])
    assert oftener.recent_gain() == pytest.approx(seldom.recent_gain(), abs=0.06)


def test_the_first_line_of_an_imported_model_weighs_no_more_than_the_others() -> None:
    made = model()
    lines = [
        {**line, "iteration": 500_020 + line["iteration"], "waiting": float(n == 0)}
        for n, line in enumerate(made.metrics)
    ]
    imported = replace(made, metrics=lines)
    assert imported.lately("waiting", iterations=600_000) == pytest.approx(0.01)
    assert imported.recent_gain() == pytest.approx(made.recent_gain(), abs=0.01)


def test_what_an_imported_model_had_learnt_before_is_no_part_of_its_last_fifth() -> None:
    made = model(losses=np.linspace(2.0, 1.0, 101))
    lines = [
        {**line, "iteration": 500_020 + line["iteration"], "src_mouth": float(n < 81)}
        for n, line in enumerate(made.metrics)
    ]
    assert replace(made, metrics=lines).lately("src_mouth") == pytest.approx(0.0, abs=0.01)


def test_a_line_that_begins_before_the_window_counts_for_its_part_in_it() -> None:
    lines = [{"iteration": end, "waiting": share} for end, share in ((500, 1.0), (1000, 1.0), (1100, 0.0))]
    assert model(metrics=lines).lately("waiting", iterations=200) == pytest.approx(0.5)


def test_commands_name_the_project_and_the_model() -> None:
    assert facts(project="my film").train("--minutes 5") == "understudy train 'my film' --minutes 5"
    assert facts(model=model(name="b")).train("--minutes 5") == "understudy train project --model b --minutes 5"


def test_what_was_not_measured_is_left_out() -> None:
    spoilt = facts(src={"count": 4, "sharpness": [0.5, np.nan, 0.4, np.nan]})
    assert spoilt.src.known("sharpness").tolist() == [0.5, 0.4] and spoilt.src.count == 4
