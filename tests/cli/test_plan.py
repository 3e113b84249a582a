"""`understudy plan` prints what is needed, or gives it as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.cli.main import main
from understudy.project.project import Project
from understudy.training.keeping.about import ModelAbout, write_about


def test_a_plan_lists_every_part_of_memory_and_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--preset", "quick", "--offload", "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    for word in (
        "weights",
        "moments",
        "in the computer's memory",
        "activations",
        "s an iteration",
        "estimates",
    ):
        assert word in printed


def test_a_plan_says_how_many_iterations_fit_in_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--network", "size_px=32", "width=8", "--batch-size", "1", "--device", "cpu"]
    assert main(["plan", "--preset", "quick", *small, "--minutes", "90"]) == 0
    assert " in 90 min" in capsys.readouterr().out


def test_a_plan_as_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", "--preset", "quick", "--network", "size_px=32", "--batch-size", "2", "--json"]
    assert main([*arguments, "--device", "cpu"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["batch_size"] == 2 and told["need"]["weights"] == 4 * told["need"]["parameters"]
    assert told["fits"] is True


def test_a_plan_for_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan"]) == 2
    assert "--preset" in capsys.readouterr().err


def test_of_a_project_without_a_model_the_new_one_is_planned_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "p", name="p")
    words = ["plan", str(project.folder), "--network", "size_px=32", "--batch-size", "2", "--device", "cpu"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["preset"] == "quick" and "has no model yet" in told["note"] and "preset quick" in told["note"]
    assert main(["plan", "--preset", "quick", *words[2:], "--json"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert (told["need"], same["note"]) == (same["need"], "")
    assert not Project.open(project.folder).manifest.models
    project.add_model("other", preset="quick")
    assert main([*words, "--model", "othr"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_a_recipe_that_is_not_there_is_refused_as_in_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = ["--preset", "quick", "--network", "size_px=32", "--batch-size", "1", "--device", "cpu"]
    assert main(["plan", *small, "--recipe", "nowhere.toml"]) == 2
    assert "no such recipe" in capsys.readouterr().err


def test_settings_of_a_network_count_where_a_training_would_take_them_and_are_refused_where_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "p", name="p")
    project.add_model("main", preset="quick", network={"size_px": 32, "width": 8, "code": 16})
    words = ["plan", str(project.folder), "--batch-size", "2", "--device", "cpu", "--json"]

    def weights(*said: str) -> int:
        assert main([*words, *said]) == 0
        return json.loads(capsys.readouterr().out)["need"]["weights"]

    assert weights("--network", "width=16") > weights()
    assert Project.open(project.folder).manifest.models["main"].network["width"] == 8
    project.model_folder("main").mkdir(parents=True)
    made = ModelAbout("quick", "quick", "full", 32, 0, {"size_px": 32, "width": 8, "code": 16})
    write_about(project.model_folder("main"), made)
    assert main([*words, "--network", "width=16"]) == 2
    assert "width" in capsys.readouterr().err
