"""What was painted by hand lies over drawn regions and masks, exactly where the brush was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.facesets.test_face_mask import SAME, SIZE, record, square, stored
from understudy.facesets.face_mask import face_mask
from understudy.facesets.painted import grey_of, layer_of, painted, painted_over
from understudy.facesets.record import PaintedLayer


def strokes() -> np.ndarray:
    """Face in a square on the left, none in one on the right."""
    grey = np.full((SIZE, SIZE), 128, np.uint8)
    grey[40:50, 10:20], grey[40:50, 70:80] = 255, 0
    return grey


def layer(grey: np.ndarray) -> PaintedLayer:
    made = layer_of(grey, SAME, SIZE)
    assert made is not None
    return made


def test_paint_adds_to_a_mask_and_takes_from_it_and_leaves_the_rest(tmp_path: Path) -> None:
    for values in ({}, {"masks": stored(30, 80)}, {"polygons": [square(60, 90), square(65, 70, "exclude")]}):
        plain = record(tmp_path / str(len(str(values))), **values)
        mask, before = (
            face_mask(face, SAME, SIZE)
            for face in (plain.model_copy(update={"painted": layer(strokes())}), plain)
        )
        assert mask[40:50, 10:20].min() == 1 and mask[40:50, 70:80].max() == 0
        untouched = strokes() == 128
        np.testing.assert_array_equal(mask[untouched], before[untouched])


def test_half_strength_is_half_way(tmp_path: Path) -> None:
    half = layer(np.full((SIZE, SIZE), 64, np.uint8))
    over = painted(record(tmp_path, painted=half.model_dump()), SAME, SIZE)
    np.testing.assert_allclose(painted_over(np.ones((SIZE, SIZE), np.float32), over), 0.5, atol=0.01)


def test_between_face_and_none_nothing_is_left_untouched(tmp_path: Path) -> None:
    grey = np.zeros((SIZE, SIZE), np.uint8)
    grey[:, 48:] = 255
    made = record(tmp_path, painted=layer(grey).model_dump(), masks=stored(0, SIZE))
    turned = np.array([[3.0, 0, -100], [0, 3.0, -100]])
    over = painted(made, turned, SIZE)
    assert over is not None
    np.testing.assert_allclose(over.face_HW + over.none_HW, 1, atol=1e-5)


def test_the_picture_that_goes_in_comes_out_and_an_untouched_one_is_no_layer(tmp_path: Path) -> None:
    made = record(tmp_path, painted=layer(strokes()).model_dump())
    np.testing.assert_array_equal(grey_of(made, SAME, SIZE), strokes())
    assert layer_of(np.full((8, 8), 128, np.uint8), SAME, 8) is None


def test_a_strangers_broken_layer_paints_nothing(tmp_path: Path) -> None:
    broken = {"size_px": 8, "layer_from_frame": SAME.tolist(), "png_base64": "bm9uZQ=="}
    assert painted(record(tmp_path, painted=broken), SAME, SIZE) is None
