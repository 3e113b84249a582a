"""Motion blur from the face's own movement."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.merging.effects.motion_blur import line_kernel, motion_blurred, movement


def at(x: float, y: float) -> np.ndarray:
    return np.array([x, y], float)


def test_the_movement_is_half_the_way_from_the_frame_before_to_the_frame_after() -> None:
    way = movement(at(10, 20), [(-1, at(6, 20)), (0, at(10, 20)), (1, at(12, 26)), (2, at(90, 90))])
    np.testing.assert_allclose(way, (3, 3))


@pytest.mark.parametrize("side", [-1, 1])
def test_at_a_tracks_end_or_a_cut_the_one_neighbour_tells(side: int) -> None:
    np.testing.assert_allclose(movement(at(10, 20), [(side, at(10 + side * 4, 20))]), (4, 0))


def test_a_face_without_neighbours_stands_still() -> None:
    np.testing.assert_array_equal(movement(at(10, 20), [(0, at(10, 20)), (2, at(30, 20))]), (0, 0))


def test_of_two_faces_on_one_track_the_nearer_one_counts() -> None:
    way = movement(at(10, 20), [(1, at(200, 20)), (1, at(11, 20)), (-1, at(9, 20)), (-1, at(150, 9))])
    np.testing.assert_allclose(way, (1, 0))


@pytest.mark.parametrize("line", [(7.0, 0.0), (0.0, 5.5), (3.3, -4.1), (-12.25, 2.0), (0.5, 0.2)])
def test_a_line_has_its_length_and_direction_to_parts_of_a_pixel_and_stays_in_place(
    line: tuple[float, float],
) -> None:
    kernel = line_kernel(at(*line)).astype(float)
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    y, x = np.mgrid[0 : kernel.shape[0], 0 : kernel.shape[1]]
    middle = ((kernel.shape[1] - 1) / 2, (kernel.shape[0] - 1) / 2)
    np.testing.assert_allclose([(kernel * x).sum(), (kernel * y).sum()], middle, atol=1e-6)
    dx, dy = x - middle[0], y - middle[1]
    spread = np.array([[(kernel * dx * dx).sum(), (kernel * dx * dy).sum()], [0, (kernel * dy * dy).sum()]])
    # A line of length L has variance L²/12 along itself; drawing it on pixels adds up to a quarter of one.
    assert 0 <= spread[0, 0] - line[0] ** 2 / 12 < 0.26
    assert 0 <= spread[1, 1] - line[1] ** 2 / 12 < 0.26
    assert spread[0, 1] == pytest.approx(line[0] * line[1] / 12, abs=0.15)


def test_a_slightly_longer_way_blurs_slightly_more() -> None:
    dot = np.zeros((41, 41, 3), np.float32)
    dot[20, 20] = 1
    peaks = [motion_blurred(dot, at(length, 0), shutter=1.0).max() for length in np.arange(2, 8, 0.5)]
    assert (np.diff(peaks) < 0).all() and np.abs(np.diff(peaks)).max() < 0.13


def test_the_blur_lies_along_the_way_and_grows_with_the_shutter() -> None:
    dot = np.zeros((41, 41, 3), np.float32)
    dot[20, 20] = 1
    half = motion_blurred(dot, at(12, 12), shutter=0.5)[..., 0]
    whole = motion_blurred(dot, at(12, 12), shutter=1.0)[..., 0]
    assert (half > 0.01).sum() < (whole > 0.01).sum()
    assert whole[25, 25] > 0.03 and whole[15, 15] > 0.03 and whole[25, 15] < 1e-6
    np.testing.assert_allclose(whole.sum(), 1, rtol=1e-5)


def test_a_still_face_and_a_closed_shutter_are_left_alone() -> None:
    crop = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    assert motion_blurred(crop, at(0, 0), shutter=1.0) is crop
    assert motion_blurred(crop, at(9, 9), shutter=0.0) is crop


def test_a_flat_face_keeps_its_values_also_beyond_white() -> None:
    crop = np.full((24, 24, 3), 3.5, np.float32)
    np.testing.assert_allclose(motion_blurred(crop, at(9, -4), shutter=1.0), 3.5, rtol=1e-5)
