"""Each rule about training speaks where a model's numbers are bad, and is silent where all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.jobs.advice.facts import RISING, STANDING, facts, model, said
from understudy.jobs.advice import training
from understudy.jobs.advice.facts import Machine

ALL = (
    training.unripe,
    training.turned_heads,
    training.straight_faces,
    training.own_light,
    training.too_small,
    training.too_coarse,
    training.warp_still_on,
    training.stuck,
    training.detail_at_last,
    training.critic_too_soon,
    training.strong_style,
    training.no_way_back,
    training.unclear_part,
    training.getting_worse,
    training.sides_apart,
    training.waiting,
    training.small_batch,
    training.too_large,
)


@pytest.mark.parametrize("rule", ALL)
def test_where_all_is_well_no_rule_speaks(rule) -> None:
    assert said(rule, facts()) == []
    assert said(rule, facts(model=None)) == []


def lines(**values: float) -> list[dict[str, float]]:
    return [{**line, **values} for line in model().metrics]


@pytest.mark.parametrize(
    "rule, changed, number, command",
    [
        (training.too_small, {"crop_px": {"src": 300, "dst": 400}}, "400 px", "model presets"),
        (training.too_coarse, {"crop_px": {"src": 60, "dst": 100}}, "60 px", "add project --src"),
        (training.warp_still_on, {"losses": STANDING}, "0.0%", "train project --minutes 60"),
        (
            training.warp_still_on,
            {"losses": STANDING, "options": {"recipe": "plain"}},
            "0.0%",
            "--random-warp 0",
        ),
        (
            training.detail_at_last,
            {"losses": STANDING, "options": {"random_warp": 0}},
            "0.0%",
            "--gan-power 0.1",
        ),
        (training.critic_too_soon, {"options": {"gan_power": 0.1}}, "random_warp is 1", "--gan-power 0"),
        (
            training.critic_too_soon,
            {"options": {"gan_power": 0.1, "random_warp": 0}},
            "fell by 15",
            "--gan-power 0",
        ),
        (
            training.strong_style,
            {"options": {"face_style_power": 10}, "iterations": 20_000},
            "10 after 20000",
            "--face-style-power 0.01",
        ),
        (training.no_way_back, {"options": {"bg_style_power": 2}}, "bg_style_power 2", "--backup-every 10000"),
        (
            training.unclear_part,
            {"metrics": lines(src_color=0.1, src_eyes=0.05, src_mouth=0.3)},
            "mouth as main paints it is 8.6 times",
            "--mouth-weight 75",
        ),
        (training.getting_worse, {"losses": RISING}, "rose by", "--learning-rate 0.0003"),
        (
            training.sides_apart,
            {"metrics": lines(loss_src=0.2, loss_dst=0.9)},
            "0.900 for dst",
            "faceset sheet project dst/main",
        ),
        (training.waiting, {"metrics": lines(waiting=0.2)}, "20%", ""),
        (training.small_batch, {"options": {"batch_size": 2}}, "sees 2 faces", "--batch-size 8"),
        (training.too_large, {"parameters": 400_000_000}, "6.4 GB", "model presets"),
    ],
)
def test_a_rule_speaks_of_what_is_wrong_with_its_number_and_a_command(
    rule, changed: dict[str, Any], number: str, command: str
) -> None:
    (advice,) = said(rule, facts(model=model(**changed)))
    assert number in advice.seen
    assert command in advice.command


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (training.waiting, {}, {"waiting": 0.2}),
        (training.sides_apart, {}, {"loss_src": 0.2, "loss_dst": 0.9}),
        (training.getting_worse, {"loss_src": 0.2, "loss_dst": 0.2}, {"loss_src": 0.3}),
        (training.unclear_part, {"src_color": 0.1, "src_eyes": 0.005, "src_mouth": 0.005}, {"src_mouth": 0.3}),
    ],
)
def test_a_few_iterations_that_were_measured_one_by_one_weigh_no_more_than_they_are(
    rule, good: dict[str, float], bad: dict[str, float]
) -> None:
    before = lines(**good)
    few = [{**before[-1], "iteration": 1980 + n, **bad} for n in range(1, 61)]
    assert said(rule, facts(model=model(metrics=[*before, *few]))) == []
    many = [{**before[-1], "iteration": 1980 + n, **bad} for n in range(1, 601)]
    assert len(said(rule, facts(model=model(metrics=[*before, *many])))) == 1


TRAINED_ONLY = (
    training.warp_still_on,
    training.stuck,
    training.detail_at_last,
    training.critic_too_soon,
    training.strong_style,
    training.no_way_back,
    training.getting_worse,
    training.sides_apart,
    training.waiting,
)


@pytest.mark.parametrize("rule", TRAINED_ONLY)
def test_a_model_that_never_trained_gets_no_advice_on_its_training(rule) -> None:
    options = {"gan_power": 1, "face_style_power": 10}
    new = model(losses=np.empty(0), iterations=0, options=options)
    assert said(rule, facts(model=new)) == []


def test_a_batch_that_is_as_large_as_fits_is_not_called_small() -> None:
    assert said(training.small_batch, facts(model=model(options={"batch_size": 0}))) == []


def test_without_a_plateau_warp_stays_and_with_a_critic_none_is_advised() -> None:
    assert said(training.detail_at_last, facts(model=model(options={"random_warp": 0}))) == []
    done = model(losses=STANDING, options={"random_warp": 0, "gan_power": 0.1, "backup_every": 1000})
    for rule in (
        training.warp_still_on,
        training.detail_at_last,
        training.critic_too_soon,
        training.no_way_back,
    ):
        assert said(rule, facts(model=done)) == []


@pytest.mark.parametrize("kept", [{"backup_every": 1000}, {"backup_every_minutes": 60}])
def test_who_keeps_backups_has_a_way_back(kept: dict[str, float]) -> None:
    none, some = (model(losses=STANDING, options={"gan_power": 0.1, **backups}) for backups in ({}, kept))
    assert said(training.no_way_back, facts(model=none)) and not said(training.no_way_back, facts(model=some))


def test_a_recipe_that_switches_the_warp_off_by_itself_needs_no_advice() -> None:
    patient = model(losses=STANDING, options={"recipe": "patient", "gan_power": 0.1, "backup_every": 100})
    assert said(training.warp_still_on, facts(model=patient)) == []
    assert said(training.critic_too_soon, facts(model=patient)) == []


def test_styles_are_fine_while_a_model_is_young_or_when_they_are_weak() -> None:
    for changed in (
        {"options": {"face_style_power": 10}, "iterations": 5000},
        {"options": {"face_style_power": 0.01}, "iterations": 50_000},
    ):
        assert said(training.strong_style, facts(model=model(**changed))) == []


def test_profiles_are_too_much_for_the_classics_of_half_faces() -> None:
    turned = {"dst": {"yaw_deg": np.where(np.arange(400) < 100, 60.0, 0.0)}}
    half = model(architecture="h64", face_type="half")
    (advice,) = said(training.turned_heads, facts(**turned, model=half))
    assert "25%" in advice.seen and "--preset df" in advice.command
    assert said(training.turned_heads, facts(**turned)) == []
    assert said(training.turned_heads, facts(model=half)) == []


def test_another_light_than_srcs_asks_for_a_network_that_takes_it_on() -> None:
    dark = {"dst": {"brightness": 0.1}}
    (advice,) = said(training.own_light, facts(**dark))
    assert "10 %" in advice.seen and "liaef128" in advice.command
    assert said(training.own_light, facts(**dark, model=model(architecture="liaef128"))) == []


def test_what_fits_depends_on_the_machine() -> None:
    large = model(parameters=400_000_000)
    assert said(training.too_large, facts(model=large, machine=Machine("cuda:0", 80_000_000_000))) == []


FLAT = {"yaw_deg": np.linspace(-15, 15, 400), "light_side": np.linspace(-0.05, 0.05, 400)}


def test_straight_faces_in_flat_light_are_work_for_the_classics_of_half_faces() -> None:
    (advice,) = said(training.straight_faces, facts(dst=FLAT))
    assert "100% of dst's faces look ahead within 20" in advice.seen
    assert "--preset h128" in advice.command
    (advice,) = said(training.straight_faces, facts(dst=FLAT, machine=Machine("cuda:0", 2_000_000_000)))
    assert "--preset h64" in advice.command


@pytest.mark.parametrize(
    "changed",
    [
        {"dst": FLAT | {"yaw_deg": 40.0}},
        {"dst": FLAT | {"light_side": 0.3}},
        {"dst": FLAT, "model": model(size_px=256)},
        {"dst": FLAT, "model": model(architecture="h128", face_type="half")},
    ],
)
def test_turned_or_shaded_faces_and_what_paints_as_much_need_no_half_faces(changed: dict[str, Any]) -> None:
    assert said(training.straight_faces, facts(**changed)) == []


def test_a_model_that_is_stuck_in_a_recipe_of_ones_own_is_shaken_by_swapped_sides(tmp_path: Path) -> None:
    recipe, plain = tmp_path / "mine.toml", '[[stage]]\nname = "learn"\n'
    recipe.write_text(plain)
    mine = {"losses": STANDING, "options": {"recipe": str(recipe)}}
    (advice,) = said(training.stuck, facts(model=model(**mine)))
    assert "0.0%" in advice.seen and "set.swap_sides = true" in advice.todo
    assert advice.command == f"understudy train project --recipe {recipe}"
    assert said(training.stuck, facts(model=model(options={"recipe": str(recipe)}))) == []  # it still falls
    straight = {"losses": STANDING, "options": {"recipe": str(recipe), "random_warp": 0}}
    assert said(training.stuck, facts(model=model(**straight))) == []
    recipe.write_text('[[stage]]\nname = "shake"\niterations = 500\nset.swap_sides = true\n' + plain)
    assert said(training.stuck, facts(model=model(**mine))) == []


@pytest.mark.parametrize("recipe", ["standard", "patient", "gone.toml"])
def test_a_recipe_that_comes_along_or_can_not_be_read_is_not_shaken(recipe: str) -> None:
    assert said(training.stuck, facts(model=model(losses=STANDING, options={"recipe": recipe}))) == []


def test_a_model_whose_loss_has_not_levelled_off_is_to_train_on_first_of_all() -> None:
    assert not said(training.unripe, facts())
    words = "model 'main' has learnt for 60 iterations, and its loss has not levelled off: train on."
    (advice,) = said(training.unripe, facts(model=model(unripe=words)))
    assert advice.weight == 3 and advice.seen == f"M{words[1:]}"
