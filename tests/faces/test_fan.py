"""The FAN adapter on a stand-in with its tensors: where a spot in the frame lies, the landmarks must lie."""

import numpy as np
import pytest
import torch

from tests.faces.nets import SpotFan
from tests.faces.people import frames_of
from understudy.faces.detect import Detection
from understudy.faces.fan import FanLandmarker, peaks, seen_squares


def spot(x: float, y: float, width: int = 320, height: int = 240) -> np.ndarray:
    """A soft red spot at a place measured from the corner."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    amount = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 4.0**2))
    return np.stack([255 * amount, 0 * amount, 0 * amount], -1).round().astype(np.uint8)


def box_at(x: float, y: float, side: float) -> Detection:
    return Detection(np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2]), 1.0)


@pytest.mark.parametrize("side", [40.0, 90.0, 170.0])
def test_landmarks_lie_where_the_network_saw_them(side):
    frames = frames_of(spot(150.3, 120.7))
    (points,) = FanLandmarker(SpotFan()).landmarks_68(frames, [[box_at(146, 118, side)]])
    per_map_px = side * 2 * 200 / 195 / 64
    expected = np.stack([150.3 + np.arange(68) / 8 * per_map_px, np.full(68, 120.7)], -1)
    assert np.abs(points[0] - expected).max() < 0.15 + 0.02 * per_map_px


def test_faces_of_many_frames_go_through_together_and_come_back_in_order():
    frames = frames_of(spot(60, 60), spot(10, 10), spot(200, 150))
    detections = [[box_at(62, 58, 60), box_at(55, 64, 80)], [], [box_at(201, 149, 70)]]
    network = SpotFan()
    together = FanLandmarker(network).landmarks_68(frames, detections)
    assert [len(points) for points in together] == [2, 0, 1]
    for frame, faces, points in zip(frames, detections, together, strict=True):
        for face, found in zip(faces, points, strict=True):
            (alone,) = FanLandmarker(network).landmarks_68([frame], [[face]])
            np.testing.assert_allclose(alone[0], found, atol=1e-3)


def test_a_face_at_the_frames_edge_is_padded_with_black():
    (points,) = FanLandmarker(SpotFan()).landmarks_68(frames_of(spot(4, 5)), [[box_at(4, 5, 60)]])
    assert np.abs(points[0, 0] - [4, 5]).max() < 1.2  # half of the spot lies outside


def test_a_network_that_gives_one_tensor_will_do():
    class Plain(SpotFan):
        def forward(self, faces_BCHW):
            return super().forward(faces_BCHW)[-1]

    frames, detections = frames_of(spot(150, 120)), [[box_at(150, 120, 90)]]
    np.testing.assert_allclose(
        FanLandmarker(Plain()).landmarks_68(frames, detections)[0],
        FanLandmarker(SpotFan()).landmarks_68(frames, detections)[0],
    )


def test_the_square_seen_is_that_of_the_network_it_was_taught_with():
    (square,) = seen_squares(np.array([[10.0, 20.0, 110.0, 140.0]]))
    side = 200 * (100 + 120) / 195
    np.testing.assert_allclose(square, [[side, 0, 60 - side / 2], [0, side, 80 - side / 2]])


def test_peaks_between_pixels_are_found():
    places = np.random.default_rng(0).uniform(2, 61, (3, 68, 2))
    at = np.arange(64) + 0.5
    maps = np.exp(
        -((at - places[..., 0, None]) ** 2)[:, :, None] / 2 - ((at - places[..., 1, None]) ** 2)[..., None] / 2
    )
    np.testing.assert_allclose(peaks(maps.astype(np.float32)) * 64, places, atol=1e-3)


def test_a_flat_or_negative_map_gives_numbers():
    maps = np.stack([np.zeros((68, 64, 64)), -np.ones((68, 64, 64))]).astype(np.float32)
    maps[1, :, 30, 30] = -0.5
    maps[1, :, 30, 31] = -0.8
    found = peaks(maps)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1, 0], [(30.5 + 0.25) / 64, 30.5 / 64])


def test_no_faces_need_no_network():
    found = FanLandmarker(torch.nn.Identity()).landmarks_68(frames_of(spot(1, 1)), [[]])
    assert found[0].shape == (0, 68, 2)
