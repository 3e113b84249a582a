"""What decides how a shot's frames look."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.studio.rooms.merge.conftest import Room
from understudy.errors import ClipMissing, ModelUnknown
from understudy.jobs.merging.inputs import keep_said, settings_over_time
from understudy.masks.own import AboutSegmenter, publish
from understudy.studio.rooms.merge.state import (
    Shot,
    faces_in,
    forget_looks,
    frame_key,
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


def test_a_segmenter_that_learned_more_is_another_picture_of_every_frame(room: Room) -> None:
    shot, folder = shot_of(room.project, "dst", "main"), room.project.masks_folder / "mic"
    folder.mkdir(parents=True)
    about = publish(folder, AboutSegmenter(face_type="whole", size_px=128), {"a": torch.zeros(3)})
    looks_with_it = settings_over_time(room.project, "dst", {"mask": "seg-dst", "segmenter": "mic"})

    def keys() -> list[object]:
        frame = frame_key(room.project, shot, 5, looks_with_it, 960, "")
        return [state_of_shot(room.project, shot), picture_key(room.project, shot), frame]

    before = keys()
    assert keys() == before
    publish(folder, about.model_copy(update={"iteration": 200}), {"a": torch.ones(3)})
    assert all(new != old for new, old in zip(keys(), before, strict=True))
    (folder / "segmenter.json").write_text("damaged")
    assert keys() == keys() != before


def test_another_colour_config_opens_the_shot_anew(room: Room) -> None:
    shot = shot_of(room.project, "dst", "main")
    before = state_of_shot(room.project, shot), frame_key(room.project, shot, 5, None)
    with room.project.change() as manifest:
        manifest.ocio_config = "ocio://cg-config-latest"
    after = state_of_shot(room.project, shot), frame_key(room.project, shot, 5, None)
    assert after[0] != before[0] and after[1] != before[1]


def test_only_names_of_the_project_are_a_shot(room: Room) -> None:
    assert shot_of(room.project, "dst", "main") == Shot("dst", "main")
    refused = (("src", "main", ClipMissing), ("dst", "other", ModelUnknown), ("../dst", "main", ClipMissing))
    for clip, model, error in refused:
        with pytest.raises(error):
            shot_of(room.project, clip, model)


def test_a_folder_that_is_not_there_has_no_faces(tmp_path: Path) -> None:
    assert faces_in(tmp_path / "none") == ""
