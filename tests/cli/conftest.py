"""A project folder as a command gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facesets.conftest import make_record, noise
from tests.jobs.conftest import write_wall
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A project with four faces in src/main."""
    project = Project.create(tmp_path / "shot")
    add_clips(project, src=[write_wall(tmp_path / "src.mp4")])
    with project.faceset("src") as faceset:
        for frame in range(4):
            record = make_record(clip="src", frame=frame, size_px=32)
            faceset.add(noise(32, seed=frame), record.model_copy(update={"yaw_deg": frame * 10.0}))
    return str(tmp_path / "shot")
