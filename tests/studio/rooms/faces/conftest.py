"""A project with forty drawn faces in src/main, and a client of the studio that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.facesets.conftest import make_record, noise
from tests.jobs.conftest import write_wall
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio


@pytest.fixture
def project(tmp_path: Path) -> Project:
    write_wall(tmp_path / "src.mp4")
    write_wall(tmp_path / "dst.mov")
    made = Project.create(tmp_path / "Mein Prøjekt 影")
    add_clips(made, src=[tmp_path / "src.mp4"], dst=[tmp_path / "dst.mov"], consent="fictional")
    with made.faceset("src") as faceset:
        for number in range(40):
            record = make_record(
                clip="src",
                frame=number // 2,
                person=1 + number % 2,
                track=number // 14,
                yaw_deg=30.0 - number,
                pitch_deg=float(number % 9),
                size_px=256 if number == 7 else 64,
            )
            faceset.add(
                noise(record.size_px, seed=number), record, image_format="png" if number == 5 else "jpg"
            )
    return made


@pytest.fixture
def studio(project: Project) -> Studio:
    return Studio(project.folder)


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with TestClient(studio_app(studio)) as client:
        yield client
