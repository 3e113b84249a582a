"""`training/segmenting/sheet.py`."""

from __future__ import annotations

import cv2
import numpy as np

from tests.training.segmenting.conftest import Hull
from understudy.measure.sheet import GROUND
from understudy.training.segmenting.drawn import Named, read_drawn
from understudy.training.segmenting.sheet import COLUMNS, Shown, mask_sheet
from understudy.training.viewing.sheets import cell_of


def test_what_lies_beyond_a_faces_picture_is_ground_in_every_column_and_no_part_of_it() -> None:
    image = np.full((160, 160, 3), 200, np.uint8)
    pictured = np.zeros((160, 160), bool)
    pictured[40:120, 40:120] = True
    image[~pictured] = 0
    nothing = np.zeros((160, 160), np.float32)
    sheet = mask_sheet([Shown("a", image, nothing, nothing, pictured)], nothing[None])
    for column in COLUMNS:
        cell = cell_of(sheet, "a", column)
        assert (cell[130:, 130:] == GROUND).all(), column
        assert (cell[50:110, 50:110] != GROUND).any(axis=-1).all(), column


def test_a_crop_knows_where_the_picture_of_its_face_ends(drawn: list[Named]) -> None:
    ((name, faceset),) = drawn
    faces = read_drawn(
        [(name, faceset, faceset.faces()[0])],
        face_type="head",  # wider than the full faces of the faceset
        size_px=64,
        stock=Hull(),
        on_broken=lambda _: None,
    )
    images, _ = faces.inner()
    (pictured,) = faces.inner_pictured()
    assert 0.2 < pictured.mean() < 0.9
    assert images[0][pictured].any(axis=-1).all()
    beyond = cv2.dilate(pictured.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0  # but for its rim
    assert beyond.any() and not images[0][beyond].any()
