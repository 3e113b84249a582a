"""Recipes are shown in words, checked with line and stage, and written to begin one's own with."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.project.project import Project
from understudy.training.recipe.recipe import RECIPES, recipe_named


def test_all_recipes_are_listed_with_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(RECIPES)


def test_the_stages_of_one_are_told_with_their_ends_and_changes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "show", "patient"]) == 0
    told = capsys.readouterr().out
    assert "2. straight, 25% of the plan or until the loss is flat after 2,000 iterations" in told
    assert "learning_rate x 0.5 to 0.01" in told and "lr_dropout = True" in told


def test_a_written_recipe_is_the_one_that_came_along_and_nothing_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    assert main(["recipe", "write", str(file), "--recipe", "patient"]) == 0
    assert recipe_named(str(file)).stages == recipe_named("patient").stages
    assert main(["recipe", "check", str(file)]) == 0
    assert "mine: sound, 4 stages" in capsys.readouterr().out
    file.write_text("mine")
    assert main(["recipe", "write", str(file)]) == 2 and file.read_text() == "mine"
    assert main(["recipe", "write", str(tmp_path / "mine.txt")]) == 2
    assert main(["recipe", "write", str(tmp_path / "other.toml"), "--recipe", "soup"]) == 2


def test_a_recipe_is_checked_against_the_options_and_the_network_of_a_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "p")
    project.add_model("main", preset="quick")
    with project.change() as manifest:
        manifest.models["main"].train["ema_length"] = 0.05
    file, of_project = tmp_path / "mine.toml", ["--project", str(tmp_path / "p")]
    file.write_text('[[stage]]\nname = "a"\nscale.ema_length = 2')
    assert main(["recipe", "check", str(file)]) == 2
    assert main(["recipe", "check", str(file), *of_project]) == 0
    file.write_text('[[stage]]\nname = "a"\nset.freeze = "inter_soup"')
    assert main(["recipe", "check", str(file)]) == 0
    capsys.readouterr()
    assert main(["recipe", "check", str(file), *of_project]) == 2
    assert "stage 1 (a): This model has no part 'inter_soup'" in capsys.readouterr().err.replace("\n", " ")
    assert main(["recipe", "check", str(file), *of_project, "--model", "nobody"]) == 2
    assert "no model called 'nobody'; it has main" in capsys.readouterr().err


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[[stage]]\nname = "a"\nset.batch_size = 100000')
    assert main(["recipe", "check", str(file)]) == 2
    told = capsys.readouterr().err
    assert "stage 1 (a)" in told and "batch_size" in told
