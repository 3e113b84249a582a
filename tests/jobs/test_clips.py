"""Adding clips: all or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ClipMissing, OptionInvalid
from understudy.jobs.clips import add_clips
from understudy.project.project import Project


def test_when_one_of_several_clips_is_missing_none_is_added(project: Project, tmp_path: Path) -> None:
    there = tmp_path / "there.mp4"
    there.write_bytes(b"")
    before = dict(project.manifest.clips)
    with pytest.raises(ClipMissing):
        add_clips(project, src=[there, tmp_path / "gone.mp4"])
    assert Project.open(project.folder).manifest.clips == before


def test_a_clip_named_twice_is_added_once(project: Project, tmp_path: Path) -> None:
    assert add_clips(project, src=[tmp_path / "src.mp4"]) == ["src"]
    assert list(project.manifest.clips) == ["src", "dst"]


def test_consent_goes_to_the_performers_of_the_clips(project: Project) -> None:
    assert {consent.status for consent in project.consents().values()} == {"fictional"}


def test_consent_that_is_none_is_refused_before_anything_is_added(project: Project, tmp_path: Path) -> None:
    new = tmp_path / "new.mp4"
    new.write_bytes(b"")
    with pytest.raises(OptionInvalid, match="perhaps"):
        add_clips(project, src=[new], consent="perhaps")
    assert "new" not in Project.open(project.folder).manifest.clips
