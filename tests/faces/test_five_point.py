import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.people import five_of, frames_of, turned_face
from understudy.faces.detect import Detection
from understudy.faces.five_point import FivePointLandmarker, landmarks_from_five
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS
from understudy.faces.pose import pose_from_landmarks
from understudy.geometry import compose, crop_from_frame, inverse, mirrored_landmarks, transform_points


def crop_difference(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """How far the crop's centre is off, and its scale, in shares of the crop's side."""
    crops = [crop_from_frame(points, face_type="full", size_px=1) for points in (found, true)]
    between = compose(crops[0], inverse(crops[1]))
    off = transform_points(between, [0.5, 0.5]) - 0.5
    return float(np.linalg.norm(off)), float(np.hypot(between[0, 0], between[1, 0]) - 1)


@settings(max_examples=60, deadline=None)
@given(st.floats(-45, 45), st.floats(-20, 20), st.floats(-50, 50), st.floats(0.3, 4))
def test_the_mean_faces_crop_is_known_from_its_five_points_in_any_pose(yaw, pitch, roll, scale):
    true = turned_face(yaw, pitch, roll, scale=scale)
    off, larger = crop_difference(landmarks_from_five(five_of(true)[None])[0], true)
    assert off < 0.02 and abs(larger) < 0.04


@settings(max_examples=40, deadline=None)
@given(st.floats(-45, 45), st.integers(0, 2**32 - 1))
def test_the_five_points_are_met(yaw, seed):
    points = five_of(turned_face(yaw)) + np.random.default_rng(seed).normal(0, 3, (5, 2))
    np.testing.assert_allclose(five_of(landmarks_from_five(points[None])[0]), points, atol=1e-6)


def test_a_turn_and_a_shift_of_the_points_turn_and_shift_the_landmarks():
    points = five_of(turned_face(25, 5))
    turn = np.array([[0.0, -2.0, 400.0], [2.0, 0.0, -30.0]])
    plain, turned = landmarks_from_five(np.stack([points, transform_points(turn, points)]))
    np.testing.assert_allclose(turned, transform_points(turn, plain), atol=1e-6)


def test_a_mirrored_face_gets_mirrored_landmarks():
    points = five_of(turned_face(25, 5))
    mirrored = (points * [-1, 1] + [320, 0])[[1, 0, 2, 4, 3]]
    plain, other = landmarks_from_five(np.stack([points, mirrored]))
    # The mean face itself is not quite symmetric.
    assert np.abs(mirrored_landmarks(plain, width_px=320) - other).max() < 4


def test_yaw_of_the_landmarks_follows_the_points():
    yaws = [-40, -20, 0, 20, 40]
    found = landmarks_from_five(np.stack([five_of(turned_face(yaw)) for yaw in yaws]))
    np.testing.assert_allclose([pose_from_landmarks(f).yaw_deg for f in found], yaws, atol=6)


def test_points_all_in_one_place_give_numbers():
    assert np.isfinite(landmarks_from_five(np.full((1, 5, 2), 50.0))).all()


def test_the_listed_landmarker_answers_for_each_detection():
    landmarker = LANDMARKERS["five-point"](FinderInputs())
    assert isinstance(landmarker, FivePointLandmarker)
    frames = frames_of(*[np.zeros((320, 320, 3), np.uint8)] * 3)
    assert [points.shape for points in landmarker.landmarks_68(frames, [[], [], []])] == [(0, 68, 2)] * 3
    faces = [Detection(np.zeros(4), 1.0, five_of(turned_face(yaw))) for yaw in (0, 30)]
    found = landmarker.landmarks_68(frames, [faces, [], faces[:1]])
    assert [len(points) for points in found] == [2, 0, 1]
    np.testing.assert_allclose(five_of(found[0][1]), faces[1].points_5, atol=1e-6)


def test_points_are_looked_for_in_boxes_that_come_without(src_frames, dst_frames):
    pytest.importorskip("torch")
    rendered = [*src_frames, *dst_frames]
    boxes = [[Detection(box_about(frame.landmarks_68), 1.0)] for frame in rendered]
    frames = frames_of(*[frame.rgb for frame in rendered])
    found = LANDMARKERS["five-point"](FinderInputs()).landmarks_68(frames, boxes)
    for points, frame in zip(found, rendered, strict=True):
        off, larger = crop_difference(points[0], frame.landmarks_68)
        assert off < 0.07 and abs(larger) < 0.2


def box_about(landmarks: np.ndarray) -> np.ndarray:
    """A box as a stranger's detector might draw it: brow to chin, off by a twentieth."""
    low, high = landmarks.min(0), landmarks.max(0)
    return np.concatenate([low - 0.05 * (high - low), high])


def test_found_faces_of_actors_get_crops_near_the_true_ones(src_frames, dst_frames):
    pytest.importorskip("torch")
    from understudy.faces.mtcnn import MtcnnDetector

    frames = [*src_frames, *dst_frames]
    found = MtcnnDetector().detect(frames_of(*[frame.rgb for frame in frames]))
    differences = [
        crop_difference(landmarks_from_five(faces[0].points_5[None])[0], frame.landmarks_68)
        for faces, frame in zip(found, frames, strict=True)
    ]
    assert max(off for off, _ in differences) < 0.06
    assert np.std([larger for _, larger in differences]) < 0.06
