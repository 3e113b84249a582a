"""Plans say how far they are, slow down towards their end, and are finished rather than begun anew."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.training.options import TrainOptions
from understudy.training.steering.plan import Plan, planned

shares = st.floats(0, 1)


@settings(max_examples=30, deadline=None)
@given(shares, shares)
def test_after_its_warm_up_a_planned_run_never_learns_faster_again(a: float, b: float) -> None:
    early, late = sorted((a, b))
    plan = Plan(minutes=10, iterations=None)
    speeds = [plan.after(seconds=600 * share, iterations=1000).speed for share in (early, late)]
    assert 0 < speeds[1] <= speeds[0] <= 1


@settings(max_examples=30, deadline=None)
@given(shares)
def test_bending_fades_but_never_stops(share: float) -> None:
    warp = Plan(minutes=1, iterations=None).after(seconds=60 * share, iterations=1).warp
    assert 0 < warp <= 1


def test_the_first_steps_are_small() -> None:
    plan = Plan(minutes=None, iterations=1000)
    assert plan.speed < 0.05 < plan.after(seconds=0, iterations=60).speed


def test_an_endless_plan_keeps_its_speed_and_never_finishes() -> None:
    plan = Plan(minutes=None, iterations=None).after(seconds=1e6, iterations=10**6)
    assert (plan.speed, plan.warp, plan.finished, plan.seconds_left) == (1.0, 1.0, False, None)


def test_of_two_ends_the_nearer_one_counts() -> None:
    plan = Plan(minutes=10, iterations=100)
    assert plan.after(seconds=600, iterations=1).finished
    assert plan.after(seconds=1, iterations=100).finished
    assert not plan.after(seconds=599, iterations=99).finished


def test_the_same_wish_finishes_an_interrupted_plan() -> None:
    before = Plan(minutes=10, iterations=None).after(seconds=240, iterations=77)
    assert planned(TrainOptions(minutes=10), before) == before


def test_another_wish_replaces_an_interrupted_plan() -> None:
    before = Plan(minutes=10, iterations=None).after(seconds=240, iterations=77)
    assert planned(TrainOptions(minutes=20), before) == Plan(minutes=20, iterations=None)


def test_the_same_wish_after_a_finished_plan_is_a_new_one_that_treads_softer() -> None:
    before = Plan(minutes=10, iterations=None).after(seconds=600, iterations=900)
    again = planned(TrainOptions(minutes=10), before)
    assert (again.done_seconds, again.again) == (0, True)
    fresh = Plan(minutes=10, iterations=None)
    assert again.after(seconds=1, iterations=99).speed < fresh.after(seconds=1, iterations=99).speed


def test_what_another_version_wrote_into_a_plan_is_passed_over() -> None:
    plan = Plan(minutes=10, iterations=None)
    assert Plan.from_json({**plan.as_json(), "mood": "calm"}) == plan


def test_a_plan_survives_json() -> None:
    plan = Plan(minutes=10, iterations=5, again=True).after(seconds=1.5, iterations=3)
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
