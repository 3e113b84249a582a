"""`understudy tracks` prints a table for people and JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from understudy.cli.tracks import tracks
from understudy.errors import OptionInvalid
from understudy.files import write_json
from understudy.project.project import Project

TRACK = {
    "track": 1,
    "person": 2,
    "first_frame": 0,
    "last_frame": 119,
    "faces": 118,
    "found": 110,
    "filled": 8,
    "side_px": 123.4,
    "fate": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = Project.create(tmp_path / "p")
    clip = tmp_path / "shot.mp4"
    clip.touch()
    project.add_clip(clip, "dst")
    told = {"edits": ["drop:12"], "tracks": [TRACK, TRACK | {"track": 12, "fate": "dropped"}]}
    write_json(project.people_folder / "shot" / "tracks.json", told)
    with project.change() as manifest:
        manifest.clips["shot"].tracks = ["drop:12"]
    return project.folder


def test_the_table_has_a_line_for_every_track(folder, capsys):
    tracks(folder, "shot")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["track", "person", "frames", "faces", "found", "filled", "size"]
    assert lines[1].split() == ["1", "2", "0-119", "118", "110", "8", "123", "px"]
    assert lines[2].split()[-1] == "dropped"
    assert lines[3] == "edits: drop:12"
    assert lines[-1].startswith("pictures: ")


def test_programs_get_json(folder, capsys):
    tracks(folder, "shot", json=True)
    told = json.loads(capsys.readouterr().out)
    assert [track["track"] for track in told["tracks"]] == [1, 12]
    assert told["changed"] is False


def test_a_track_is_named_from_the_command_line(folder, capsys):
    tracks(folder, "shot", name=("1=Anna", "12=nobody", "12="))
    assert "Anna" in capsys.readouterr().out
    assert Project.open(folder).manifest.clips["shot"].track_names == {"1": "Anna"}
    with pytest.raises(OptionInvalid, match="names no track"):
        tracks(folder, "shot", name=("Anna",))
