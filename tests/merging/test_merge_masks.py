"""Masks through the whole merge stage: what is drawn by hand, stored or segmented reaches the written frame."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np

from tests.merging.conftest import Painter, drawn_frame, landmarks, record
from understudy.events import StageFinished
from understudy.facesets.record import FaceRecord, Polygon, StoredMask
from understudy.facesets.store import Faceset
from understudy.media.images import encode_png, read_image
from understudy.merging.merge import merge
from understudy.merging.options import MergeOptions

OPTIONS = MergeOptions(
    color="none", steady_frames=0, steady_mask=0, steady_face=0, mask="dst-hull", blur=0.0, erode=0.0
)


def merged(movie: Path, folder: Path, faces: list[FaceRecord], options: MergeOptions = OPTIONS) -> int:
    """Merge these faces into `folder`; how many frames were made now."""
    store = Faceset(folder / "faces")
    for face in faces:
        store.add(np.zeros((16, 16, 3), np.uint8), face)
    store.close()
    with Faceset(folder / "faces") as faceset:
        *_, finished = merge(
            movie, faces=faceset, predictor=Painter(), folder=folder / "merged", options=options
        )
    assert isinstance(finished, StageFinished)
    return finished.summary["made_now"]


def painted(folder: Path, frame: int) -> np.ndarray:
    """Where the frame was changed, more than a codec changes it."""
    picture = read_image(folder / "merged" / f"{frame:06d}.png")
    return np.abs(picture.astype(int) - drawn_frame(frame)).max(-1) > 12


def square(kind: str) -> Polygon:
    return Polygon(kind=kind, points=[(54, 46), (64, 46), (64, 56), (54, 56)])


def test_a_region_drawn_by_hand_shows_in_its_frame_and_makes_that_alone_again(
    movie: Path, tmp_path: Path
) -> None:
    faces = [record(frame, landmarks()) for frame in (1, 2, 3)]
    assert merged(movie, tmp_path, faces) == 3
    before = painted(tmp_path, 2)
    assert before[48:54, 56:62].all()
    faces[1] = faces[1].model_copy(update={"polygons": [square("exclude")]})
    assert merged(movie, tmp_path, faces) == 1
    after = painted(tmp_path, 2)
    assert not after[48:54, 56:62].any()
    np.testing.assert_array_equal(after[:, :52], before[:, :52])
    faces[1] = faces[1].model_copy(update={"polygons": [square("include")]})
    assert merged(movie, tmp_path, faces) == 1
    only = painted(tmp_path, 2)
    assert only[48:54, 56:62].all() and only.sum() < 160


def test_a_mask_stored_in_the_face_decides_where_seg_dst_shows_it(movie: Path, tmp_path: Path) -> None:
    grey = np.zeros((96, 96), np.uint8)
    cv2.circle(grey, (60, 50), 6, 255, -1)
    png = base64.b64encode(encode_png(grey)).decode()
    stored = StoredMask(size_px=96, mask_from_frame=[[1.0, 0, 0], [0, 1.0, 0]], png_base64=png)
    face = record(1, landmarks()).model_copy(update={"masks": {"xseg": stored}})
    merged(movie, tmp_path, [face], OPTIONS.changed(mask="seg-dst"))
    seen = painted(tmp_path, 1)
    assert seen[47:53, 57:63].all() and seen.sum() < 170


def test_every_source_can_be_asked_for_of_a_real_clip(movie: Path, tmp_path: Path) -> None:
    """Nothing in this clip has a face's colours but what the model paints: dst's own gets lost in products."""
    merged(movie, tmp_path, [record(1, landmarks())], OPTIONS.changed(mask="seg-prd", segmenter="skin"))
    assert painted(tmp_path, 1).sum() > 200
