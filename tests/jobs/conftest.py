"""A project with two small clips of a wall."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.jobs.clips import add_clips
from understudy.jobs.models import require_model
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter
from understudy.project.project import Project


def write_wall(path: Path, *, frames: int = 3) -> Path:
    """A clip without anybody in it."""
    rate = Fraction(25)
    with MovieWriter(
        path, width=64, height=48, time_base=1 / rate, rate=rate, color=ColorTags(), preset="ultrafast"
    ) as movie:
        for index in range(frames):
            movie.write(np.full((48, 64, 3), 90, np.uint8), index)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_wall(tmp_path / "src.mp4")
    write_wall(tmp_path / "dst.mov")
    made = Project.create(tmp_path / "Mein Prøjekt 影")
    add_clips(made, src=[tmp_path / "src.mp4"], dst=[tmp_path / "dst.mov"], consent="fictional")
    require_model(made, "main", preset=None)
    return made
