"""What decides how a shot's frames look."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studio.rooms.merge.conftest import Room
from understudy.errors import ClipMissing, ModelUnknown
from understudy.jobs.merging.inputs import keep_said
from understudy.studio.rooms.merge.state import (
    Shot,
    faces_in,
    forget_looks,
    picture_key,
    shot_of,
    state_of_shot,
)


def test_opening_a_faceset_is_no_change_of_its_faces(room: Room) -> None:
    folder = room.project.faceset_folder(*room.project.faceset_of_clip("dst"))
    before = faces_in(folder)
    with room.project.faceset(*room.project.faceset_of_clip("dst")) as faceset:
        assert len(faceset)
    forget_looks()
    assert before and faces_in(folder) == before
    next(path for path in folder.iterdir() if path.suffix in (".jpg", ".png")).unlink()
    assert faces_in(folder) == before  # a look is not repeated at once
    forget_looks()
    assert faces_in(folder) != before


def test_settings_change_the_picture_and_not_what_is_open(room: Room) -> None:
    shot = shot_of(room.project, "dst", "main")
    state, key = state_of_shot(room.project, shot), picture_key(room.project, shot, 1)
    keep_said(room.project, "dst", {"blur": 0.3}, frames=None)
    assert state_of_shot(room.project, shot) == state and picture_key(room.project, shot, 1) != key
    assert picture_key(room.project, shot, 1) != picture_key(room.project, shot, 2)
    with room.project.change() as manifest:
        manifest.clips["dst"].cast = {"person 1": "main"}
    assert state_of_shot(room.project, shot) != state


def test_only_names_of_the_project_are_a_shot(room: Room) -> None:
    assert shot_of(room.project, "dst", "main") == Shot("dst", "main")
    refused = (("src", "main", ClipMissing), ("dst", "other", ModelUnknown), ("../dst", "main", ClipMissing))
    for clip, model, error in refused:
        with pytest.raises(error):
            shot_of(room.project, clip, model)


def test_a_folder_that_is_not_there_has_no_faces(tmp_path: Path) -> None:
    assert faces_in(tmp_path / "none") == ""
