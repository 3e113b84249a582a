import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.people import turned_face
from understudy.geometry import mirrored_landmarks
from understudy.masks.hull import eyes_mask, eyes_mouth_mask, hull_mask, mouth_mask


def area_of(corners: np.ndarray) -> float:
    x, y = corners.T
    return 0.5 * abs(x @ np.roll(y, 1) - y @ np.roll(x, 1))


def test_the_face_is_inside_and_the_corner_is_not():
    face = turned_face()
    mask = hull_mask(face, 320, 300)
    assert mask.shape == (300, 320) and mask.dtype == np.float32
    assert (mask.min(), mask.max()) == (0, 1)
    for x, y in face[27:68]:
        assert mask[int(y), int(x)] == 1
    assert mask[0, 0] == 0


def test_the_edge_is_smooth_and_the_area_exact():
    square = np.zeros((68, 2))
    corners = np.array([(20.3, 30.6), (77.7, 31.1), (79.2, 66.4), (22.5, 69.9)])
    square[48:60] = corners[np.arange(12) % 4]
    mask = mouth_mask(square, 100, 90)
    assert mask.sum() == pytest.approx(area_of(corners), rel=0.01)
    assert ((mask > 0.05) & (mask < 0.95)).sum() > 50


@settings(max_examples=25, deadline=None)
@given(st.floats(-40, 40), st.floats(-3, 3), st.floats(-3, 3))
def test_a_part_of_a_pixels_move_moves_the_mask_by_it(yaw, dx, dy):
    face = turned_face(yaw, scale=0.6, centre=(100, 90))
    rows, columns = np.indices((180, 200)) + 0.5

    def centre(mask: np.ndarray) -> np.ndarray:
        return np.array([(mask * columns).sum(), (mask * rows).sum()]) / mask.sum()

    moved = centre(hull_mask(face + np.array([dx, dy]), 200, 180)) - centre(hull_mask(face, 200, 180))
    np.testing.assert_allclose(moved, [dx, dy], atol=0.08)


def test_lifted_brows_add_forehead_and_nothing_else():
    face = turned_face()
    low, high = (hull_mask(face, 320, 300, brow_lift=lift) for lift in (0.0, 1.0))
    assert (high >= low - 1e-6).all()
    added = np.argwhere(high - low > 0.5)
    assert len(added) > 200
    assert added[:, 0].max() < face[29, 1]


def test_a_mirrored_face_has_a_mirrored_mask():
    face = turned_face(20)
    mirrored = hull_mask(mirrored_landmarks(face, width_px=320), 320, 300)
    assert np.abs(mirrored[:, ::-1] - hull_mask(face, 320, 300)).mean() < 0.002


@pytest.mark.parametrize("centre", [(-20, 50), (310, 290), (160, -70)])
def test_a_face_partly_outside_is_drawn_as_far_as_it_is_seen(centre):
    wide = hull_mask(turned_face(centre=np.array(centre) + 400.0), 1120, 1100)
    difference = np.abs(hull_mask(turned_face(centre=centre), 320, 300) - wide[400:700, 400:720])
    assert difference.max() < 0.2 and difference.mean() < 1e-4


def test_a_face_wholly_outside_is_not_drawn():
    assert hull_mask(turned_face(centre=(5000, -4000)), 320, 300).max() == 0


def test_landmarks_that_are_no_numbers_give_an_empty_mask():
    face = turned_face()
    face[3] = np.nan
    assert hull_mask(face, 64, 64).max() == 0


def test_eyes_and_mouth_are_where_they_are_and_fade_inside_the_face():
    face = turned_face(scale=1.2)
    eyes, mouth = eyes_mask(face, 320, 300), mouth_mask(face, 320, 300)
    for region in (face[36:42], face[42:48]):
        x, y = region.mean(0)
        assert eyes[int(y), int(x)] == 1 and mouth[int(y), int(x)] == 0
    assert mouth.sum() > mouth_mask(face, 320, 300, with_lips=False).sum()
    both = eyes_mouth_mask(face, 320, 300)
    assert both.max() == pytest.approx(1)
    assert (both[hull_mask(face, 320, 300) == 0] == 0).all()
    assert both.sum() > eyes_mouth_mask(face, 320, 300, soft=False).sum()
