"""A training goes through the stages of its recipe: by share, by iterations, by a plateau, and when asked."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from tests.training.conftest import tiny_options
from understudy.errors import RecipeInvalid
from understudy.training.options import TrainOptions
from understudy.training.recipe.course import Course, Now
from understudy.training.recipe.recipe import parse_recipe, recipe_named
from understudy.training.steering.plan import Plan

THREE = """
[[stage]]
name = "a"
share = 0.5
[[stage]]
name = "b"
share = 0.3
scale.random_warp = [1.0, 0.0]
[[stage]]
name = "c"
share = 0.2
set.random_warp = 0.0
"""
FLAT = """
[[stage]]
name = "a"
plateau = true
at_least = 200
[[stage]]
name = "b"
iterations = 50
set.batch_size = 7
[[stage]]
name = "c"
"""


def course(text: str, plan: Plan, **options: object) -> Course:
    made = tiny_options(iterations=None, **options)
    return Course(parse_recipe(text, name="test"), made, plan)


def at(plan: Plan, iteration: int) -> Plan:
    return plan.after(seconds=0.0, iterations=iteration)


def walked(going: Course, plan: Plan, until: int, *, start: int = 0) -> list[Now]:
    """What held in each iteration."""
    held = []
    for iteration in range(start, until):
        held.append(going.now(at(plan, iteration)))
        going.advance(at(plan, iteration + 1))
    return held


def lengths(held: list[Now]) -> dict[str, int]:
    names = [now.stage for now in held]
    return {name: names.count(name) for name in dict.fromkeys(names)}


def test_shares_divide_a_planned_training() -> None:
    plan = Plan(None, 100)
    assert lengths(walked(course(THREE, plan), plan, 100)) == {"a": 50, "b": 30, "c": 20}


def test_shares_divide_minutes_as_well() -> None:
    plan = Plan(10, None)
    going = course(THREE, plan)
    going.advance(plan.after(seconds=299, iterations=7))
    assert going.stage.name == "a"
    going.advance(plan.after(seconds=301, iterations=8))
    assert going.stage.name == "b"


def test_what_a_stage_leaves_is_divided_among_those_that_follow() -> None:
    text = THREE.replace("share = 0.5", "share = 0.5\niterations = 10")
    plan = Plan(None, 100)
    assert lengths(walked(course(text, plan), plan, 100)) == {"a": 10, "b": 54, "c": 36}


def test_stages_without_a_share_get_what_the_shares_leave_of_the_plan() -> None:
    plan = Plan(None, 100)
    without = THREE.replace("share = 0.2", "")
    assert lengths(walked(course(without, plan), plan, 100)) == {"a": 50, "b": 30, "c": 20}
    without = without.replace("share = 0.3", "iterations = 10")
    assert lengths(walked(course(without, plan), plan, 100)) == {"a": 50, "b": 10, "c": 40}


def test_a_value_goes_from_one_number_to_another_over_its_stage() -> None:
    plan = Plan(None, 100)
    warps = [now.options.random_warp for now in walked(course(THREE, plan, random_warp=2.0), plan, 100)]
    assert warps[49] == 2.0 and warps[50] == 2.0 and warps[65] == pytest.approx(1.0) and warps[80] == 0.0
    assert warps == sorted(warps, reverse=True)


def test_without_an_end_a_share_lasts_until_someone_asks_to_finish() -> None:
    plan = Plan(None, None)
    going = course(THREE, plan)
    assert lengths(walked(going, plan, 500)) == {"a": 500}
    settling = going.finish(at(plan, 500), 40)
    held = walked(going, settling, 540, start=500)
    assert lengths(held) == {"c": 40}
    assert at(settling, 540).finished and not at(settling, 539).finished


def test_settling_falls_from_the_speed_it_began_at_to_nearly_nothing() -> None:
    plan = Plan(None, None)
    going = course(THREE, plan)
    before = walked(going, plan, 500)[-1].speed
    speeds = [now.speed for now in walked(going, going.finish(at(plan, 500), 40), 540, start=500)]
    assert before == 1.0 == speeds[0]
    assert speeds == sorted(speeds, reverse=True) and speeds[-1] < 0.04


@pytest.mark.parametrize(
    ("options", "iteration"),
    [({}, 0), ({"warm_up": 5000}, 10), ({"schedule": "cycles", "cycle_iterations": 500}, 250)],
)
def test_settling_begins_high_after_an_interruption_while_warming_up_and_in_a_trough(
    options: dict[str, Any], iteration: int
) -> None:
    for plan in (Plan(None, None), Plan(None, None, again=True)):
        going = course(THREE, plan, **options)
        assert going.now(at(plan, iteration)).speed < 0.05
        settling = going.finish(at(plan, iteration), 400)
        assert going.now(settling).speed == plan.top_speed


def test_settling_begins_no_higher_than_the_schedule_has_come_down_to() -> None:
    plan = Plan(None, 1000)
    going = course(THREE, plan)
    walked(going, plan, 900)
    before = going.now(at(plan, 900)).speed
    assert going.now(going.finish(at(plan, 900), 50)).speed == before < 0.2


def test_finishing_never_makes_a_planned_training_longer() -> None:
    plan = Plan(None, 100)
    going = course(THREE, plan)
    walked(going, plan, 90)
    settling = going.finish(at(plan, 90), 40)
    assert settling.last_iteration == 100


BENDING = """
[[stage]]
name = "a"
share = 0.2
[[stage]]
name = "b"
share = 0.8
scale.random_warp = [1.0, 0.0]
"""


def test_what_the_last_stage_changes_goes_on_from_where_it_is_when_asked_to_finish() -> None:
    plan = Plan(None, 1000)
    going = course(BENDING, plan, random_warp=1.0)
    walked(going, plan, 800)
    settling = going.finish(at(plan, 800), 100)
    warps = [now.options.random_warp for now in walked(going, settling, 900, start=800)]
    assert warps[0] == pytest.approx(0.25) and warps[50] == pytest.approx(0.125) and warps[-1] < 0.01
    assert warps == sorted(warps, reverse=True)


@pytest.mark.parametrize("saved_before", [False, True], ids=["saved in it", "saved just before"])
def test_an_interrupted_settling_of_the_last_stage_bends_as_one_that_was_not(saved_before: bool) -> None:
    plan = Plan(None, 1000)
    going = course(BENDING, plan, random_warp=1.0)
    walked(going, plan, 800)
    before = going.as_json()
    settling = going.finish(at(plan, 800), 100)
    saved = before if saved_before else going.as_json()
    again = course(BENDING, settling, random_warp=1.0).resume(json.loads(json.dumps(saved)), settling)
    for iteration in (800, 850, 899):
        assert again.now(at(settling, iteration)) == going.now(at(settling, iteration))


def loss_at(iteration: int, falls_until: int) -> float:
    return math.exp(-min(iteration, falls_until) / 100) + 0.001 * (iteration % 3)


def flattening(going: Course, plan: Plan, until: int, falls_until: int) -> list[str]:
    """The stage of each iteration, with a loss that stops falling."""
    names = []
    for iteration in range(until):
        names.append(going.stage.name)
        if iteration % 5 == 4:
            going.measured(iteration + 1, loss_at(iteration, falls_until))
        going.advance(at(plan, iteration + 1))
    return names


def test_a_stage_lasts_until_the_loss_has_stopped_falling_and_the_next_for_its_iterations() -> None:
    plan = Plan(None, None)
    going = course(FLAT, plan, plateau_iterations=160)
    names = flattening(going, plan, 900, falls_until=300)
    assert 300 < names.index("b") < 600
    assert names.count("b") == 50
    assert names[-1] == "c"


def test_a_plateau_before_its_least_iterations_is_passed_over() -> None:
    plan = Plan(None, None)
    going = course(FLAT.replace("200", "700"), plan, plateau_iterations=160)
    assert flattening(going, plan, 900, falls_until=0).index("b") >= 700


def test_an_interrupted_course_goes_on_exactly_wherever_it_was() -> None:
    plan = Plan(None, None)
    whole = flattening(course(FLAT, plan, plateau_iterations=160), plan, 900, falls_until=300)
    names, kept = [], {}
    for start in range(0, 900, 30):  # a new process every thirty iterations
        going = course(FLAT, at(plan, start), plateau_iterations=160).resume(
            json.loads(json.dumps(kept)), at(plan, start)
        )
        for iteration in range(start, start + 30):
            names.append(going.stage.name)
            if iteration % 5 == 4:
                going.measured(iteration + 1, loss_at(iteration, 300))
            going.advance(at(plan, iteration + 1))
        kept = going.as_json()
    assert names == whole


def test_another_recipe_begins_with_its_first_stage() -> None:
    plan = at(Plan(None, 100), 60)
    old = course(THREE, Plan(None, 100))
    walked(old, Plan(None, 100), 60)
    assert old.number == 1
    going = course(THREE.replace("0.3", "0.25"), plan).resume(old.as_json(), plan)
    assert going.number == 0 and "another than before" in going.take_notices()[0]


def test_a_training_that_follows_another_recipe_than_before_names_both() -> None:
    plan = at(Plan(None, 100), 60)
    old = course(THREE, Plan(None, 100))
    old.recipe = replace(old.recipe, name="page")
    (told,) = course(THREE, plan).resume(old.as_json(), plan).take_notices()
    assert "followed the recipe 'page.toml'" in told and "--recipe" in told


def test_a_recipe_that_can_no_longer_be_read_begins_anew_and_says_so() -> None:
    plan = at(Plan(None, 100), 60)
    old = course(THREE, Plan(None, 100))
    walked(old, Plan(None, 100), 60)
    for changes in ({"set": {"gone_option": 1.0}}, {"set": {"batch_size": 10**6}}, {"mood": "calm"}):
        saved = json.loads(json.dumps(old.as_json()))
        saved["recipe"]["stages"][1] |= changes
        going = course(THREE, plan).resume(saved, plan)
        assert going.number == 0
        (told,) = going.take_notices()
        assert "stage 2 (b)" in told and "begin anew with 'a'" in told
        assert going.take_notices() == []


def test_a_stage_says_for_itself_when_its_loss_counts_as_flat() -> None:
    plan = Plan(None, None)
    begins = []
    for window in (64, 320):
        text = FLAT.replace("at_least = 200", f"set.plateau_iterations = {window}")
        going = course(text, plan, plateau_iterations=32)
        begins.append(flattening(going, plan, 900, falls_until=0).index("b"))
    assert 64 <= begins[0] < 200 and 320 <= begins[1] < 500


@pytest.mark.parametrize("resumed", [False, True])
def test_when_a_loss_counts_as_flat_can_be_changed_in_the_middle_of_a_stage(resumed: bool) -> None:
    plan = Plan(None, None)
    going = course('[[stage]]\nname = "a"', plan, schedule="plateau", plateau_iterations=2000)
    flattening(going, plan, 100, falls_until=0)
    options = going.options.changed(plateau_iterations=64, plateau_fall=0.03)
    if resumed:
        going = Course(going.recipe, options, plan).resume(going.as_json(), plan)
    else:
        going.change(options)
    assert going.now(plan).measured_every == 2
    flattening(going, at(plan, 100), 200, falls_until=0)
    assert going.drops >= 1
    asked = going.as_json()["plateau"]
    going.change(going.options.changed(plateau_fall=0.01))
    assert going.as_json()["plateau"] == asked | {"least_fall": 0.01}, "what was measured counts on"


def test_losses_of_other_options_do_not_make_a_loss_flat() -> None:
    """A weight that is raised lifts the loss, which then lay above what it had been for a whole window."""
    plan = Plan(None, None)
    going = course(FLAT, plan, plateau_iterations=64)
    flattening(going, plan, 64, falls_until=64)
    before = going.as_json()["plateau"]
    assert before["means"]
    going.change(going.options.changed(preview_rows=3))
    assert going.as_json()["plateau"] == before
    going.change(going.options.changed(eyes_weight=30.0))
    assert going.as_json()["plateau"]["means"] == []


def test_the_last_stage_ends_a_training_when_it_has_an_end_of_its_own() -> None:
    plan = Plan(None, None)
    going = course(FLAT.replace('name = "c"', 'name = "c"\niterations = 10'), plan, plateau_iterations=32)
    flattening(going, plan, 240, falls_until=0)
    assert not going.ended
    flattening(going, at(plan, 240), 900, falls_until=0)
    assert going.ended


def test_the_rate_is_halved_at_each_plateau_where_the_schedule_says_so() -> None:
    plan = Plan(None, None)
    going = course('[[stage]]\nname = "a"', plan, schedule="plateau", plateau_iterations=64)
    flattening(going, plan, 400, falls_until=0)
    assert going.drops >= 2
    assert going.now(at(plan, 400)).speed == pytest.approx(0.5**going.drops, abs=0.02)


def test_a_model_that_settled_before_is_not_shaken_as_hard_again() -> None:
    first, again = Plan(None, 1000), Plan(None, 1000, again=True)
    assert course(THREE, again).now(at(again, 60)).speed < course(THREE, first).now(at(first, 60)).speed


def test_a_stage_that_leaves_an_options_range_is_refused_before_anything_starts() -> None:
    text = '[[stage]]\nname = "huge"\nscale.batch_size = 1000'
    with pytest.raises(RecipeInvalid, match=r"stage 1 \(huge\).*batch_size"):
        course(text, Plan(None, 10))


def test_the_built_in_recipe_bends_and_slows_as_trainings_always_did() -> None:
    """Slow twin: full bending for half a plan, then down to 0.3 of it at 85 %; full speed for 30 %, then half a
    cosine down to 0.02."""
    plan, options = Plan(None, 1000), TrainOptions(iterations=1000, random_warp=1.0)
    going = Course(recipe_named("standard"), options, plan)
    for iteration, now in enumerate(walked(going, plan, 1000)):
        share = iteration / 1000
        warp = max(0.3, min(1.0, (1 - share) / 0.5))
        way = max(0.0, (share - 0.3) / 0.7)
        speed = min(1.0, (iteration + 1) / 50) * (0.02 + 0.98 * (1 + math.cos(math.pi * way)) / 2)
        assert now.options.random_warp == pytest.approx(warp, abs=1e-6)
        assert now.speed == pytest.approx(speed)
