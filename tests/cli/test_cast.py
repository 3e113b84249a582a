"""`understudy cast` at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record
from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.models.making import require_model
from understudy.project.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = Project.create(tmp_path / "shot")
    add_clips(project, src=[], dst=[write_wall(tmp_path / "dst.mov")], consent="fictional")
    require_model(project, "main", preset=None)
    with project.faceset("dst") as faceset:
        faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(clip="dst", frame=1))
    return project.folder


def test_it_sets_and_lists_who_is_painted_by_whom(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cast", str(folder), "dst", "person 1=main"]) == 0
    with Project.open(folder).change() as manifest:
        manifest.clips["dst"].cast["person 8"] = "main"
    capsys.readouterr()
    assert main(["cast", str(folder), "dst"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["track", "person", "frames", "faces", "model"]
    assert lines[1].split()[1:] == ["1", "1-1", "1", "main"]
    assert "person 8" in lines[2]
    assert main(["cast", str(folder), "dst", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cast"] == {"person 1": "main", "person 8": "main"}


def test_an_unknown_model_ends_in_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cast", str(folder), "dst", "person 1=bob"]) == 2
    assert "'bob'" in capsys.readouterr().err
