import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from tests.faces.people import five_of, frames_of
from understudy.faces.boxes import overlap
from understudy.faces.detect import DETECTORS
from understudy.faces.inputs import FinderInputs
from understudy.faces.mtcnn import MtcnnDetector
from understudy.faces.settings import MtcnnSettings
from understudy.geometry import unit_from_frame


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector()


def size_px(landmarks: np.ndarray) -> float:
    """Side of the mean face's unit square in the frame."""
    return 1 / float(np.sqrt(np.linalg.det(unit_from_frame(landmarks)[:, :2])))


def test_a_rendered_face_is_found_with_its_points_in_place(detector, src_frames, dst_frames):
    frames = [*src_frames, *dst_frames]
    found = detector.detect(frames_of(*[frame.rgb for frame in frames]))
    for faces, frame in zip(found, frames, strict=True):
        assert len(faces) == 1
        missed = faces[0].points_5 - five_of(frame.landmarks_68)
        assert np.linalg.norm(missed, axis=1).mean() < 0.12 * size_px(frame.landmarks_68)
        assert 0.8 < faces[0].score <= 1


def test_a_batch_finds_what_one_frame_at_a_time_finds(detector, src_frames, dst_frames):
    frames = frames_of(*[frame.rgb for frame in (*src_frames[:3], *dst_frames[:2])])
    together = detector.detect(frames)
    for one, faces in zip(frames, together, strict=True):
        (alone,) = detector.detect([one])
        assert len(alone) == len(faces)
        np.testing.assert_allclose(alone[0].box_xyxy, faces[0].box_xyxy, atol=0.01)
        np.testing.assert_allclose(alone[0].points_5, faces[0].points_5, atol=0.01)


def test_looking_again_makes_the_points_steadier(src_frames):
    """The same face, laid into the frame a little elsewhere, should get the same points there."""
    picture, moved = src_frames[0].rgb, [(0, 0), (1, 2), (3, 1), (2, 4), (5, 3), (4, 6)]
    frames = [np.roll(np.pad(picture, ((16, 16), (16, 16), (0, 0)), mode="edge"), by, (1, 0)) for by in moved]
    spread = {}
    for passes in (0, 2):
        found = MtcnnDetector(settings=MtcnnSettings(refinement_passes=passes)).detect(frames_of(*frames))
        points = np.array([faces[0].points_5 - by for faces, by in zip(found, moved, strict=True)])
        spread[passes] = points.std(0).mean()
    assert spread[2] < 0.6 * spread[0]


def test_points_of_a_mirrored_frame_are_the_mirrored_points(detector, src_frames):
    picture = src_frames[1].rgb
    (plain,), (mirrored,) = detector.detect(frames_of(picture, np.ascontiguousarray(picture[:, ::-1])))
    back = mirrored.points_5[[1, 0, 2, 4, 3]] * [-1, 1] + [picture.shape[1], 0]
    assert np.abs(back - plain.points_5).max() < 0.25


def test_several_faces_come_largest_first(detector, src_frames, dst_frames):
    large, small = src_frames[2].rgb, dst_frames[2].rgb[::2, ::2]
    frame = np.full((160, 280, 3), 120, np.uint8)
    frame[:, :160], frame[20:100, 190:270] = large, small
    (found,) = detector.detect(frames_of(frame))
    assert [face.box_xyxy[0] < 160 for face in found] == [True, False]
    assert overlap(found[0].box_xyxy[None], found[1].box_xyxy[None])[0, 0] == 0


@pytest.mark.parametrize("shape", [(10, 10, 3), (24, 200, 3), (90, 120, 3)])
def test_a_frame_without_a_face_gives_an_empty_list(detector, shape):
    frames = frames_of(np.full(shape, 90, np.uint8), np.zeros(shape, np.uint8))
    assert detector.detect(frames) == [[], []]


def test_a_wall_of_small_faces_is_searched_in_little_memory(src_frames, monkeypatch):
    left, top, right, bottom = MtcnnDetector().detect(frames_of(src_frames[0].rgb))[0][0].box_xyxy.astype(int)
    face = cv2.resize(src_frames[0].rgb[top:bottom, left:right], (20, 20), interpolation=cv2.INTER_AREA)
    compared = [0]

    def counted(boxes, others, **how):
        compared.append(len(boxes))
        return overlap(boxes, others, **how)

    monkeypatch.setattr("understudy.faces.boxes.overlap", counted)
    detector = MtcnnDetector(settings=MtcnnSettings(smallest_face_share=0.01))
    monkeypatch.setattr("understudy.faces.mtcnn._MOST_CELLS", 150)
    (found,) = detector.detect(frames_of(np.tile(face, (4, 8, 1))))
    assert len(found) > 10
    assert max(compared) <= 150, "each is compared with every other one"


def test_the_number_of_threads_is_given_back(detector):
    before = torch.get_num_threads()
    detector.detect(frames_of(np.zeros((40, 40, 3), np.uint8)))
    assert torch.get_num_threads() == before


def test_no_frames_give_no_lists(detector):
    assert detector.detect([]) == []


def test_a_large_frame_is_searched_small_and_answered_in_its_own_pixels(src_frames):
    picture = src_frames[0].rgb
    large = np.repeat(np.repeat(picture, 3, 0), 3, 1)
    (found,) = MtcnnDetector(settings=MtcnnSettings(longest_side_px=160)).detect(frames_of(large))
    (expected,) = MtcnnDetector().detect(frames_of(picture))
    np.testing.assert_allclose(found[0].points_5, expected[0].points_5 * 3, atol=1.5)


def test_the_list_of_detectors_makes_them_without_importing_torch_first():
    code = "import sys; from understudy.faces.detect import DETECTORS; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
    assert isinstance(DETECTORS["mtcnn"](FinderInputs()), MtcnnDetector)
