"""`understudy settings` at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.merging.inputs import keep_keys, keep_said
from understudy.merging.frame_ranges import parse_frames
from understudy.project.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = Project.create(tmp_path / "shot")
    add_clips(project, src=[], dst=[write_wall(tmp_path / "dst.mov")], consent="fictional")
    keep_said(project, "dst", {"erode": 0.05}, frames=None)
    keep_keys(project, "dst", {"blur": 0.2}, frames=parse_frames("1"), ease="linear")
    return project.folder


def test_it_lists_takes_out_and_takes_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", str(folder), "dst"]) == 0
    listed = capsys.readouterr().out
    assert listed.splitlines() == [
        "clip (frames all): erode = 0.05",
        "key 1 (frames 1, linear to the next key): blur = 0.2",
    ]
    assert main(["settings", str(folder), "dst", "--remove", "clip", "--remove", "key 1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parts"] == []
    assert main(["settings", str(folder), "dst", "--undo"]) == 0
    assert capsys.readouterr().out.endswith(listed)


def test_mistakes_end_in_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", str(folder), "dst", "--remove", "range 4"]) == 2
    assert "range 4" in capsys.readouterr().err
    assert main(["settings", str(folder), "dst", "--remove", "clip", "--undo"]) == 2
    assert "not several" in capsys.readouterr().err


def test_a_key_is_moved_and_what_was_taken_back_is_made_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", str(folder), "dst", "--move-key", "1", "2", "--ease", "hold"]) == 0
    assert "key 2 (frames 2, hold to the next key): blur = 0.2" in capsys.readouterr().out
    assert main(["settings", str(folder), "dst", "--undo"]) == 0
    assert "key 1 (frames 1, linear" in capsys.readouterr().out
    assert main(["settings", str(folder), "dst", "--redo"]) == 0
    assert "key 2 (frames 2, hold" in capsys.readouterr().out
    assert main(["settings", str(folder), "dst", "--ease", "hold"]) == 2


def test_a_frame_s_settings_are_listed_with_who_says_them_and_copied(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_said(Project.open(folder), "dst", {"erode": 0.1}, frames=parse_frames("1"))
    assert main(["settings", str(folder), "dst", "--at", "1"]) == 0
    assert {"erode = 0.1 (range 1)", "blur = 0.2 (key 1)"} <= set(capsys.readouterr().out.splitlines())
    assert main(["settings", str(folder), "dst", "--copy", "1", "--to", "2:"]) == 0
    capsys.readouterr()
    assert main(["settings", str(folder), "dst", "--at", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["options"]["erode"] == {
        "value": 0.1,
        "said": "range 2",
        "overridden": ["clip"],
    }
    assert main(["settings", str(folder), "dst", "--copy", "1"]) == 2
