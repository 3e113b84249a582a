"""The layers beside a frame: laid over the plate they give the frame."""

from __future__ import annotations

import numpy as np
import pytest

from tests.merging.conftest import drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy.color import linear_from_srgb, srgb_from_linear
from understudy.merging.composite import composite
from understudy.merging.layers import Layers
from understudy.merging.options import MergeOptions


def gathered(frame: np.ndarray, faces: list, options: MergeOptions) -> tuple[np.ndarray, Layers]:
    layers = Layers(*frame.shape[:2], faces=True)
    return composite(frame, faces, options, watch=layers), layers


@pytest.mark.parametrize("mode", ["overlay", "hist-match", "seamless"])
@pytest.mark.parametrize("deep", [False, True])
def test_faces_over_the_plate_through_their_mask_are_the_frame(mode: str, deep: bool) -> None:
    frame, options = drawn_frame(1, deep=deep), PLAIN.changed(mode=mode)
    faces = [
        face_in(frame, landmarks(70, 52, width_px=30), options, rgb=(0.1, 0.9, 0.1)),
        face_in(frame, landmarks(52, 46, width_px=20), options),
    ]
    merged, layers = gathered(frame, faces, options)
    mask, above = layers.stored_mask(frame.dtype), layers.stored_faces("encoded", frame.dtype)
    assert above is not None and above.dtype == mask.dtype == frame.dtype
    most = 65535 if deep else 255
    alpha = (mask / most)[..., None]
    np.testing.assert_allclose(alpha * above + (1 - alpha) * frame, merged, atol=2)
    assert not above[mask == 0].any()


def test_original_makes_its_mask_and_no_face() -> None:
    frame, options = drawn_frame(1), PLAIN.changed(mode="original")
    merged, layers = gathered(frame, [face_in(frame, landmarks())], options)
    np.testing.assert_array_equal(merged, frame)
    _, overlay = gathered(frame, [face_in(frame, landmarks())], PLAIN)
    np.testing.assert_array_equal(layers.mask_HW, overlay.mask_HW)
    assert layers.mask_HW.max() > 0.999


@pytest.mark.parametrize("light", ["encoded", "linear"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("mode", ["overlay", "raw-rgb", "raw-layers"])
def test_the_face_kept_beside_a_frame_is_the_painted_one_in_any_light_and_depth(
    mode: str, dtype: type, light: str
) -> None:
    frame = drawn_frame(1, deep=dtype != np.uint8)
    frame = linear_from_srgb(frame / 65535) if dtype == np.float32 else frame
    options = PLAIN.changed(mode=mode, light=light)
    _, layers = gathered(frame, [face_in(frame, landmarks(), options, rgb=(0.5, 0.2, 0.1))], options)
    kept = layers.stored_faces(options.light, frame.dtype)
    assert kept is not None and kept.dtype == dtype
    seen = srgb_from_linear(kept) if dtype == np.float32 else kept / np.iinfo(dtype).max
    np.testing.assert_allclose(seen[50, 60], [0.5, 0.2, 0.1], atol=0.003)


@pytest.mark.parametrize("light", ["encoded", "linear"])
def test_the_square_kept_beside_raw_predict_is_its_picture(light: str) -> None:
    frame, options = drawn_frame(1), PLAIN.changed(mode="raw-predict", light=light)
    face, layers = face_in(frame, landmarks(), options), Layers(32, 32, faces=True)
    picture = composite(frame, [face], options, watch=layers)
    np.testing.assert_array_equal(layers.stored_faces(options.light, frame.dtype), picture)


def test_raw_layers_keep_the_whole_square_and_the_hard_mask() -> None:
    frame, options = drawn_frame(1), PLAIN.changed(mode="raw-layers", blur=0.4)
    _, layers = gathered(frame, [face_in(frame, landmarks(), options)], options)
    square = layers.stored_faces("encoded", frame.dtype)
    assert square is not None
    assert (square.any(-1)).sum() > 1.3 * (layers.mask_HW > 0).sum()
    np.testing.assert_allclose(square[50, 60], [230, 51, 51], atol=1)


def test_masks_of_deep_frames_are_deep() -> None:
    layers = Layers(8, 8, faces=False)
    assert layers.stored_mask(np.dtype(np.uint8)).dtype == np.uint8
    assert layers.stored_mask(np.dtype(np.float32)).dtype == np.uint16
    assert layers.stored_faces("encoded", np.dtype(np.uint8)) is None
