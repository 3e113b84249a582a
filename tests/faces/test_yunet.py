"""YuNet through OpenCV, on a stand-in network with the same tensors."""

from pathlib import Path

import numpy as np
import pytest

from tests.faces.people import frames_of
from tests.faces.stand_in_onnx import YUNET_POINTS, write_yunet
from tests.faces.test_s3fd import painted
from understudy.errors import UnsafeFile
from understudy.faces.yunet import YunetDetector, searched_scales


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return write_yunet(tmp_path_factory.mktemp("weights") / "yunet.onnx")


def test_box_and_points_lie_where_the_network_says(weights):
    (faces,) = YunetDetector(weights).detect(frames_of(painted((320, 192, 16))))
    (face,) = faces
    np.testing.assert_allclose(face.box_xyxy, [328 - 32, 200 - 32, 328 + 32, 200 + 32], atol=0.01)
    np.testing.assert_allclose(face.points_5, YUNET_POINTS * 16 + [320, 192], atol=0.01)
    assert 0.8 < face.score <= 1


def test_a_large_frame_is_answered_in_its_own_pixels(weights):
    small = painted((320, 192, 16))
    large = np.repeat(np.repeat(small, 3, 0), 3, 1)
    (expected,), (found,) = (YunetDetector(weights).detect(frames_of(picture)) for picture in (small, large))
    np.testing.assert_allclose(found[0].box_xyxy, expected[0].box_xyxy * 3, atol=0.1)
    np.testing.assert_allclose(found[0].points_5, expected[0].points_5 * 3, atol=0.1)


def test_frames_of_a_batch_are_told_apart_and_faces_come_largest_first(weights):
    frames = frames_of(painted(), painted((320, 192, 16), (64, 64, 16)), painted((96, 96, 16)))
    found = YunetDetector(weights).detect(frames)
    assert [len(faces) for faces in found] == [0, 2, 1]


def test_faces_smaller_than_asked_for_are_left_out(weights):
    frames = frames_of(painted((320, 192, 16)))
    assert YunetDetector(weights, smallest_face_share=0.5).detect(frames) == [[]]


def test_blue_is_not_taken_for_red(weights):
    picture = painted((320, 192, 16))[..., ::-1]
    assert YunetDetector(weights).detect(frames_of(picture)) == [[]]


def test_small_faces_of_large_frames_are_looked_for_at_finer_scales():
    assert searched_scales(1920, 1080, 0.08 * 1080) == [640 / 1920]
    scales = searched_scales(3840, 2160, 0.01 * 2160)
    assert scales[0] == 640 / 3840 and scales[-1] * 0.01 * 2160 >= 16
    assert searched_scales(320, 240, 5) == [1.0]


def test_a_face_seen_twice_is_one(weights, monkeypatch):
    monkeypatch.setattr("understudy.faces.yunet.searched_scales", lambda *_: [1.0, 1.0])
    (faces,) = YunetDetector(weights).detect(frames_of(painted((320, 192, 16))))
    assert len(faces) == 1


def test_a_file_that_is_no_network_is_refused(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(UnsafeFile, match="face detector"):
        YunetDetector(tmp_path / "a.onnx")
