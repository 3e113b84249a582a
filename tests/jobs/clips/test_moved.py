"""A clip that is added again after it was moved is the one that the project knows, or nothing is added."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.jobs.clips.test_relink import search, write
from tests.jobs.conftest import write_wall
from understudy.errors import ClipMissing
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project


def moved(project: Project, tmp_path: Path) -> Path:
    goal = tmp_path / "archive 影" / project.clip_path("dst").name
    goal.parent.mkdir()
    return project.clip_path("dst").rename(goal)


@pytest.mark.parametrize("known", [search, write])
def test_a_clip_that_is_said_again_after_it_was_moved_is_not_added_twice(
    project: Project, tmp_path: Path, known: Callable[[Project], None]
) -> None:
    known(project)
    place, told = moved(project, tmp_path), list[str]()
    assert add_clips(project, dst=[place], tell=told.append) == ["dst"]
    there = Project.open(project.folder)
    assert list(there.manifest.clips) == ["src", "dst"] and there.clip_path("dst") == place
    assert told == [f"The dst clip 'dst' was moved and lies at {place} now; what was made for it stays."]


def test_a_clip_of_the_same_name_as_one_that_is_gone_and_not_known_is_not_added_unasked(
    project: Project, tmp_path: Path
) -> None:
    place, before = moved(project, tmp_path), (project.folder / "understudy.toml").read_bytes()
    other = write_wall(tmp_path / "other.mp4")
    with pytest.raises(ClipMissing, match="Nothing was added") as refused:
        add_clips(project, src=[other], dst=[place])
    assert f"`understudy relink '{project.folder}' dst '{place}'`" in refused.value.message
    assert (project.folder / "understudy.toml").read_bytes() == before


def test_another_clip_is_added_beside_one_that_is_gone(project: Project, tmp_path: Path) -> None:
    search(project)
    moved(project, tmp_path)
    other = write_wall(tmp_path / "dst.mov", grey=20)
    other = other.rename(tmp_path / "other.mov")
    assert add_clips(project, dst=[other]) == ["other"]


def test_of_two_clips_that_are_gone_and_were_the_same_none_is_guessed(project: Project, tmp_path: Path) -> None:
    again = tmp_path / "again.mov"
    shutil.copy(project.clip_path("dst"), again)
    add_clips(project, dst=[again])
    for name in ("dst", "again"):
        search(project, name)
    again.unlink()
    place = moved(project, tmp_path)
    with pytest.raises(ClipMissing, match="had the same in them: again"):
        add_clips(project, dst=[place])
