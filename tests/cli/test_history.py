"""`understudy history` writes the sheet into the model's folder, and says in words what is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.cli.main import main
from understudy.project.project import Project
from understudy.training.viewing.sheets import Layout, Preview, write_preview


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "film")
    made.add_model("main", preset="quick")
    return made


def test_one_face_through_the_iterations_becomes_a_picture(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = project.model_folder("main")
    layout = Layout(["a"], ["dst as src"], 16, [0], [0])
    for iteration in (5, 10):
        write_preview(folder, iteration, Preview(np.zeros((16, 16, 3), np.uint8), layout))
    assert main(["history", str(project.folder), "--movie"]) == 0
    assert (folder / "history.png").exists() and (folder / "history.mp4").exists()
    assert "history.png" in capsys.readouterr().out


def test_a_model_without_previews_and_a_face_that_was_never_shown_are_named(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", str(project.folder)]) == 2
    assert "no previews yet" in capsys.readouterr().err
    assert main(["history", str(project.folder), "--model", "other"]) == 2
    assert "other" in capsys.readouterr().err
