"""A file that moves to another disk is whole under one of its two names at any moment."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from understudy.errors import DiskFull
from understudy.facesets.curation.moves import move


@pytest.fixture(autouse=True)
def another_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, goal: Path) -> Path:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(path), None, str(goal))

    monkeypatch.setattr(Path, "rename", refused)


def test_a_file_goes_whole_to_another_disk_and_nothing_else_stays(tmp_path: Path) -> None:
    start, goal = tmp_path / "face.jpg", tmp_path / "trash" / "face.jpg"
    start.write_bytes(b"whole")
    os.utime(start, (1_000_000, 1_000_000))
    move(start, goal)
    assert goal.read_bytes() == b"whole" and goal.stat().st_mtime == 1_000_000
    assert not start.exists() and [path.name for path in goal.parent.iterdir()] == ["face.jpg"]


def test_a_disk_that_is_full_halfway_leaves_the_file_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, goal: Path, **__: object) -> None:
        goal.write_bytes(b"ha")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    start, goal = tmp_path / "face.jpg", tmp_path / "trash" / "face.jpg"
    start.write_bytes(b"whole")
    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(DiskFull):
        move(start, goal)
    assert start.read_bytes() == b"whole" and not list(goal.parent.iterdir())
