"""Plans say how far they are, slow down towards their end, and are finished rather than begun anew."""

from __future__ import annotations

import json

from understudy.training.options import TrainOptions
from understudy.training.steering.plan import Plan, finish_length, planned


def test_an_endless_plan_never_finishes_by_itself() -> None:
    plan = Plan(minutes=None, iterations=None).after(seconds=1e6, iterations=10**6)
    assert (plan.share, plan.settled, plan.finished, plan.seconds_left) == (None, None, False, None)


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
    assert again.top_speed < Plan(minutes=10, iterations=None).top_speed


def test_what_another_version_wrote_into_a_plan_is_passed_over() -> None:
    plan = Plan(minutes=10, iterations=None)
    assert Plan.from_json({**plan.as_json(), "mood": "calm"}) == plan


def test_a_plan_survives_json() -> None:
    plan = Plan(minutes=10, iterations=5, again=True).after(seconds=1.5, iterations=3)
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


def test_a_plan_that_was_asked_to_finish_ends_after_its_settling() -> None:
    plan = Plan(minutes=None, iterations=None).after(seconds=5, iterations=70).finishing(10, speed=0.5)
    assert (plan.settled, plan.last_iteration, plan.settles_speed) == (0.0, 80, 0.5)
    half, end = (plan.after(seconds=6, iterations=n) for n in (75, 80))
    assert half.settled == 0.5 and not half.finished and end.finished


def test_a_plan_of_minutes_that_is_asked_to_finish_near_its_end_settles_to_the_last() -> None:
    late = Plan(minutes=10, iterations=None).after(seconds=590, iterations=5900)
    settling = late.finishing(700, speed=1.0)
    assert settling.settles_for == 100, "ten seconds at ten iterations a second"
    slower = settling.after(seconds=601, iterations=5990)
    assert slower.settled == 0.9 and not slower.finished
    assert settling.after(seconds=602, iterations=6000).finished
    early = Plan(minutes=10, iterations=None).after(seconds=60, iterations=600)
    assert early.finishing(70, speed=1.0).settles_for == 70


def test_an_interrupted_settling_goes_on_and_after_it_the_model_is_treated_softer() -> None:
    settling = Plan(minutes=None, iterations=None).after(seconds=5, iterations=70).finishing(10, speed=1.0)
    assert planned(TrainOptions(), settling) == settling
    again = planned(TrainOptions(), settling.after(seconds=6, iterations=80))
    assert (again.settled, again.again) == (None, True)


def test_finishing_takes_a_share_of_what_was_learnt_unless_a_number_is_said() -> None:
    options = TrainOptions()
    assert finish_length(options, learnt=20000) == 2000
    assert finish_length(options, learnt=50) == 100
    assert finish_length(options.changed(finish_share=0.5), learnt=20000) == 10000
    assert finish_length(options.changed(finish_iterations=7), learnt=20000) == 7
    counted = options.changed(finish_iterations=7)
    assert finish_length(counted, learnt=20000, details={"share": 0.2}) == 4000
    assert finish_length(counted, learnt=20000, details={"iterations": 9, "share": 0.2}) == 9
