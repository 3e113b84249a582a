"""Every schedule goes its own way from a warm start, and a cool-down ends near nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.conftest import tiny_options
from understudy.training.steering.schedule import cooling, settling_speed, speed_at

SCHEDULES = ("settle", "constant", "cosine", "cycles", "plateau")
shares = st.floats(0, 1)


def speed(
    schedule: str, share: float | None, iterations: int = 1000, drops: int = 0, **options: object
) -> float:
    made = tiny_options(schedule=schedule, **options)
    return speed_at(made, share=share, iterations=iterations, drops=drops)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_rises_over_the_warm_up(schedule: str) -> None:
    early = [speed(schedule, 0.0, n, warm_up=10, cycle_iterations=10**6) for n in (0, 4, 9, 20)]
    assert early == pytest.approx([0.1, 0.5, 1.0, 1.0], abs=1e-6)
    assert speed(schedule, 0.0, 0, warm_up=0) == pytest.approx(1.0)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_short_plan_is_warm_after_a_tenth(schedule: str) -> None:
    plan = [speed(schedule, n / 60, n, warm_up=50, cycle_iterations=10**6) for n in range(60)]
    assert plan[0] == pytest.approx(0.02) and plan[3] == pytest.approx(0.5, abs=0.01)
    assert max(plan[:7]) > 0.95
    long = [speed(schedule, n / 10_000, n, warm_up=50, cycle_iterations=10**6) for n in range(60)]
    assert long[24] == pytest.approx(0.5, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(shares, shares)
def test_after_its_warm_up_a_planned_run_never_learns_faster_again(a: float, b: float) -> None:
    early, late = sorted((a, b))
    for schedule in ("settle", "cosine"):
        assert 0 < speed(schedule, late) <= speed(schedule, early) <= 1


def test_settling_holds_the_rate_first_and_a_cosine_does_not() -> None:
    assert speed("settle", 0.3) == 1.0 > speed("settle", 0.31)
    assert speed("cosine", 0.3) == pytest.approx(0.02 + 0.98 * (1 + math.cos(0.3 * math.pi)) / 2)
    assert speed("settle", 1.0) == pytest.approx(0.02) == speed("cosine", 1.0)
    assert speed("settle", 1.0, last_rate_share=0.1) == pytest.approx(0.1)


def test_without_an_end_the_rate_stays() -> None:
    assert speed("settle", None) == speed("cosine", None) == speed("constant", None) == 1.0
    assert speed("constant", 0.99) == 1.0


def test_cycles_go_down_and_up_as_deepfacelab_does() -> None:
    course = [speed("cycles", None, n, warm_up=0, cycle_iterations=500) for n in (0, 125, 250, 500)]
    assert course == pytest.approx([1.0, 0.5, 0.0, 1.0], abs=1e-9)
    assert speed("cycles", None, 50, warm_up=0, cycle_iterations=100) == pytest.approx(0.0, abs=1e-9)


def test_every_plateau_halves_the_rate_down_to_the_last() -> None:
    assert [speed("plateau", None, drops=n) for n in (0, 1, 3, 20)] == [1.0, 0.5, 0.125, 0.02]
    assert speed("settle", None, drops=3) == 1.0


def test_a_cool_down_falls_to_the_last_rate() -> None:
    course = [cooling(way / 10, last=0.02) for way in range(11)]
    assert course[0] == 1.0 and course == sorted(course, reverse=True) and course[-1] == pytest.approx(0.02)
    assert course[5] == pytest.approx(0.02 + 0.98 * (1 - math.sqrt(0.5)))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_settling_begins_where_the_schedule_is_but_neither_warming_up_nor_in_a_trough(schedule: str) -> None:
    options = tiny_options(schedule=schedule, warm_up=10**6)
    assert settling_speed(options, share=None) == pytest.approx(1.0)
    expected = 1.0 if schedule == "cycles" else speed(schedule, 0.8, drops=2)
    assert settling_speed(options, share=0.8, drops=2) == pytest.approx(expected)
