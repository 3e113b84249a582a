"""`understudy preset` at the terminal, and presets where they are used."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.cli.main import main
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.merging.inputs import keep_said
from understudy.project.project import Project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    project = Project.create(tmp_path / "shot")
    add_clips(project, src=[], dst=[write_wall(tmp_path / "dst.mov")], consent="fictional")
    keep_said(project, "dst", {"erode": 0.05}, frames=None)
    return project.folder


def test_one_is_kept_for_all_projects_and_one_for_a_project(folder: Path, capsys) -> None:
    assert main(["preset", "save", "encode", "festival", "codec=hevc", "crf=18", "--says", "For Cannes."]) == 0
    look = ["preset", "save", "merge", "soft", "blur=0.3", "--project", str(folder)]
    assert main([*look, "--clip", "dst", "--frame", "1"]) == 0
    capsys.readouterr()
    assert main(["preset", "list", "--project", str(folder), "--json"]) == 0
    found = {(one["stage"], one["name"]): one for one in json.loads(capsys.readouterr().out)}
    assert found["encode", "festival"]["options"] == {"codec": "hevc", "crf": 18}
    soft = found["merge", "soft"]["options"]
    assert (soft["erode"], soft["blur"]) == (0.05, 0.3) and "plate" not in soft and "batch" not in soft
    assert main(["preset", "list", "merge"]) == 0
    assert capsys.readouterr().out.startswith("There are no presets yet")
    assert main(["preset", "list"]) == 0
    assert "encode festival (yours): For Cannes.\n  codec=hevc, crf=18" in capsys.readouterr().out
    assert main(["preset", "remove", "merge", "soft", "--project", str(folder)]) == 0
    assert "soft" not in (folder / "understudy.toml").read_text(encoding="utf-8")


def test_of_all_settings_of_a_clip_those_that_are_not_as_by_default_are_told(folder: Path, capsys) -> None:
    """All forty were."""
    words = ["merge", "soft", "--project", str(folder)]
    assert main(["preset", "save", *words[:2], "blur=0.3", "light=encoded", *words[2:], "--clip", "dst"]) == 0
    count = len(Project.open(folder).manifest.presets.merge["soft"].options)
    own = f"erode=0.05, blur=0.3, {count - 2} options as by default."
    assert capsys.readouterr().out == f"Kept the merge preset soft in the project: {own}\n"
    assert main(["preset", "remove", *words]) == 0
    assert capsys.readouterr().out.startswith(f"Took out the merge preset soft: {own} It lies in the trash.\n")
    assert main(["preset", "save", *words[:2], "light=encoded", *words[2:]]) == 0
    assert capsys.readouterr().out == "Kept the merge preset soft in the project: 1 option as by default.\n"


def test_the_command_said_at_its_removal_brings_a_preset_back_as_it_was(folder: Path, capsys) -> None:
    options = ["codec=hevc", "crf=18", "label=For Cannes", "window=false"]
    assert main(["preset", "save", "encode", "festival", *options, "--says", "It's for Cannes."]) == 0
    assert main(["preset", "save", "merge", "soft", "blur=0.3", "--project", str(folder)]) == 0
    capsys.readouterr()
    assert main(["preset", "list", "--project", str(folder), "--json"]) == 0
    before = capsys.readouterr().out
    for words in (["encode", "festival"], ["merge", "soft", "--project", str(folder)]):
        assert main(["preset", "remove", *words]) == 0
        *_, told = capsys.readouterr().out.splitlines()
        assert told.startswith("`understudy preset save ") and told.endswith("` brings it back")
        assert main(shlex.split(told[1 : told.index("` brings")])[1:]) == 0
    capsys.readouterr()
    assert main(["preset", "list", "--project", str(folder), "--json"]) == 0
    assert capsys.readouterr().out == before


def test_merge_takes_a_preset_and_what_is_said_beside_it_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["preset", "save", "merge", "soft", "blur=0.3", "erode=0.1", "--project", str(folder)]) == 0
    told = {}
    monkeypatch.setattr("understudy.jobs.stages.merge", lambda *_, said, **__: told.update(said) or iter(()))
    assert main(["merge", str(folder), "--preset", "soft", "--erode", "0.2"]) == 0
    assert told == {"blur": 0.3, "erode": 0.2}


def test_mistakes_end_in_a_sentence(folder: Path, capsys) -> None:
    for words in (
        ["preset", "save", "encode", "web", "crf=1"],
        ["preset", "save", "merge", "x", "--clip", "dst"],
        ["preset", "save", "merge", "x", "--clip", "nowhere", "--project", str(folder)],
        ["preset", "remove", "encode", "nothing"],
        ["merge", str(folder), "--preset", "nothing"],
        ["encode", str(folder), "--purpose", "nothing"],
    ):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("understudy: ")


def test_a_clip_that_is_none_is_refused_with_the_nearest(folder: Path, capsys) -> None:
    assert main(["preset", "save", "merge", "x", "--clip", "dts", "--project", str(folder)]) == 2
    assert "no dst clip called 'dts'; it has dst. Did you mean \"dst\"?" in capsys.readouterr().err
