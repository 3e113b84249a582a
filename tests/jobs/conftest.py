"""A project with clips that nobody looks into."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.jobs.clips import add_clips
from understudy.jobs.stages import require_model
from understudy.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for name in ("src.mp4", "dst.mov"):
        (tmp_path / name).write_bytes(b"not looked at")
    made = Project.create(tmp_path / "Mein Prøjekt 影")
    add_clips(made, src=[tmp_path / "src.mp4"], dst=[tmp_path / "dst.mov"], consent="fictional")
    require_model(made, "main", preset=None)
    return made
