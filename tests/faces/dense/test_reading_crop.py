"""The square that our own face network is shown."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.faces.dense.reading_crop import (
    cut_crops,
    frame_from_crop_of_boxes,
    frame_from_crop_of_points,
    rolls,
)
from understudy.geometry import inverse, transform_points
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.networks.dense_face import CROP_PX

UPRIGHT = MEAN_FACE_68_IN_SPACE[:, :2] + [300.0, 200.0]


def turned(points: np.ndarray, degrees: float, *, about: tuple[float, float] = (300.0, 200.0)) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - about) @ turn.T + about


def test_the_square_of_a_box_is_upright_and_about_its_centre() -> None:
    transforms = frame_from_crop_of_boxes([[10, 20, 50, 80], [0, 0, 100, 100]])
    np.testing.assert_allclose(transforms[:, 0, 1], 0)
    np.testing.assert_allclose(transforms[:, 0, 0] * CROP_PX, [1.61 * np.sqrt(40 * 60), 161])
    centres = transform_points(transforms, np.full((2, 1, 2), CROP_PX / 2))[:, 0]
    np.testing.assert_allclose(centres, [[30, 50], [50, 50]], atol=1e-9)


@pytest.mark.parametrize("roll_deg", [-170, -40, 0, 25, 90])
def test_a_turned_head_stands_upright_in_the_square_of_its_points(roll_deg: float) -> None:
    """Turned in the frame, a face lies in its crop just as it lies there unturned."""
    straight = transform_points(inverse(frame_from_crop_of_points(UPRIGHT)[0]), UPRIGHT)
    points = turned(UPRIGHT, roll_deg)
    np.testing.assert_allclose(
        transform_points(inverse(frame_from_crop_of_points(points)[0]), points), straight, atol=1e-6
    )
    assert np.degrees(rolls(points[None])[0] - rolls(UPRIGHT[None])[0]) == pytest.approx(roll_deg)


def test_the_whole_face_and_room_for_a_forehead_lie_in_the_square() -> None:
    inside = transform_points(inverse(frame_from_crop_of_points(UPRIGHT)[0]), UPRIGHT)
    assert inside.min() > 0.1 * CROP_PX and inside.max() < 0.95 * CROP_PX
    assert inside[:, 1].min() > 0.3 * CROP_PX


def test_points_with_and_without_pupils_give_one_square() -> None:
    with_pupils = np.concatenate([UPRIGHT, [[270.0, 165.0], [330.0, 165.0]]])
    np.testing.assert_array_equal(frame_from_crop_of_points(with_pupils), frame_from_crop_of_points(UPRIGHT))


def test_a_crop_shows_what_its_transform_says() -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[195:205, 295:305] = 255
    transform = frame_from_crop_of_boxes([[240, 140, 360, 260]])
    crop = cut_crops([frame], [0], transform)[0]
    y, x = np.nonzero(crop[..., 0] > 128)
    seen = transform_points(transform[0], [[x.mean() + 0.5, y.mean() + 0.5]])
    np.testing.assert_allclose(seen, [[300, 200]], atol=0.5)


def test_no_faces_give_no_crops() -> None:
    assert cut_crops([], [], np.empty((0, 2, 3))).shape == (0, CROP_PX, CROP_PX, 3)
