"""A clip that was moved is told its new place, and one that is another is refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.errors import ClipDiffers, ClipMissing, OptionInvalid
from understudy.events import Notice
from understudy.facesets.extraction.found import FoundLog, clip_content, found_path
from understudy.facesets.extraction.journal import Journal
from understudy.jobs import stages
from understudy.jobs.clips.relink import relink
from understudy.jobs.delivery import finished_files
from understudy.jobs.merging.frame_states import MADE
from understudy.project.project import Project


@pytest.fixture
def moved(project: Project, tmp_path: Path) -> Path:
    """Where the dst clip will be moved to."""
    place = tmp_path / "archive 影" / "dst moved.mov"
    place.parent.mkdir()
    return place


def said(project: Project, path: Path, *, clip: str = "dst", **how: bool) -> list[Notice]:
    return [event for event in relink(project, clip, path, **how) if isinstance(event, Notice)]


def search(project: Project, clip: str = "dst") -> None:
    """As an extraction writes down what it searched."""
    content = clip_content(project.clip_path(clip))
    FoundLog.open(found_path(project.cache_folder, clip), {"content": content}).__exit__()


def write(project: Project) -> None:
    """As an extraction writes down what it wrote faces from, in a colour space."""
    with Journal(project.faceset_folder("dst")) as journal:
        journal.note_face("dst", content=f"{clip_content(project.clip_path('dst'))} in PQ", frame=0, person=1)


def test_what_was_merged_of_a_clip_stays_when_it_is_moved(ready: Project, moved: Path) -> None:
    list(stages.merge(ready, "main", clips=["dst"], said={}, device="cpu"))
    before = finished_files.states_of(ready, "main", "dst").letters
    ready.clip_path("dst").rename(moved)
    (told,) = said(ready, moved)
    assert "stays" in told.text and Project.open(ready.folder).clip_path("dst") == moved
    assert finished_files.states_of(ready, "main", "dst").letters == before and MADE in before


def test_a_clip_inside_the_project_is_named_from_its_folder(project: Project) -> None:
    inside = project.folder / "clips" / "dst.mov"
    inside.parent.mkdir()
    project.clip_path("dst").rename(inside)
    said(project, inside)
    assert Project.open(project.folder).manifest.clips["dst"].path == "clips/dst.mov"
    assert "there already" in said(project, inside)[0].text


@pytest.mark.parametrize("known", [search, write])
def test_another_clip_is_refused_unless_it_is_forced(
    project: Project, moved: Path, known: Callable[[Project], None]
) -> None:
    known(project)
    old = project.clip_path("dst")
    write_wall(moved, grey=200, frames=5)
    manifest = (project.folder / "understudy.toml").read_bytes()
    with pytest.raises(ClipDiffers, match=f"{moved.stat().st_size:,} bytes instead of {old.stat().st_size:,}"):
        said(project, moved)
    assert (project.folder / "understudy.toml").read_bytes() == manifest
    shutil.copyfile(old, moved.with_name("same.mov"))
    assert said(project, moved.with_name("same.mov"), dry_run=True)
    assert (project.folder / "understudy.toml").read_bytes() == manifest, "a dry run writes nothing"
    told = said(project, moved, force=True)
    assert [one.level for one in told] == ["info", "warning"] and "another clip than before" in told[1].text
    assert Project.open(project.folder).clip_path("dst") == moved


def test_a_clip_that_only_a_hash_is_known_of_is_held_against_that(ready: Project, moved: Path) -> None:
    list(stages.merge(ready, "main", clips=["dst"], said={}, device="cpu"))
    write_wall(moved, grey=200)
    with pytest.raises(ClipDiffers, match="hash"):
        said(ready, moved)


def test_what_is_no_clip_of_the_project_and_what_is_another_is_refused(
    project: Project, tmp_path: Path, moved: Path
) -> None:
    with pytest.raises(ClipMissing, match="no clip called 'nobody'"):
        said(project, tmp_path / "dst.mov", clip="nobody")
    with pytest.raises(ClipMissing):
        said(project, moved)
    write_wall(moved, grey=200)
    project.add_clip(moved, "dst")
    with pytest.raises(OptionInvalid, match="'dst moved' already"):
        said(project, moved)
    told = said(project, tmp_path / "src.mp4", force=True)
    assert "both sides" in told[-1].text


def test_a_clip_that_is_gone_is_said_with_the_command_that_mends_it(ready: Project, moved: Path) -> None:
    command = re.escape(f"`understudy relink '{ready.folder}' dst NEW_PATH`")
    ready.clip_path("dst").rename(moved)
    with pytest.raises(ClipMissing, match=command):
        list(stages.extract(ready, clips=["dst"], said={}, device="cpu"))
    with pytest.raises(ClipMissing, match=command):
        list(stages.merge(ready, "main", clips=["dst"], said={}, device="cpu"))
