"""A model goes back to a backup, and what it had learnt since lies in the project's trash."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from understudy.cli.main import main
from understudy.errors import CheckpointCorrupt, ModelInUse, ModelUnknown
from understudy.jobs.models.backups import list_backups, make, restore
from understudy.project.project import Project
from understudy.training.keeping.backups import back_up, backups
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint, save_checkpoint
from understudy.training.keeping.lock import model_lock


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Its model `main` is at iteration 20 and has a backup of iteration 10."""
    made = Project.create(tmp_path / "p", name="p")
    made.add_model("main", preset="quick")
    for iteration in (10, 20):
        weights = {"w": torch.full((4,), float(iteration))}
        save_checkpoint(made.model_folder("main"), Checkpoint(iteration, weights, weights, state={"loss": 0.5}))
    back_up(made.model_folder("main"), 10, kept=3)
    return made


def test_a_model_goes_back_to_a_backup(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(project.folder)
    assert main(["model", "backups", folder, "main"]) == 0
    assert "iteration 10, loss 0.5000" in capsys.readouterr().out
    assert main(["model", "restore-backup", folder, "main", "10"]) == 0
    assert "1 checkpoint went to the trash" in capsys.readouterr().out
    (newest,) = newest_checkpoint(project.model_folder("main"))
    assert isinstance(newest, Checkpoint) and newest.iteration == 10
    assert len(list(project.trash.folder.glob("*000000020"))) == 1


def test_as_many_backups_stay_as_the_model_keeps(project: Project) -> None:
    with project.change() as manifest:
        manifest.models["main"].train = {"backups_kept": 1}
    make(project, "main")
    assert [one.iteration for one in backups(project.model_folder("main"))] == [20]


def test_what_is_not_there_or_in_use_is_refused(project: Project) -> None:
    with pytest.raises(CheckpointCorrupt, match="there are: 10"):
        restore(project, "main", 20)
    with pytest.raises(ModelUnknown, match="main"):
        list_backups(project, "other")
    with model_lock(project.model_folder("main")), pytest.raises(ModelInUse):
        restore(project, "main", 10)


def test_a_backup_beside_a_training_is_refused_with_the_command_that_makes_one_there(project: Project) -> None:
    """It said to stop the training."""
    with model_lock(project.model_folder("main")), pytest.raises(ModelInUse) as refused:
        make(project, "main")
    command = f"understudy train {project.folder} --model main --ask backup"
    assert command in refused.value.message and "Stop that" not in refused.value.message
