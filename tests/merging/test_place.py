"""Where a face lies in its frame."""

from __future__ import annotations

import numpy as np
import pytest

from tests.merging.conftest import HEIGHT, WIDTH, drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy.merging.blending.blend import BlendFailed
from understudy.merging.composite import composite
from understudy.merging.place import Place, far_first, mask_in_frame, place_in_frame


def test_a_place_is_the_part_of_the_frame_that_the_crop_touches() -> None:
    frame = drawn_frame(0)
    face = face_in(frame, landmarks())
    place = place_in_frame(face, frame.shape)
    assert 0 < place.x0 < 60 < place.x1 < WIDTH and 0 <= place.y0 < 50 < place.y1 <= HEIGHT
    view = place.of(frame)
    assert view.shape == (place.height, place.width, 3) and view.base is not None
    assert mask_in_frame(face, place).shape == (place.height, place.width)


def test_a_masks_middle_lies_where_the_crops_middle_lies_whatever_the_sizes() -> None:
    frame = drawn_frame(0)
    face = face_in(frame, landmarks())
    place = place_in_frame(face, frame.shape)

    def middle(size_px: int) -> np.ndarray:
        spot = np.zeros((size_px, size_px), np.float32)
        quarter = size_px // 4
        spot[quarter:-quarter, quarter:-quarter] = 1
        mask = place.warped_mask(spot, painted_px=32)
        y, x = np.nonzero(mask > 0.5)
        return np.array([x.mean(), y.mean()])

    np.testing.assert_allclose(middle(256), middle(32), atol=0.5)


def test_a_face_outside_the_frame_or_under_an_empty_mask_is_refused() -> None:
    frame = drawn_frame(0)
    with pytest.raises(BlendFailed, match="outside"):
        place_in_frame(face_in(frame, landmarks(-200, 40)), frame.shape)


@pytest.mark.parametrize("mode", ["overlay", "seamless"])
def test_only_the_part_of_the_box_under_the_mask_is_worked_on_and_the_result_is_that_of_all_of_it(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, options = drawn_frame(0), PLAIN.changed(mode=mode, mask="dst-hull", erode=0.1)
    faces = [face_in(frame, landmarks(at, 50), options) for at in (60.25, 4.0)]  # the second is cut by the edge
    part, mask = (
        place_in_frame(faces[0], frame.shape),
        mask_in_frame(faces[0], place_in_frame(faces[0], frame.shape)),
    )
    small, there = part.around_mask(mask)
    assert small.height * small.width < 0.8 * part.height * part.width
    assert there.sum() == pytest.approx(mask.sum()) and not there[[0, -1]].any()
    fast = composite(frame, faces, options)
    monkeypatch.setattr(Place, "around_mask", lambda place, mask: (place, mask))
    whole = composite(frame, faces, options)
    assert (fast != frame).any()
    np.testing.assert_allclose(fast.astype(int), whole, atol=1)


def test_smaller_faces_come_first() -> None:
    frame = drawn_frame(0)
    near, far = (face_in(frame, landmarks(width_px=width)) for width in (32, 18))
    assert far_first([near, far]) == far_first([far, near]) == [far, near]
