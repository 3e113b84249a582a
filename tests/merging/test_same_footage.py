"""Faces are painted into the frames they were found in, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.merging.conftest import Painter, drawn_frame, landmarks, record
from understudy.errors import ClipDiffers
from understudy.events import Events, Notice, StageFinished
from understudy.facesets.extraction.found import clip_content
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png
from understudy.media.opening import open_clip
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions
from understudy.merging.same_footage import moved_files

PLAIN = MergeOptions(color="none", steady_frames=0, steady_face=0, steady_mask=0, mask="dst-hull")


def extracted(clip_path: Path, folder: Path, *, counted: bool = True) -> Faceset:
    """A faceset with a face of every frame, as an extraction leaves it, or did before frames were counted."""
    store = Faceset(folder)
    with open_clip(clip_path) as clip, Journal(folder) as journal:
        for frame in clip.frames():
            face = record(frame.index, landmarks()).model_copy(update={"source_name": frame.name})
            store.add(np.zeros((16, 16, 3), np.uint8), face)
        journal.note_face("dst", content=clip_content(clip_path), frame=0, person=1)
        if counted:
            journal.note_clip("dst", content=clip_content(clip_path), frames=clip.info.frame_count)
    store.close()
    return Faceset(folder)


def merged(clip_path: Path, faces: Faceset, folder: Path) -> Events:
    return merge(clip_path, faces=faces, predictor=Painter(), folder=folder, options=PLAIN, clip_name="dst")


def warnings(events: Events) -> tuple[list[str], StageFinished]:
    seen = list(events)
    last = seen[-1]
    assert isinstance(last, StageFinished)
    return [one.text for one in seen if isinstance(one, Notice) and one.level == "warning"], last


def test_a_clip_that_lost_frames_is_refused_before_anything_is_painted(images: Path, tmp_path: Path) -> None:
    faces = extracted(images, tmp_path / "faces")
    (images / "take1.png").unlink()
    with pytest.raises(ClipDiffers, match=r"has 5 frames now and had 6 .*understudy clean extract"):
        list(merged(images, faces, tmp_path / "merged"))
    assert not (tmp_path / "merged").exists()


def test_a_better_copy_is_merged_with_a_word_and_the_clip_as_it_was_without_one(
    movie: Path, tmp_path: Path
) -> None:
    faces = extracted(movie, tmp_path / "faces")
    assert warnings(merged(movie, faces, tmp_path / "as-it-was"))[0] == []
    movie.write_bytes(movie.read_bytes() + b"\0\0\0\x08free")  # as many frames in other bytes
    told, last = warnings(merged(movie, faces, tmp_path / "merged"))
    assert len(told) == 1 and "another one than when its faces were extracted" in told[0]
    assert last.summary["swapped"] == 8
    assert warnings(merged(movie, faces, tmp_path / "merged"))[0] == [], "nothing is painted"


def test_faces_of_which_no_count_was_kept_are_merged_with_a_word(images: Path, tmp_path: Path) -> None:
    faces = extracted(images, tmp_path / "faces", counted=False)
    (images / "take11.png").unlink()
    told, last = warnings(merged(images, faces, tmp_path / "merged"))
    assert "another one than when" in told[0] and last.summary["swapped"] == 5


def test_a_file_that_can_not_be_read_keeps_its_number_so_the_faces_behind_it_are_painted_where_they_are(
    images: Path, tmp_path: Path
) -> None:
    faces = extracted(images, tmp_path / "faces")
    (images / "take5.png").write_bytes(b"")
    last = warnings(merged(images, faces, tmp_path / "merged"))[1]
    assert last.summary["swapped"] == 5 and len(last.summary["unswapped"]) == 1
    assert last.summary["unswapped"][0]["frame"] == 2


def test_behind_a_file_that_is_gone_no_face_is_painted_into_the_next_frame(
    images: Path, tmp_path: Path
) -> None:
    faces = extracted(images, tmp_path / "faces", counted=False)
    (images / "take5.png").unlink()
    (images / "take13.png").write_bytes(encode_png(drawn_frame(6)))
    told, last = warnings(merged(images, faces, tmp_path / "merged"))
    assert last.summary["swapped"] == 2 and any("can't be used here" in text for text in told)
    reasons = {entry["frame"]: entry["reason"] for entry in last.summary["unswapped"]}
    assert reasons[2] == "its face was found in take5.png, and the file in that place is take7.png now"


@pytest.mark.parametrize(
    ("names", "away"),
    [
        (["a_v1.0001.png", "a_v1.0002.png", "a_v1.0003.png"], set()),
        (["a_v2.0001.exr", "a_v2.0002.exr", "a_v2.0003.exr"], set()),  # another version of all
        (["x.1001.png", "x.1002.png", "x.1003.png"], set()),  # numbered anew
        (["a_v1.0002.png", "a_v1.0003.png", "a_v1.0004.png"], {1, 2, 3}),  # begins later
        (["a_v1.0001.png", "a_v1.0003.png"], {2}),  # the third has no place in the clip at all
    ],
)
def test_a_file_is_known_again_by_its_number(names: list[str], away: set[int]) -> None:
    found_in = [f"a_v1.000{number}.png" for number in (1, 2, 3)]
    records = [
        record(frame, landmarks()).model_copy(update={"source_name": name})
        for frame, name in enumerate(found_in)
    ]
    assert moved_files(records, names).keys() == {found_in[number - 1] for number in away}


def test_files_of_one_number_in_one_folder_are_where_they_were() -> None:
    names = ["left_1.png", "left_2.png", "right_1.png", "right_2.png"]
    records = [
        record(frame, landmarks()).model_copy(update={"source_name": name}) for frame, name in enumerate(names)
    ]
    assert moved_files(records, names) == {}
