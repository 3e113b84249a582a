"""`understudy faceset import` and `export` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.facesets.exchange import foreign_files as made
from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> str:
    project = Project.create(tmp_path / "shot")
    add_clips(project, src=[write_wall(tmp_path / "src.mp4")])
    return str(tmp_path / "shot")


def test_faces_come_in_and_go_out(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "00012_0.jpg").write_bytes(made.dfl_jpeg())
    assert main(["faceset", "import", folder, "src", str(tmp_path / "00012_0.jpg")]) == 0
    assert "faces 1" in capsys.readouterr().out
    goal = tmp_path / "faceset.pak"
    assert main(["faceset", "export", folder, "src", str(goal), "--format", "dfl-pak", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["summary"]["faces"] == 1
    assert goal.read_bytes()[:8] == b"\x01" + bytes(7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "src"], "Name what to import"),
        (["import", "src", "nowhere.pak"], "no such file"),
        (["import", "src", "x.jpg", "--format", "zip"], "zip"),
        (["export", "src", "out", "--format", "dfl"], "no faces"),
        (["export", "src", "out"], "--format"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(
    arguments: list[str], said: str, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, name, *rest = arguments
    assert main(["faceset", verb, folder, name, *rest]) == 2
    assert said in capsys.readouterr().err
