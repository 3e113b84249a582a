"""A project with two small clips of a wall."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.merging.conftest import Painter, landmarks
from understudy import geometry
from understudy.facesets.record import FaceRecord
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.models.making import require_model
from understudy.media.clip import ColorTags
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.project.project import Project


def write_wall(path: Path, *, frames: int = 3, grey: int = 90) -> Path:
    """A clip without anybody in it."""
    rate = Fraction(25)
    with MovieWriter(
        path, width=64, height=48, time_base=1 / rate, rate=rate, color=ColorTags(), preset="ultrafast"
    ) as movie:
        for index in range(frames):
            movie.write(np.full((48, 64, 3), grey, np.uint8), index)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_wall(tmp_path / "src.mp4")
    write_wall(tmp_path / "dst.mov")
    made = Project.create(tmp_path / "Mein Prøjekt 影")
    add_clips(made, src=[tmp_path / "src.mp4"], dst=[tmp_path / "dst.mov"], consent="fictional")
    require_model(made, "main", preset=None)
    return made


@pytest.fixture
def ready(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose dst clip has one face, and a model that needs no training."""
    monkeypatch.setattr("understudy.training.predictor.load_predictor", lambda *_, **__: Painter())
    with open_clip(project.clip_path("dst")) as clip:
        size = clip.info.width, clip.info.height
    points = landmarks(size[0] / 2, size[1] / 2, width_px=size[0] / 5)
    record = FaceRecord(
        clip="dst",
        frame=1,
        time_s=0.0,
        frame_size=size,
        box_xyxy=(*points.min(0), *points.max(0)),
        score=1.0,
        landmarks_68=[(float(x), float(y)) for x, y in points],
        face_type="full",
        size_px=16,
        crop_from_frame=geometry.crop_from_frame(points, face_type="full", size_px=16).tolist(),
        track=0,
        person=1,
    )
    with project.faceset(*project.faceset_of_clip("dst")) as faceset:
        faceset.add(np.zeros((16, 16, 3), np.uint8), record)
    return project


def with_three_faces(project: Project, performer: str = "dst") -> Project:
    """The project with three small faces in the performer's main, one in each of the clip's first frames."""
    with project.faceset(performer) as faceset:
        for frame in range(3):
            faceset.add(noise(32, seed=frame), make_record(clip=performer, frame=frame, size_px=32))
    return project
