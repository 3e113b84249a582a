"""Commands that are none of a project's runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.jobs.runs.elsewhere import under_way_elsewhere
from understudy.jobs.runs.run import Run
from understudy.project.manifest import ModelEntry
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock


def test_a_training_that_is_no_run_is_told_with_who_does_it_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.create(tmp_path / "project")
    with project.change() as manifest:
        manifest.models["main"] = ModelEntry(preset="quick", face_type="full")
    monkeypatch.setattr(sys, "argv", ["understudy", "train", "."])
    mine = Run(id="a", title="", words=("train",), state="running", created=0.0, process=os.getpid())
    with model_lock(project.model_folder("main")):
        (told,) = under_way_elsewhere(project, [])
        assert told.startswith(f"Model main is being trained by process {os.getpid()} on ")
        assert under_way_elsewhere(project, [mine]) == []
    assert under_way_elsewhere(project, []) == []


def test_a_run_that_trains_in_processes_of_its_own_is_no_terminal(tmp_path: Path) -> None:
    """With `--processes 2` a child of the run's process holds the model."""
    project = Project.create(tmp_path / "project")
    with project.change() as manifest:
        manifest.models["main"] = ModelEntry(preset="quick", face_type="full")
    leader = (
        "import sys; from pathlib import Path; from understudy.training.keeping.lock import model_lock\n"
        "folder, sys.argv = Path(sys.argv[1]), ['understudy', 'train', '.']\n"
        "with model_lock(folder):\n    print('holds', flush=True); sys.stdin.read()"
    )
    mine = Run(id="a", title="", words=("train",), state="running", created=0.0, process=os.getpid())
    command = [sys.executable, "-c", leader, project.model_folder("main")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as child:
        assert child.stdout is not None and child.stdout.readline() == b"holds\n"
        assert len(under_way_elsewhere(project, [])) == 1
        assert under_way_elsewhere(project, [mine]) == []
        child.communicate()


def test_what_holds_a_model_for_a_moment_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.create(tmp_path / "project")
    with project.change() as manifest:
        manifest.models["main"] = ModelEntry(preset="quick", face_type="full")
    monkeypatch.setattr(sys, "argv", ["understudy", "model", "rename", "."])
    with model_lock(project.model_folder("main")):
        assert under_way_elsewhere(project, []) == []
