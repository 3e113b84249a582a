"""A training is asked to finish wherever it runs, and a rate that was found is kept only when that is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from understudy.errors import ModelUnknown, OptionInvalid
from understudy.events import Events, Notice, StageFinished
from understudy.jobs import stages
from understudy.jobs.models import steering
from understudy.jobs.settings import train_options
from understudy.project.project import Project
from understudy.training.keeping.lock import holder_of, model_lock
from understudy.training.keeping.requests import Request, take_requests
from understudy.training.steering.options import RateSearchOptions


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "p")
    made.add_model("main", preset="quick")
    return made


@pytest.fixture(autouse=True)
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What training was started with, instead of training."""
    started: list[dict[str, Any]] = []

    def train(project: Project, model: str, **how: Any) -> Events:
        started.append(how)
        yield StageFinished(stage="find rate", summary={"learning_rate": 0.0004})

    monkeypatch.setattr(stages, "train", train)
    return started


def test_a_training_in_another_process_is_asked_with_what_was_said(
    project: Project, trainings: list[dict[str, Any]]
) -> None:
    folder = project.model_folder("main")
    with model_lock(folder):
        (notice,) = steering.finish(project, "main", said={"finish_iterations": 30}, device="cpu")
        assert isinstance(notice, Notice) and "to finish" in notice.text
        list(steering.finish(project, "main", said={"finish_share": 0.2, "seed": 3}, device="cpu"))
    assert take_requests(folder) == [Request("finish", {"share": 0.2})] and not trainings


def test_where_no_training_runs_it_finishes_here(project: Project, trainings: list[dict[str, Any]]) -> None:
    folder = project.model_folder("main")
    (folder / "checkpoints" / "000000010").mkdir(parents=True)
    list(steering.finish(project, "main", said={}, device="cpu"))
    assert take_requests(folder) == [] and [how["finish"] for how in trainings] == [{}]


def test_of_several_processes_those_that_follow_do_not_take_their_leader_for_another_training(
    project: Project, trainings: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.model_folder("main")
    (folder / "checkpoints" / "000000010").mkdir(parents=True)
    monkeypatch.setattr("understudy.training.machine.launch.is_follower", lambda: True)
    with model_lock(folder):
        list(steering.finish(project, "main", said={}, device="cpu"))
    assert take_requests(folder) == [] and len(trainings) == 1


def test_a_training_that_fails_to_start_leaves_nothing_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.model_folder("main")
    (folder / "checkpoints" / "000000010").mkdir(parents=True)

    def refused(*_: object, **__: object) -> Events:
        raise OptionInvalid("There is no such device.")

    monkeypatch.setattr(stages, "train", refused)
    with pytest.raises(OptionInvalid, match="no such device"):
        list(steering.finish(project, "main", said={"finish_share": 0.3}, device="no:such"))
    assert take_requests(folder) == []


def test_what_came_too_late_for_a_training_is_asked_of_none_that_comes(
    project: Project, trainings: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.model_folder("main")
    (folder / "checkpoints" / "000000010").mkdir(parents=True)
    with model_lock(folder):
        ended = [holder_of(folder)]
    monkeypatch.setattr(steering, "holder_of", lambda _: ended.pop() if ended else None)
    list(steering.finish(project, "main", said={"finish_share": 0.3}, device="cpu"))
    assert take_requests(folder) == [] and [how["finish"] for how in trainings] == [{"share": 0.3}]
    with model_lock(folder):
        ended.append(holder_of(folder))
    with pytest.raises(OptionInvalid, match="Nobody trains"):
        steering.wish(project, "main", "finish")
    assert take_requests(folder) == []


@pytest.mark.parametrize("said", [{}, {"recipe": "patient"}])
def test_it_finishes_in_the_recipe_it_followed_unless_another_is_said(
    project: Project, trainings: list[dict[str, Any]], said: dict[str, Any]
) -> None:
    (project.model_folder("main") / "checkpoints" / "000000010").mkdir(parents=True)
    list(steering.finish(project, "main", said=said, device="cpu"))
    assert trainings[0]["keep_recipe"] is not bool(said)


def test_a_model_that_has_learnt_nothing_has_nothing_to_finish(project: Project) -> None:
    with pytest.raises(ModelUnknown, match="learnt nothing"):
        list(steering.finish(project, "main", said={}, device="cpu"))
    assert take_requests(project.model_folder("main")) == []


@pytest.mark.parametrize("keep", [False, True])
def test_a_rate_that_was_found_is_kept_only_when_that_is_asked(project: Project, keep: bool) -> None:
    before = train_options(project, "main", {}).learning_rate
    list(steering.find_rate(project, "main", said={}, search=RateSearchOptions(), keep=keep, device="cpu"))
    assert train_options(Project.open(project.folder), "main", {}).learning_rate == (0.0004 if keep else before)


def test_a_recipe_that_the_project_names_lies_in_the_project(project: Project) -> None:
    with project.change() as manifest:
        manifest.train["recipe"] = "mine.toml"
    assert train_options(project, "main", {}).recipe == str(project.folder / "mine.toml")
    assert train_options(project, "main", {"recipe": "here.toml"}).recipe == "here.toml"
    with project.change() as manifest:
        manifest.models["main"].train["recipe"] = "patient"
    assert train_options(project, "main", {}).recipe == "patient"


def test_a_change_is_kept_and_what_is_live_is_asked_of_the_training_that_runs(project: Project) -> None:
    folder = project.model_folder("main")
    with model_lock(folder):
        changed = steering.change(project, "main", {"learning_rate": 0.0007, "preview_every": 40})
    assert (changed.asked, changed.later) == (("learning_rate",), ("preview_every",))
    assert take_requests(folder) == [Request("change", {"learning_rate": 0.0007})]
    now = train_options(Project.open(project.folder), "main", {})
    assert (now.learning_rate, now.preview_every) == (0.0007, 40)


def test_a_change_taken_back_asks_for_what_the_project_says(project: Project) -> None:
    with project.change() as manifest:
        manifest.train["batch_size"] = 3
        manifest.models["main"].train["batch_size"] = 9
    with model_lock(project.model_folder("main")):
        steering.change(project, "main", {"batch_size": None})
    assert take_requests(project.model_folder("main")) == [Request("change", {"batch_size": 3})]
    assert Project.open(project.folder).manifest.models["main"].train == {}


def test_where_nothing_trains_a_change_counts_from_the_next_start(project: Project) -> None:
    changed = steering.change(project, "main", {"learning_rate": 0.0007})
    assert (changed.asked, changed.later) == ((), ("learning_rate",)) and "next start" in changed.words
    assert take_requests(project.model_folder("main")) == []


@pytest.mark.parametrize("values", [{"learning_rate": 3}, {"nose": 1}, {"seed": 4}])
def test_a_change_that_can_not_be_changes_nothing(project: Project, values: dict[str, Any]) -> None:
    folder = project.model_folder("main")
    folder.mkdir(parents=True)
    (folder / "model.toml").touch()
    with model_lock(folder), pytest.raises(OptionInvalid):
        steering.change(project, "main", {"batch_size": 2, **values})
    assert take_requests(folder) == [] and project.manifest.models["main"].train == {}
