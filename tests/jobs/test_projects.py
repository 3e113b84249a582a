"""Projects in a folder, and copies of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ProjectInvalid
from understudy.jobs.projects import duplicate_project, projects_in
from understudy.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "here" / "Mein Prøjekt 影")
    (tmp_path / "elsewhere.mp4").touch()
    (made.folder / "clips").mkdir()
    (made.folder / "clips" / "dst.mp4").write_bytes(b"frames")
    made.add_clip(tmp_path / "elsewhere.mp4", "src")
    made.add_clip(made.folder / "clips" / "dst.mp4", "dst")
    made.add_model("main")
    for part in ("trash/old.png", "cache/dst.found.jsonl", "logs/runs/1/run.json", "models/main/training.lock"):
        (made.folder / part).parent.mkdir(parents=True, exist_ok=True)
        (made.folder / part).touch()
    (made.folder / "models/main/loss.png").touch()
    return made


def test_a_copy_has_all_that_was_made_and_nothing_that_was_thrown_away(project: Project) -> None:
    copy = duplicate_project(project, project.folder.with_name("second"))
    assert copy.manifest.name == "second"
    assert copy.manifest.clips == project.manifest.clips and copy.manifest.models == project.manifest.models
    assert copy.clip_path("dst").read_bytes() == b"frames" and copy.clip_path("dst") != project.clip_path("dst")
    assert copy.clip_path("elsewhere") == project.clip_path("elsewhere")
    assert (copy.folder / "models/main/loss.png").exists()
    assert [name for name in ("trash", "cache", "logs") if (copy.folder / name).exists()] == []
    assert not (copy.folder / "models/main/training.lock").exists()
    assert Project.open(project.folder).manifest == project.manifest


def test_a_copy_replaces_nothing_and_lies_outside(project: Project) -> None:
    other = project.folder.with_name("other")
    other.mkdir()
    (other / "a file").touch()
    with pytest.raises(ProjectInvalid, match="something already"):
        duplicate_project(project, other)
    with pytest.raises(ProjectInvalid, match="inside"):
        duplicate_project(project, project.folder / "copy")


def test_projects_of_a_folder_are_listed_and_a_damaged_one_says_why(project: Project) -> None:
    damaged = project.folder.with_name("damaged")
    damaged.mkdir()
    (damaged / "understudy.toml").write_text("version = ", encoding="utf-8")
    (project.folder.parent / "no project").mkdir()
    whole, broken = projects_in(project.folder.parent)
    assert (whole.folder, whole.clips, whole.models, whole.complaint) == (project.folder, 2, 1, "")
    assert broken.folder == damaged and "TOML" in broken.complaint
    assert projects_in(project.folder / "nowhere") == []
