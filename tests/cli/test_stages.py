"""What the stages' own flags do beside the stages."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.cli.stages import train
from understudy.errors import ModelUnknown, Stopped, UnderstudyError
from understudy.events import Events, Notice, Progress, StageStarted
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.models.making import require_model
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.requests import Request, take_requests
from understudy.training.options import TrainOptions


def test_train_change_asks_the_training_that_runs_and_reset_takes_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "p")
    project.add_model("main", preset="quick")
    folder = project.model_folder("main")
    with model_lock(folder):
        train(project.folder, change=True, options=TrainOptions(batch_size=3))
        assert take_requests(folder) == [Request("change", {"batch_size": 3})]
        assert "take over batch_size" in capsys.readouterr().out
        train(project.folder, reset=("batch-size",))
        (back,) = take_requests(folder)
    assert back.details["batch_size"] != 3
    assert Project.open(project.folder).manifest.models["main"].train == {}


@pytest.mark.parametrize(("search", "says"), [(True, "begins anew"), (False, "is kept")])
def test_a_search_for_a_rate_that_is_stopped_says_that_it_begins_anew_to_programs_too(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    search: bool,
    says: str,
) -> None:
    """The event said that what was finished is kept."""

    def stopped(*_: object, **__: object) -> Events:
        yield StageStarted(stage="train", unit="iterations")
        os.kill(os.getpid(), signal.SIGINT)
        yield Progress(stage="train", done=1)

    project = Project.create(tmp_path / "p")
    project.add_model("main", preset="quick")
    for stage in ("understudy.jobs.models.steering.find_rate", "understudy.jobs.stages.train"):
        monkeypatch.setattr(stage, stopped)
    with pytest.raises(Stopped, match=says):
        train(project.folder, find_rate=search, json=True)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["event"] == "Stopped" and says in last["text"]


@pytest.mark.parametrize(
    "refused", [{"finish": True}, {"ask": "save"}, {"src_faceset": ("src/mian",)}, {"device": "no:such"}, {}]
)
def test_a_training_that_is_refused_says_of_no_model_that_it_is_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: dict[str, Any]
) -> None:
    project = Project.create(tmp_path / "p")
    with pytest.raises(UnderstudyError):
        train(project.folder, **refused)
    assert "is new" not in capsys.readouterr().err
    assert not Project.open(project.folder).manifest.models


def test_a_new_model_is_named_once_as_soon_as_it_has_a_folder_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "p")

    def training(*_: object, **__: object) -> Events:
        yield Notice("clips are hashed")
        project.model_folder("main").mkdir(parents=True)
        yield Notice("it trains")
        yield Notice("it trains on")

    monkeypatch.setattr("understudy.jobs.stages.train", training)
    train(project.folder)
    told = ["clips are hashed", "model main is new: preset quick", "it trains", "it trains on"]
    assert capsys.readouterr().out.splitlines()[:4] == [f"note: {line}" for line in told]


def test_a_training_without_a_name_makes_no_second_model_beside_one_that_was_renamed(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    project.add_model("close up", preset="quick")
    with pytest.raises(ModelUnknown, match="it has close up") as refused:
        train(project.folder)
    assert "--model 'close up' to go on training that one" in refused.value.message
    assert list(Project.open(project.folder).manifest.models) == ["close up"]


def test_what_is_asked_of_a_training_and_foretold_of_an_encode_is_json_where_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both were plain lines, which no reader of JSON takes."""
    project = Project.create(tmp_path / "p")
    add_clips(project, src=[write_wall(tmp_path / "a.mp4")], dst=[write_wall(tmp_path / "b.mp4")])
    require_model(project, "main", preset=None)
    with model_lock(project.model_folder("main")):
        assert main(["train", str(project.folder), "--ask", "save", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "Notice"
    assert main(["encode", str(project.folder), "--dry-run", "--json"]) == 2
    foretold = json.loads(capsys.readouterr().out)
    assert foretold["clip"] == "b" and "not merged" in " ".join(foretold["blocks"])
