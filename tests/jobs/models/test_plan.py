"""A plan says what a training needs before it starts, and how long an iteration took before."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ModelUnknown, RecipeInvalid
from understudy.jobs.models import plan
from understudy.jobs.models.plan import plan_preset, plan_training
from understudy.project.project import Project


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "peak_flops", lambda _: 1e12)
    monkeypatch.setattr(plan, "free_memory_bytes", lambda _: 3_000_000_000)


def test_a_preset_is_planned_for_without_a_project() -> None:
    outlook = plan_preset("h64", network={}, said={"batch_size": 4}, device="cpu")
    assert round(outlook.need.parameters / 1e6, 2) == 112.75
    assert outlook.seconds_each == outlook.need.flops / 0.5e12 and "arithmetic" in outlook.seconds_from
    assert outlook.fits
    assert not plan_preset("h64", network={}, said={"batch_size": 512}, device="cpu").fits


def test_what_was_said_counts() -> None:
    small = plan_preset("quick", network={"size_px": 32, "width": 8}, said={}, device="cpu")
    assert small.need.parameters < plan_preset("quick", network={}, said={}, device="cpu").need.parameters
    away = plan_preset("quick", network={}, said={"offload": True}, device="cpu")
    assert away.need.host_bytes > 0


def test_a_recipe_that_is_not_there_is_refused_before_its_figures(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match="no such recipe"):
        plan_preset("h64", network={}, said={"recipe": str(tmp_path / "mine.toml")}, device="cpu")


def test_without_a_batch_size_the_largest_that_fits_is_planned_with() -> None:
    outlook = plan_preset("h64", network={}, said={"batch_size": 0}, device="cpu")
    assert outlook.batch_size > 1 and outlook.fits


def test_a_models_own_training_tells_its_time(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", name="p")
    project.add_model("main", preset="quick")
    folder = project.model_folder("main")
    folder.mkdir(parents=True)
    lines = [(20, 10.0), (40, 20.0), (60, 3.0), (80, 8.0)]  # the third began a new plan
    (folder / "metrics.jsonl").write_text("".join(f'{{"iteration": {i}, "seconds": {s}}}\n' for i, s in lines))
    outlook = plan_training(project, "main", said={}, device="cpu")
    assert outlook.seconds_each == 15.0 / 40 and "own training" in outlook.seconds_from
    with pytest.raises(ModelUnknown):
        plan_preset("none", network={}, said={}, device="cpu")
