"""new, add, status and clean as a person types them."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.files import write_bytes
from understudy.project.project import Project
from understudy.project.state import project_state
from understudy.project.state_values import OutputState
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.status import write_status


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_wall(tmp_path / "src 影.mp4")
    folder = tmp_path / "shot"
    assert main(["new", str(folder), "--src", str(tmp_path / "src 影.mp4"), "--consent", "fictional"]) == 0
    return folder


def test_several_clips_go_after_one_flag(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_wall(tmp_path / name)
    assert main(["add", str(project), "--dst", str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")]) == 0
    said = capsys.readouterr().out
    assert "added dst clip a" in said and "added dst clip b" in said


def test_a_clip_that_is_there_already_is_not_said_to_be_added(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    new = str(write_wall(tmp_path / "new.mp4"))
    assert main(["add", str(project), "--src", str(tmp_path / "src 影.mp4"), new]) == 0
    told = capsys.readouterr().out
    assert told == "src clip src 影 is in the project already\nadded src clip new\n"


def test_a_file_for_both_sides_is_added_with_a_warning(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", str(project), "--dst", str(write_wall(tmp_path / "dst.mp4"))]) == 0
    assert "warning" not in capsys.readouterr().out
    assert main(["add", str(project), "--dst", str(tmp_path / "src 影.mp4")]) == 0
    said = capsys.readouterr().out
    assert "added dst clip src 影-2" in said and "is on both sides" in said
    assert f"`understudy remove {shlex.quote(str(project))} 'src 影-2'`" in said
    both = str(tmp_path / "src 影.mp4")
    assert main(["new", str(tmp_path / "other"), "--src", both, "--dst", both]) == 0
    assert "is on both sides" in capsys.readouterr().out


def test_a_project_that_is_there_is_not_made_over(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (project / "understudy.toml").read_bytes()
    assert main(["new", str(project)]) == 2
    assert (project / "understudy.toml").read_bytes() == before


def test_adding_nothing_asks_for_clips(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", str(project)]) == 2
    assert "--src or --dst" in capsys.readouterr().err


def test_status_as_json_is_complete(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["status", str(project), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["next_stage"] == "add" and told["clips"][0]["role"] == "src"


def test_finished_files_of_one_name_are_told_apart_by_where_they_lie(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [tmp_path / "monday" / "shot.mp4", tmp_path / "friday" / "shot.mp4"]
    outputs = tuple(OutputState(path=place, size_bytes=1, changed=None) for place in places)
    state = replace(project_state(Project.open(project)), outputs=outputs)
    monkeypatch.setattr("understudy.jobs.merging.standing.state_now", lambda _: state)
    assert main(["status", str(project)]) == 0
    said = capsys.readouterr().out
    assert all(f"  {place}\n" in said for place in places)


def test_the_next_step_names_the_model_that_has_to_be_said(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for model, clips, words in (
        ("close up", (), "next: merge --model 'close up', not merged yet"),
        ("close", ("shot 2", "b"), "next: merge 'shot 2' b --model close, not"),
        ("", (), "next: merge, not"),
    ):
        state = replace(project_state(Project.open(project)), next_stage="merge", next_model=model)
        told = replace(state, next_clips=clips, next_why="not merged yet")
        monkeypatch.setattr("understudy.jobs.merging.standing.state_now", lambda _, told=told: told)
        assert main(["status", str(project)]) == 0
        assert words in capsys.readouterr().out


def test_the_training_on_is_said_with_the_model_that_has_to_be_said(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = replace(
        project_state(Project.open(project)), next_stage=None, next_model="close", next_why="all done"
    )
    told = replace(state, train_on="its loss falls")
    monkeypatch.setattr("understudy.jobs.merging.standing.state_now", lambda _: told)
    assert main(["status", str(project)]) == 0
    assert "next: train --model close, all done, but its loss falls" in capsys.readouterr().out


def test_status_names_the_training_that_runs_in_another_window(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Project.open(project)
    opened.add_model("main", preset="quick")
    with model_lock(opened.model_folder("main")):
        write_status(opened.model_folder("main"), {"iteration": 41})
        assert main(["status", str(project)]) == 0
    assert "in use at iteration 41: process " in capsys.readouterr().out
    assert main(["status", str(project)]) == 0
    assert "in use" not in capsys.readouterr().out


def test_cleaning_moves_to_the_trash_only_without_dry_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = project / "facesets" / "src" / "main" / "face.jpg"
    write_bytes(face, b"a face")
    write_bytes(face.with_name("extracted.jsonl"), b"")
    assert main(["clean", str(project), "extract", "--dry-run"]) == 0
    assert face.exists() and "back" not in capsys.readouterr().out
    assert main(["clean", str(project), "extract"]) == 0
    assert not face.exists()
    said, back = capsys.readouterr().out.splitlines()
    lies = project / "trash" / said.rpartition(", as ")[2]
    assert lies.is_dir()
    assert [path.read_bytes() for path in (project / "trash").rglob("face.jpg")] == [b"a face"]
    assert back.startswith("`understudy ") and back.endswith("` brings it back")
    command = shlex.split(back.split("`")[1])[1:]
    assert main([*command, "--dry-run"]) == 0 and not face.exists()
    assert f"would move back: {face.parent}" in capsys.readouterr().out
    assert main(command) == 0
    assert face.read_bytes() == b"a face"
    assert main(command) == 2
    assert "all that its last `clean` moved is back" in capsys.readouterr().err
    assert main(["clean", str(project), "extract"]) == 0
    write_bytes(face, b"a newer face")
    capsys.readouterr()
    assert main(command) == 0 and face.read_bytes() == b"a face"
    told, again = capsys.readouterr().out.splitlines()
    assert (project / "trash" / told.rpartition(", as ")[2] / "face.jpg").read_bytes() == b"a newer face"
    assert main(shlex.split(again.split("`")[1])[1:]) == 0 and face.read_bytes() == b"a newer face"


def test_a_clip_that_was_moved_is_told_its_new_place(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "src 影.mp4").rename(tmp_path / "moved.mp4")
    assert main(["status", str(project)]) == 0
    assert "understudy relink" in capsys.readouterr().out
    asked = ["relink", str(project), "src 影", str(tmp_path / "moved.mp4")]
    assert main([*asked, "--dry-run"]) == 0
    assert "would lie" in capsys.readouterr().out
    assert not Project.open(project).clip_path("src 影").exists()
    assert main(asked) == 0
    assert Project.open(project).clip_path("src 影") == tmp_path / "moved.mp4"
    assert main(["status", str(project)]) == 0
    assert "relink" not in capsys.readouterr().out.partition("next:")[0]


def test_a_clip_is_taken_out_and_a_project_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project.create(tmp_path / "shot")
    (tmp_path / "dst.mp4").touch()
    project.add_clip(tmp_path / "dst.mp4", "dst")
    assert main(["duplicate", str(project.folder), str(tmp_path / "copy")]) == 0
    assert main(["remove", str(project.folder), "dst"]) == 0
    assert "stays where it is" in capsys.readouterr().out
    assert list(Project.open(tmp_path / "copy").manifest.clips) == ["dst"]
    assert not Project.open(project.folder).manifest.clips
    assert main(["remove", str(project.folder), "dst"]) == 2
