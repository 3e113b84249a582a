"""Projects for the tests of this room."""

from pathlib import Path

import pytest

from understudy.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "Mein Prøjekt 影")


@pytest.fixture
def filled(project: Project, tmp_path: Path) -> Project:
    """A project with one clip on each side and a model; the clips are not real."""
    for role in ("src", "dst"):
        path = tmp_path / f"{role} clip.mp4"
        path.write_bytes(b"not decoded here")
        project.add_clip(path, role)
    project.add_model("main")
    return project
