"""Against what a result is measured, and where faces come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.errors import NoFaceFound, OptionInvalid
from understudy.jobs.clips import add_clips
from understudy.jobs.measure import measure
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
