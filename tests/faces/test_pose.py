import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces.people import turned_face
from understudy.faces.pose import pose_from_landmarks, pose_from_rotation, poses_from_landmarks, rotation

angles = st.tuples(st.floats(-60, 60), st.floats(-40, 40), st.floats(-80, 80))


@settings(max_examples=60, deadline=None)
@given(angles)
def test_angles_come_back_from_their_rotation(degrees):
    turn = rotation(np.radians(degrees))
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    found = pose_from_rotation(turn)
    np.testing.assert_allclose([found.yaw_deg, found.pitch_deg, found.roll_deg], degrees, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(angles, st.floats(0.3, 5))
def test_a_turned_mean_face_gives_its_pose(degrees, scale):
    found = pose_from_landmarks(turned_face(*degrees, scale=scale))
    # It was seen from afar, and the pose is read as if from a few steps away.
    np.testing.assert_allclose([found.yaw_deg, found.pitch_deg, found.roll_deg], degrees, atol=6)


def test_signs_are_those_of_the_face_record():
    nose_to_the_right = turned_face(yaw_deg=20)
    assert nose_to_the_right[30, 0] > nose_to_the_right[27, 0]
    assert pose_from_landmarks(nose_to_the_right).yaw_deg > 10
    assert turned_face(pitch_deg=20)[30, 1] < turned_face()[30, 1]
    assert pose_from_landmarks(turned_face(pitch_deg=20)).pitch_deg > 10
    clockwise = turned_face(roll_deg=20)
    assert clockwise[45, 1] > clockwise[36, 1]
    assert pose_from_landmarks(clockwise).roll_deg == pytest.approx(20, abs=1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(angles, st.floats(0.3, 5)), min_size=1, max_size=5))
def test_many_poses_at_once_are_the_poses_one_by_one(some):
    faces = np.stack([turned_face(*degrees, scale=scale) for degrees, scale in some])
    faces += np.random.default_rng(0).normal(0, 1, faces.shape)
    alone = [pose_from_landmarks(face) for face in faces]
    expected = [(pose.yaw_deg, pose.pitch_deg, pose.roll_deg) for pose in alone]
    np.testing.assert_allclose(poses_from_landmarks(faces), expected, atol=1e-6)


def test_nobody_has_no_poses():
    assert poses_from_landmarks(np.empty((0, 68, 2))).shape == (0, 3)
