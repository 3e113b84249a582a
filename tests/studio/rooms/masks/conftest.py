"""A studio on a project with three faces."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.jobs.conftest import with_three_faces, write_wall
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio

FIRST, SECOND, THIRD = (f"dst-00000{frame}-1.jpg" for frame in range(3))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a dst performer."""
    write_wall(tmp_path / "dst.mov")
    made = Project.create(tmp_path / "film")
    add_clips(made, src=[], dst=[tmp_path / "dst.mov"], consent="fictional")
    return made


@pytest.fixture
def filled(project: Project) -> Project:
    """The project with three faces in dst/main."""
    return with_three_faces(project)


@pytest.fixture
def client(filled: Project) -> TestClient:
    """The studio on it."""
    return TestClient(studio_app(Studio(filled.folder)))
