"""Projects in a folder, and copies of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from understudy.errors import FolderUnwritable, ProjectInvalid
from understudy.jobs.projects import duplicate_project, projects_in
from understudy.project.project import MODEL_CHANGE_NAME, Project
from understudy.project.state import project_state


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
    assert [name for name in ("trash", "logs") if (copy.folder / name).exists()] == []
    assert not (copy.folder / "models/main/training.lock").exists()
    assert Project.open(project.folder).manifest == project.manifest


def test_a_copy_knows_what_was_searched_for_faces(project: Project) -> None:
    """Its clips were called unsearched, and `extract` searched them once more, for hours."""
    (project.cache_folder / "dst.found.jsonl").write_text('{"layout": 1}\n{"searched": [0, 9, 1]}\n')
    copy = duplicate_project(project, project.folder.with_name("second"))
    assert next(clip for clip in project_state(copy).clips if clip.name == "dst").searched


def test_a_copy_replaces_nothing_and_lies_outside(project: Project) -> None:
    other = project.folder.with_name("other")
    other.mkdir()
    (other / "a file").touch()
    with pytest.raises(ProjectInvalid, match="something already"):
        duplicate_project(project, other)
    with pytest.raises(ProjectInvalid, match="inside"):
        duplicate_project(project, project.folder / "copy")


def test_two_copies_made_at_once_leave_the_first_and_the_other_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first has half copied was thrown away by the second."""
    goal, real, begun = project.folder.with_name("second"), shutil.copytree, list[bool]()
    goal.mkdir()  # an empty folder gives way to a copy

    def copied(start: Path, *more: Any, **settings: Any) -> Path:
        done = real(start, *more, **settings)
        if not begun and start == project.folder:
            begun.append(True)
            duplicate_project(project, goal, name="first")
        return done

    monkeypatch.setattr(shutil, "copytree", copied)
    with pytest.raises(FolderUnwritable, match="has come meanwhile"):
        duplicate_project(project, goal, name="last")
    assert Project.open(goal).manifest.name == "first"
    assert (goal / "clips" / "dst.mp4").read_bytes() == b"frames"
    assert sorted(path.name for path in goal.parent.iterdir()) == sorted([goal.name, project.folder.name])


def test_what_a_killed_process_had_copied_goes_with_the_next_try(project: Project) -> None:
    goal = project.folder.with_name("second")
    left = goal.with_name(".second.0.4194999.partial")  # no process has that number
    (left / "clips").mkdir(parents=True)
    duplicate_project(project, goal)
    assert not left.exists()


def test_a_copy_to_a_place_that_may_not_be_looked_at_is_refused_plainly(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(folder: Path) -> None:
        raise PermissionError(13, "not yours", str(folder))

    monkeypatch.setattr("understudy.jobs.projects.clear_leftovers", locked)
    with pytest.raises(FolderUnwritable, match="change its permissions"):
        duplicate_project(project, project.folder.with_name("second"))
    with pytest.raises(ProjectInvalid, match="inside"):  # where nothing is cleared
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


def test_listing_projects_changes_none_of_them(project: Project) -> None:
    older = project.folder.with_name("older")
    older.mkdir()
    text = 'name = "of before"\nsrc = ["a.mp4"]\ndst = ["b.mp4"]\n'
    (older / "understudy.toml").write_text(text, encoding="utf-8")
    note = project.folder / MODEL_CHANGE_NAME
    note.write_text('{"moves": [["models/main", "models/second"]]}', encoding="utf-8")
    here, before = projects_in(project.folder.parent)
    assert (here.models, here.complaint, note.exists()) == (1, "", True)
    assert (project.folder / "models/main").exists()
    assert (before.name, before.clips, before.models) == ("of before", 2, 1)
    assert [path.name for path in older.iterdir()] == ["understudy.toml"]
    assert (older / "understudy.toml").read_text(encoding="utf-8") == text
