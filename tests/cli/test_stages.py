"""What the stages' own flags do beside the stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli import stages
from understudy.cli.stages import train
from understudy.errors import Stopped
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


@pytest.mark.parametrize(("search", "says"), [(True, "begins anew"), (False, "goes on")])
def test_a_search_for_a_rate_that_is_stopped_says_that_it_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, search: bool, says: str
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise Stopped("Stopped. It goes on.")

    project = Project.create(tmp_path / "p")
    project.add_model("main", preset="quick")
    monkeypatch.setattr(stages, "run", stopped)
    with pytest.raises(Stopped, match=says):
        train(project.folder, find_rate=search)
