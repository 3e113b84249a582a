"""Against what a result is measured, and where faces come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.errors import NoFaceFound, OptionInvalid, ProjectInvalid
from understudy.jobs import stages
from understudy.jobs.clips import add_clips
from understudy.jobs.measure import measure, measured
from understudy.jobs.merging import keep_said
from understudy.project.project import Project


def test_it_must_be_said_against_what_and_only_one(tmp_path: Path) -> None:
    clip = write_wall(tmp_path / "a.mp4")
    with pytest.raises(OptionInvalid, match="--plate, or --project"):
        list(measure(clip, device="cpu"))
    with pytest.raises(OptionInvalid):
        list(measure(clip, clip, plate=clip, device="cpu"))


def test_a_projects_clip_is_the_plate_and_its_faces_are_looked_at(project: Project, tmp_path: Path) -> None:
    result = write_wall(tmp_path / "result.mp4")
    with pytest.raises(NoFaceFound) as told:
        list(measure(result, project=project.folder, device="cpu"))
    assert told.value.path == project.clip_path("dst")
    with pytest.raises(OptionInvalid, match="it has dst"):
        list(measure(result, project=project.folder, clip="other", device="cpu"))
    add_clips(project, src=[], dst=[write_wall(tmp_path / "more.mp4")], consent="fictional")
    with pytest.raises(OptionInvalid, match="--clip"):
        list(measure(result, project=project.folder, device="cpu"))


def test_what_is_merged_is_measured_before_it_is_a_file_and_remembered(ready: Project) -> None:
    def measure_it() -> dict:
        return list(measure(None, project=ready.folder, merged="main", device="cpu"))[-1].summary

    assert measured(ready, "dst", "main") is None
    with pytest.raises(ProjectInvalid, match="Nothing of clip 'dst' is merged"):
        measure_it()
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    list(stages.merge(ready, "main", said={}, device="cpu"))
    summary = measure_it()
    assert summary["by_frame"]["frame"] == [1] and summary["all"]["faces"] == 1
    assert measured(ready, "dst", "main") == {
        **summary,
        "made": measured(ready, "dst", "main")["made"],
        "current": True,
    }
    keep_said(ready, "dst", {"blur": 0.3}, frames=None)
    list(stages.merge(ready, "main", said={}, device="cpu"))
    assert not measured(ready, "dst", "main")["current"]


def test_a_clip_and_what_is_merged_are_not_measured_together(ready: Project, tmp_path: Path) -> None:
    for result, project in ((tmp_path / "a.mp4", ready.folder), (None, None)):
        with pytest.raises(OptionInvalid, match="--merged"):
            list(measure(result, project=project, merged="main", device="cpu"))
    with pytest.raises(OptionInvalid, match="--merged"):
        list(measure(None, project=ready.folder, device="cpu"))
