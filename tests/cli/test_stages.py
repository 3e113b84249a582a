"""What the stages' own flags do beside the stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.cli.stages import train
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
