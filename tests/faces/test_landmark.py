"""Every landmarker, plain or wrapped, keeps the promises of the interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tests.faces.nets import SpotFan
from tests.faces.people import frames_of
from tests.facesets.extraction.stand_in_reader import BlobReader
from understudy.faces.dense.landmarker import DenseLandmarker
from understudy.faces.detect import Detection
from understudy.faces.fan import FanLandmarker
from understudy.faces.five_point import FivePointLandmarker, five_of
from understudy.faces.imported import ImportedFace, ImportedFaces, ImportLandmarker
from understudy.faces.landmark import LANDMARKERS, Landmarker
from understudy.faces.passes import (
    DrawnLandmarker,
    ReFeedLandmarker,
    SecondPassLandmarker,
    UprightLandmarker,
)
from understudy.media.clip import loose_frame


class Found:
    """Two actors' frames, the middle one without a face, the last with one face twice."""

    def __init__(self, rendered: Sequence) -> None:
        self.rendered = rendered
        self.frames = frames_of(*[one.rgb for one in rendered])
        detections = [_detection(one.landmarks_68) for one in rendered]
        self.detections = [[detections[0]], [], [detections[2], _moved(detections[2])]]


def _detection(landmarks: np.ndarray) -> Detection:
    low, high = landmarks.min(0), landmarks.max(0)
    return Detection(np.concatenate([low, high]), 1.0, five_of(landmarks))


def _moved(face: Detection) -> Detection:
    assert face.points_5 is not None
    return Detection(face.box_xyxy + 1.0, 0.9, face.points_5 + 1.0)


@pytest.fixture(scope="module")
def found(src_frames, dst_frames) -> Found:
    return Found([src_frames[0], src_frames[1], dst_frames[2]])


def _import(found: Found) -> Landmarker:
    known = {
        n: [ImportedFace(face.box_xyxy, one.landmarks_68) for face in faces]
        for n, (faces, one) in enumerate(zip(found.detections, found.rendered, strict=True))
    }
    return ImportLandmarker(ImportedFaces(known))


MADE: dict[str, Callable[[Found], Landmarker]] = {
    "dense": lambda found: DenseLandmarker(BlobReader()),
    "dense, thorough": lambda found: DenseLandmarker(BlobReader(), second_pass=True, re_feed=2),
    "five-point": lambda found: FivePointLandmarker(),
    "fan": lambda found: FanLandmarker(SpotFan()),
    "import": _import,
    "drawn": lambda found: DrawnLandmarker(FivePointLandmarker()),
    "upright": lambda found: UprightLandmarker(FivePointLandmarker()),
    "second pass": lambda found: SecondPassLandmarker(FivePointLandmarker()),
    "re-feed": lambda found: ReFeedLandmarker(FivePointLandmarker(), times=2),
    "all": lambda found: DrawnLandmarker(
        UprightLandmarker(SecondPassLandmarker(ReFeedLandmarker(FanLandmarker(SpotFan()), times=1)))
    ),
}


def test_every_listed_landmarker_is_in_this_suite():
    assert set(LANDMARKERS) <= set(MADE)


@pytest.mark.parametrize("name", MADE)
def test_it_answers_for_every_detection_of_every_frame_in_order(found, name):
    points = MADE[name](found).landmarks_68(found.frames, found.detections)
    assert [p.shape for p in points] == [(1, 68, 2), (0, 68, 2), (2, 68, 2)]
    assert all(np.isfinite(p).all() for p in points)


@pytest.mark.parametrize("name", MADE)
def test_a_batch_gives_what_single_faces_give(found, name):
    landmarker = MADE[name](found)
    together = landmarker.landmarks_68(found.frames, found.detections)
    for frame, faces, points in zip(found.frames, found.detections, together, strict=True):
        (alone,) = landmarker.landmarks_68([frame], [faces])
        np.testing.assert_allclose(alone, points, atol=0.02)


@pytest.mark.parametrize("name", MADE)
def test_the_same_faces_get_the_same_landmarks_and_stay_as_they_are(found, name):
    landmarker, before = MADE[name](found), found.detections[0][0].box_xyxy.copy()
    pictures = [frame.rgb.copy() for frame in found.frames]
    once, again = (landmarker.landmarks_68(found.frames, found.detections) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert np.array_equal(found.detections[0][0].box_xyxy, before)
    assert all(np.array_equal(f.rgb, p) for f, p in zip(found.frames, pictures, strict=True))


@pytest.mark.parametrize("name", MADE)
def test_deep_frames_are_seen_like_frames_of_eight_bits(found, name):
    deep = [loose_frame(frame.rgb.astype(np.uint16) * 257, index=frame.index) for frame in found.frames]
    plain = MADE[name](found).landmarks_68(found.frames, found.detections)
    for a, b in zip(MADE[name](found).landmarks_68(deep, found.detections), plain, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", MADE)
def test_no_frames_and_no_faces_give_nothing(found, name):
    landmarker = MADE[name](found)
    assert landmarker.landmarks_68([], []) == []
    assert landmarker.landmarks_68(found.frames[:1], [[]])[0].shape == (0, 68, 2)
