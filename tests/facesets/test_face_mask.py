"""What a person drew wins over what a program made, and that over the landmarks' hull."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np

from tests.training.conftest import add_faces
from understudy.facesets.face_mask import face_mask
from understudy.facesets.record import FaceRecord
from understudy.masks.hull import hull_mask
from understudy.media.images import encode_png

SIZE = 96  # of the frame: frame pixels are mask pixels in here
SAME = np.eye(2, 3)


def record(folder: Path, **changes: Any) -> FaceRecord:
    with add_faces(folder / "a", 1, skin=(200, 150, 130)) as faceset:
        values = faceset.faces()[0].record.as_json()
    return FaceRecord.model_validate({**values, **changes})


def square(low: float, high: float, kind: str = "include") -> dict[str, Any]:
    return {"kind": kind, "points": [(low, low), (high, low), (high, high), (low, high)]}


def stored(low: int, high: int) -> dict[str, Any]:
    grey = np.zeros((SIZE, SIZE), np.uint8)
    grey[low:high, low:high] = 255
    png = base64.b64encode(encode_png(grey)).decode()
    return {"xseg": {"size_px": SIZE, "mask_from_frame": SAME.tolist(), "png_base64": png}}


def test_without_anything_else_the_hull_is_the_face(tmp_path: Path) -> None:
    face = record(tmp_path)
    np.testing.assert_array_equal(face_mask(face, SAME, SIZE), hull_mask(face.landmarks(), SIZE, SIZE))


def test_a_hull_rises_over_the_brows_as_far_as_the_record_says(tmp_path: Path) -> None:
    low, high = (record(tmp_path / str(up), brows_up=up) for up in (0.0, 2.0))
    assert face_mask(high, SAME, SIZE).sum() > face_mask(low, SAME, SIZE).sum() + 20


def test_a_stored_mask_wins_over_the_hull_and_a_drawn_region_over_both(tmp_path: Path) -> None:
    made = record(tmp_path, masks=stored(30, 50))
    mask = face_mask(made, SAME, SIZE)
    assert mask.sum() == 400 and mask[30:50, 30:50].min() == 1
    drawn = record(tmp_path, masks=stored(30, 50), polygons=[square(60, 70)])
    mask = face_mask(drawn, SAME, SIZE)
    assert abs(mask.sum() - 100) < 8 and mask[62:68, 62:68].min() == 1 and mask[40, 40] == 0


def test_what_is_excluded_by_hand_is_no_face_in_any_mask(tmp_path: Path) -> None:
    for masks in ({}, stored(20, 80)):
        face = record(tmp_path / str(len(masks)), masks=masks, polygons=[square(40, 60, "exclude")])
        mask = face_mask(face, SAME, SIZE)
        assert mask[42:58, 42:58].max() == 0 and mask.sum() > 100


def test_masks_follow_into_any_square_of_the_frame(tmp_path: Path) -> None:
    for changes in ({"masks": stored(30, 50)}, {"polygons": [square(30, 50)]}, {}):
        face = record(tmp_path / str(sorted(changes)), **changes)
        whole = face_mask(face, SAME, SIZE)
        moved = face_mask(face, np.array([[1.0, 0, -10], [0, 1.0, -20]]), SIZE)
        np.testing.assert_allclose(moved[:60, :60], whole[20:80, 10:70], atol=0.05)
