"""Recipes are read from TOML, and what is wrong with one is said with line, stage and option."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.house.source import REPOSITORY
from tests.training.conftest import tiny_options
from understudy.errors import RecipeInvalid
from understudy.training.options import TrainOptions
from understudy.training.recipe.recipe import RECIPES, Recipe, parse_recipe, recipe_named, recipe_text

GOOD = """
name = "mine"
about = "Two stages."

[[stage]]
name = "rough"
share = 0.6
set.batch_size = 8

[[stage]]
name = "fine"
plateau = true
at_least = 100
iterations = 5000
[stage.set]
eyes_weight = 9.0
[stage.scale]
random_warp = [1.0, 0.0]
"""


def test_a_recipe_is_read_and_survives_the_checkpoint() -> None:
    recipe = parse_recipe(GOOD, name="file")
    rough, fine = recipe.stages
    assert (recipe.name, rough.name, rough.share, rough.set) == ("mine", "rough", 0.6, {"batch_size": 8})
    assert (fine.plateau, fine.at_least, fine.iterations) == (True, 100, 5000)
    assert fine.scale == {"random_warp": (1.0, 0.0)}
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))) == recipe


def test_a_stage_changes_only_what_it_names() -> None:
    base = tiny_options(random_warp=2.0, eyes_weight=3.0)
    rough, fine = parse_recipe(GOOD, name="file").stages
    assert rough.options(base, 0.5) == base.changed(batch_size=8)
    assert fine.options(base, 0.25) == base.changed(eyes_weight=9.0, random_warp=1.5)


def test_a_stage_may_change_to_another_set_of_losses() -> None:
    text = '[[stage]]\nname = "dfl"\nset.losses = "{}"\nset.mask_weight = 3.0\nscale.color_weight = 0.5'
    (stage,) = parse_recipe(text.format("dfl"), name="mine").stages
    base = TrainOptions.model_validate({"losses": "amp", "eyes_weight": 7.0})
    found = stage.options(base, 0.5)
    assert (found.losses, found.structure, found.eyes_weight) == ("dfl", "windows", 0)
    assert (found.mask_weight, found.color_weight) == (3, 5)  # the scale is of the set's own 10
    (same,) = parse_recipe(text.format("amp"), name="mine").stages
    assert same.options(base, 0.5) == base.changed(mask_weight=3.0, color_weight=5.0)


def test_whole_numbers_stay_whole_while_they_grow() -> None:
    text = '[[stage]]\nname = "grow"\nshare = 1.0\nscale.batch_size = [1.0, 2.0]'
    (grow,) = parse_recipe(text, name="grow").stages
    sizes = [grow.options(tiny_options(batch_size=4), way).batch_size for way in (0.0, 0.4, 1.0)]
    assert sizes == [4, 6, 8] and all(isinstance(size, int) for size in sizes)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_that_comes_along_is_sound_and_says_what_it_is_for(name: str) -> None:
    recipe = recipe_named(name)
    recipe.require_fit(tiny_options())
    assert recipe.about == RECIPES[name]
    assert recipe == parse_recipe(recipe_text(name), name=name)


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ("share = 0.6", "share = 1.6", ["Line 7", "stage 1 (rough)", "'share'", "1.6"]),
        ("share = 0.6", "portion = 0.6", ["Line 7", "stage 1 (rough)", "'portion'", "means nothing"]),
        ("share = 0.6", "", ["Line 6", "stage 1 (rough)", "never ends"]),
        ('name = "rough"', "", ["stage 1", "'name'", "missing"]),
        (
            "batch_size",
            "batch_sise",
            ["Line 8", "stage 1 (rough)", "'batch_sise'", 'training. Did you mean "batch_size"?'],
        ),
        ("batch_size = 8", "batch_size = [1, 2, 3]", ["Line 8", "two numbers"]),
        ("batch_size = 8", 'optimizer = "adam"', ["Line 8", "'optimizer'", "can't change while"]),
        ("random_warp = [", "clip = [", ["Line 18", "stage 2 (fine)", "'clip'", "two numbers"]),
        ("random_warp = [1.0, 0.0]", "lr_dropout = 0.5", ["Line 18", "only numbers can be scaled"]),
        ("random_warp = [1.0, 0.0]", "eyes_weight = 0.5", ["eyes_weight", "under set and under scale"]),
        ("plateau = true", "plateau = false", ["Line 13", "'at_least'", "plateau = true"]),
        ("iterations = 5000", "", ["Line 18", "'random_warp'", "share or iterations"]),
        ("iterations = 5000", "share = 0.5", ["shares", "1.1"]),
        ('"Two stages."', '"Two stages.', ["no TOML", "line 3"]),
        ("about", "purpose", ["Line 3", "purpose", "means nothing"]),
        ("eyes_weight = 9.0", "swap_sides = true", ["Line 16", "stage 2", "wrong performer"]),
    ],
)
def test_what_is_wrong_is_said_with_its_line_stage_and_option(change: str, to: str, words: list[str]) -> None:
    assert change in GOOD
    with pytest.raises(RecipeInvalid) as error:
        parse_recipe(GOOD.replace(change, to), name="file")
    assert [word for word in words if word not in str(error.value)] == [], str(error.value)


def test_the_recipe_in_the_guide_is_sound() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", (REPOSITORY / "docs/guide/recipes.md").read_text(), re.DOTALL)
    recipe = parse_recipe(text, name="guide")
    recipe.require_fit(tiny_options())
    assert [stage.name for stage in recipe.stages] == ["learn", "shake", "straight", "sharpen"]


def test_sides_that_the_last_stage_would_not_swap_back_are_refused_with_the_way_out() -> None:
    text = '[[stage]]\nname = "a"\niterations = 9\n[[stage]]\nname = "b"\n'
    with pytest.raises(RecipeInvalid, match=r"'swap_sides'.*wrong performer.*--no-swap-sides.*earlier stage"):
        parse_recipe(text, name="mine").require_fit(tiny_options(swap_sides=True))
    back = parse_recipe(text + "set.swap_sides = false", name="mine")
    back.require_fit(tiny_options(swap_sides=True))
    parse_recipe(text.replace("[[stage]]", "[[stage]]\nset.swap_sides = true", 1), name="mine").require_fit(
        tiny_options()
    )


@pytest.mark.parametrize("name", ["finish_iterations", "ema_length", "freeze_until"])
def test_an_option_without_a_value_is_scaled_only_once_it_has_one(name: str) -> None:
    recipe = parse_recipe(f'[[stage]]\nname = "a"\nscale.{name} = 0.5', name="mine")
    with pytest.raises(RecipeInvalid, match=rf"'mine', stage 1 \(a\).*'{name}' has no value"):
        recipe.require_fit(tiny_options())
    recipe.require_fit(tiny_options(**{name: 0.1 if name == "ema_length" else 100}))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("batch_size = 9000", "'batch_size'.*9000"),
        ("batch_size = [4, 9000]", "'batch_size'.*9000"),
        ('color_weight = "high"', "'color_weight'.*'high'.*valid number"),
        ('color = "pink"', "'color'.*'pink'"),
        ('losses = "pink"', "'losses'.*'pink'"),
        ("freeze = true", "'freeze'.*True"),
    ],
)
def test_a_value_that_an_option_never_takes_is_said_with_its_line(change: str, words: str) -> None:
    with pytest.raises(RecipeInvalid, match=rf"^Line 8, stage 1 \(rough\), {words}"):
        parse_recipe(GOOD.replace("batch_size = 8", change), name="f")


def test_no_scale_makes_a_batch_of_nothing_which_would_mean_the_largest_that_fits() -> None:
    text = '[[stage]]\nname = "small"\nscale.batch_size = 0.25'
    (small,) = parse_recipe(text, name="small").stages
    assert [small.options(tiny_options(batch_size=n), 0.0).batch_size for n in (0, 1, 2, 8)] == [0, 1, 1, 2]


def test_a_value_out_of_its_range_through_scaling_is_said_with_its_stage() -> None:
    recipe = parse_recipe(GOOD.replace("random_warp = [1.0, 0.0]", "learning_rate = [1.0, 1e6]"), name="f")
    with pytest.raises(RecipeInvalid, match=r"'mine', stage 2 \(fine\).*learning_rate"):
        recipe.require_fit(tiny_options())


def test_a_file_of_ones_own_is_a_recipe_too(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    assert recipe_named(str(tmp_path / "mine.toml")) == parse_recipe(GOOD, name="mine")
    with pytest.raises(RecipeInvalid, match=r"standard.*\.toml"):
        recipe_named("mein")
    with pytest.raises(RecipeInvalid, match=r'\.toml\. Did you mean "patient"\?$'):
        recipe_named("patiant")
    with pytest.raises(RecipeInvalid, match=r"no such recipe.*Path: .*gone\.toml"):
        recipe_named(str(tmp_path / "gone.toml"))
    (tmp_path / "bad.toml").write_text("stage = []")
    with pytest.raises(RecipeInvalid, match=r"stage.*Path: .*bad\.toml"):
        recipe_named(str(tmp_path / "bad.toml"))


def test_one_mistake_of_every_stage_is_named_at_once() -> None:
    text = GOOD.replace("share = 0.6", "share = 6").replace("at_least = 100", "at_last = 100")
    with pytest.raises(RecipeInvalid, match=r"(?s)stage 1 \(rough\), 'share'.*stage 2 \(fine\), 'at_last'"):
        parse_recipe(text, name="file")
