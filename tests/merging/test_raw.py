"""The raw modes: what the model painted, as it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.merging.conftest import drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy import geometry
from understudy.merging.composite import composite
from understudy.merging.raw import blank

RAW = PLAIN.changed(color="light", erode=0.1, blur=0.3)  # none of which may show


@pytest.mark.parametrize("deep", [False, True])
def test_raw_rgb_lays_the_whole_square_over_the_frame_and_changes_nothing_around_it(deep: bool) -> None:
    frame = drawn_frame(1, deep=deep)
    face = face_in(frame, landmarks(), RAW)
    merged = composite(frame, [face], RAW.changed(mode="raw-rgb"))
    y, x = np.mgrid[0:96, 0:128] + 0.5
    in_crop = geometry.transform_points(face.paste_from_frame, np.stack([x, y], -1))
    depth = np.minimum(in_crop, 32 - in_crop).min(-1)
    one = 65535 if deep else 255
    np.testing.assert_allclose(
        merged[depth > 1] / one, np.broadcast_to([0.9, 0.2, 0.2], merged[depth > 1].shape), atol=2 / 255
    )
    np.testing.assert_array_equal(merged[depth < -1], frame[depth < -1])


def test_raw_predict_is_the_square_of_the_nearest_face_as_the_model_painted_it() -> None:
    frame = drawn_frame(1)
    near = face_in(frame, landmarks(70, 50, width_px=30), RAW, rgb=(0.1, 0.9, 0.1))
    far = face_in(frame, landmarks(30, 50, width_px=16), RAW)
    square = composite(frame, [far, near], RAW.changed(mode="raw-predict"))
    assert square.shape == (32, 32, 3) and square.dtype == np.uint8
    np.testing.assert_array_equal(square[10, 10], [26, 230, 26])


def test_raw_mask_is_white_where_the_chosen_mask_is_and_hard_at_its_edge() -> None:
    frame = drawn_frame(1)
    raw = composite(frame, [face_in(frame, landmarks(), RAW)], RAW.changed(mode="raw-mask"))
    assert raw.shape == frame.shape and raw[50, 60].tolist() == [255] * 3 and raw[2, 2].tolist() == [0] * 3
    assert (raw[..., 0] == raw[..., 2]).all()
    soft = ((raw > 20) & (raw < 235)).any(-1).sum()
    assert soft < 0.2 * (raw[..., 0] > 0).sum()


def test_raw_mask_holds_all_faces_also_where_they_overlap() -> None:
    frame, raw = drawn_frame(2), RAW.changed(mode="raw-mask")
    near = face_in(frame, landmarks(70, 52, width_px=32), RAW)
    far = face_in(frame, landmarks(54, 46, width_px=20), RAW)
    one, other, both = (composite(frame, faces, raw) for faces in ([near], [far], [far, near]))
    assert (np.minimum(one, other) > 200).any() and (both + 1.0 >= np.maximum(one, other)).all()


def test_raw_layers_leave_the_frame() -> None:
    frame = drawn_frame(1)
    merged = composite(frame, [face_in(frame, landmarks(), RAW)], RAW.changed(mode="raw-layers"))
    np.testing.assert_array_equal(merged, frame)


def test_a_float_frame_gives_the_square_in_linear_light() -> None:
    frame = np.full((96, 128, 3), 2.0, np.float32)
    face = face_in(drawn_frame(1), landmarks(), RAW, rgb=(0.5, 0.5, 0.5))
    square = composite(frame, [face], RAW.changed(mode="raw-predict"))
    assert square.dtype == np.float32
    np.testing.assert_allclose(square, 0.2140, atol=1e-3)
    merged = composite(frame, [face], RAW.changed(mode="raw-rgb"))
    np.testing.assert_allclose(merged[50, 60], 0.2140, atol=1e-3)
    assert (merged[:3] == 2).all()


def test_frames_without_a_face_are_black_where_dst_would_be_wrong() -> None:
    frame = drawn_frame(1, deep=True)
    crop = blank("raw-predict", like=frame, crop_px=32)
    mask = blank("raw-mask", like=frame, crop_px=32)
    assert crop is not None and crop.shape == (32, 32, 3) and crop.dtype == np.uint16 and not crop.any()
    assert mask is not None and mask.shape == frame.shape and not mask.any()
    assert blank("raw-rgb", like=frame, crop_px=32) is None
