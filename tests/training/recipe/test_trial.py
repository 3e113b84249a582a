"""What a stage asks for and a model can't do is found without training, with the stage's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.conftest import TINY_NETWORK, tiny_options
from understudy.errors import RecipeInvalid, WeightsMissing
from understudy.training.recipe.recipe import RECIPES, parse_recipe, recipe_named
from understudy.training.recipe.trial import require_possible

STAGES = '[[stage]]\nname = "learn"\nshare = 0.5\n\n[[stage]]\nname = "polish"\nshare = 0.5\n'


def tried(changes: str, *, architecture: str = "quick", **options: object) -> None:
    recipe = parse_recipe(STAGES + changes, name="mine")
    network = TINY_NETWORK if architecture == "quick" else None
    require_possible(recipe, tiny_options(**options), architecture, network, iteration=0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("set.identity_weight = 0.5", "identity_embedder"),
        ("set.identity_weight = [0.0, 0.5]", "identity_embedder"),
        ('set.freeze = "nonsense"', "no part 'nonsense'"),
        ('set.freeze = "encoder, decoder"', "nothing is left to learn"),
    ],
)
def test_what_a_stage_asks_in_vain_is_refused_with_its_name(changes: str, words: str) -> None:
    with pytest.raises(RecipeInvalid, match=rf"'mine', stage 2 \(polish\).*{words}"):
        tried(changes)


def test_weights_that_a_stage_asks_for_and_that_are_missing_are_found_before_the_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They were missed at the beginning of that stage, after hours."""
    monkeypatch.setattr("understudy.networks.dense_face.WEIGHTS_PATH", tmp_path / "none.safetensors")
    with pytest.raises(WeightsMissing, match="our own face network"):
        tried("set.follow_weight = 1.0")


def test_true_faces_are_refused_where_a_code_is_no_single_map() -> None:
    tried("set.true_face_power = 0.01")
    with pytest.raises(RecipeInvalid, match=r"stage 2 \(polish\).*true_face_power"):
        tried("set.true_face_power = 0.01", architecture="ufm")


def test_a_bottleneck_held_with_straight_faces_beside_all_that_is_frozen_is_refused() -> None:
    rest = {"freeze": "encoder, inter_b, decoder", "hold_inter_ab": True, "random_warp": 0.5}
    tried("set.random_warp = 0.1", architecture="liaef128", **rest)
    for straight in ("set.random_warp = 0.0", "scale.random_warp = [1.0, 0.0]"):
        with pytest.raises(RecipeInvalid, match=r"stage 2 \(polish\).*nothing is left to learn"):
            tried(straight, architecture="liaef128", **rest)


def test_what_a_model_can_do_is_let_through() -> None:
    tried('set.gan_power = 0.1\nset.feature_weight = 2.0\nset.freeze = "encoder"')
    for name in RECIPES:
        require_possible(recipe_named(name), tiny_options(), "quick", TINY_NETWORK, iteration=0)


def test_parts_that_learn_again_by_then_may_be_frozen() -> None:
    recipe = parse_recipe(STAGES + 'set.freeze = "nonsense"\nset.freeze_until = 10', name="mine")
    require_possible(recipe, tiny_options(), "quick", TINY_NETWORK, iteration=10)
    with pytest.raises(RecipeInvalid):
        require_possible(recipe, tiny_options(), "quick", TINY_NETWORK, iteration=9)
