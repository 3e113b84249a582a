"""Turned frames, second passes and jittered boxes, around any detector and landmarker."""

from __future__ import annotations

import numpy as np
import pytest

from tests.faces.nets import SpotFan
from tests.faces.people import five_of, frames_of
from tests.faces.test_fan import box_at, spot
from understudy.faces.detect import Detection
from understudy.faces.fan import FanLandmarker
from understudy.faces.five_point import FivePointLandmarker
from understudy.faces.mtcnn import MtcnnDetector
from understudy.faces.passes import (
    DrawnLandmarker,
    ReFeedLandmarker,
    RotatingDetector,
    SecondPassLandmarker,
    UprightLandmarker,
    turned,
)
from understudy.geometry import crop_from_frame


def turned_points(points: np.ndarray, turns: int, width: int, height: int) -> np.ndarray:
    """Points of a picture in the picture turned by `turns` quarters counter-clockwise."""
    for _ in range(turns):
        points = np.stack([points[..., 1], width - points[..., 0]], -1)
        width, height = height, width
    return points


class Recorder:
    """A landmarker that notes what it was shown and answers with the boxes' corners."""

    def __init__(self) -> None:
        self.seen: list[tuple] = []

    def landmarks_68(self, frames, detections):
        self.seen.append((frames, detections))
        return [
            np.array([np.tile(face.box_xyxy[:2], (68, 1)) for face in faces]).reshape(-1, 68, 2)
            for faces in detections
        ]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_in_a_turned_frame_is_found_where_it_is(src_frames, turns):
    """The frame is wider than high, so that a mixed-up side would show."""
    picture = np.pad(src_frames[0].rgb, ((0, 0), (0, 60), (0, 0)), constant_values=120)
    height, width = picture.shape[:2]
    frame = frames_of(np.ascontiguousarray(np.rot90(picture, turns)))[0]
    (found,) = RotatingDetector(MtcnnDetector()).detect([frame])
    true = turned_points(five_of(src_frames[0].landmarks_68), turns, width, height)
    best = min(found, key=lambda face: np.abs(face.points_5 - true).max())
    assert np.linalg.norm(best.points_5 - true, axis=1).mean() < 8
    left, top, right, bottom = best.box_xyxy
    assert left < true[:, 0].min() and right > true[:, 0].max()
    assert top < true[:, 1].min() and bottom > true[:, 1].max()


def test_a_turn_with_points_of_an_upright_face_beats_a_sure_face_with_its_mouth_above_its_eyes():
    class Sideways:
        """Sure of a face whose mouth lies beside its eyes, until the frame stands upright."""

        def detect(self, frames):
            return [[self._face(frame)] for frame in frames]

        def _face(self, frame):
            box = np.array([0.0, 0, 100, 100])
            if frame.rgb[0, 0, 0] == 255:
                return Detection(box, 0.97, np.array([(30.0, 30), (70, 30), (50, 50), (35, 75), (65, 75)]))
            return Detection(box, 0.99, np.array([(30.0, 30), (30, 70), (50, 50), (75, 35), (75, 65)]))

    picture = np.zeros((100, 100, 3), np.uint8)
    picture[0, -1] = 255  # the corner that comes first after a turn by 90 degrees
    ((face,),) = RotatingDetector(Sideways()).detect(frames_of(picture))
    assert (face.turn_deg, face.score) == (90, 0.97)


STANDING = np.array([(0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.35, 0.75), (0.65, 0.75)])


def test_a_turned_face_that_is_surer_leaves_an_upright_face_of_the_same_frame_where_it_is():
    """In the frame, 200 by 100, an upright face lies left and one on its side right."""
    lying = STANDING[:, ::-1]

    class Two:
        def detect(self, frames):
            return [self._faces(frame.rgb.shape[:2]) for frame in frames]

        def _faces(self, size):
            def face(x, y, score, points):
                return Detection(np.array([x, y, x + 80, y + 80.0]), score, points * 80 + [x, y])

            if size == (100, 200):
                self.looks = getattr(self, "looks", 0) + 1
                if self.looks == 1:
                    return [face(110, 10, 0.9, lying), face(10, 10, 0.85, STANDING)]
                return []
            self.turns = getattr(self, "turns", 0) + 1
            # Turned by 90 degrees, what was right is above.
            return [face(10, 10, 0.97, STANDING), face(10, 110, 0.8, lying)] if self.turns == 1 else []

    (faces,) = RotatingDetector(Two()).detect(frames_of(np.zeros((100, 200, 3), np.uint8)))
    found = sorted((float(f.box_xyxy[0]), f.score, f.turn_deg) for f in faces)
    assert found == [(10.0, 0.85, 0), (110.0, 0.97, 90)]


def test_a_detector_that_scores_low_is_not_asked_again_about_faces_that_it_is_sure_of():
    class Low:
        looks = 0

        def detect(self, frames):
            self.looks += 1
            return [[Detection(np.array([0.0, 0, 80, 80]), 0.85, STANDING * 80)] for _ in frames]

    for sure, looks in ((0.8, 1), (0.95, 4)):
        inner = Low()
        RotatingDetector(inner, sure=sure).detect(frames_of(np.zeros((100, 100, 3), np.uint8)))
        assert inner.looks == looks


def test_frames_with_a_face_are_looked_at_once(src_frames):
    class Counting(MtcnnDetector):
        looks = 0

        def detect(self, frames):
            Counting.looks += len(frames)
            return super().detect(frames)

    RotatingDetector(Counting()).detect(frames_of(src_frames[0].rgb, src_frames[1].rgb))
    assert Counting.looks == 2
    RotatingDetector(Counting()).detect(frames_of(np.zeros((60, 60, 3), np.uint8)))
    assert Counting.looks == 2 + 4


@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_the_landmarker_sees_faces_of_turned_frames_upright(turn_deg):
    picture = spot(100, 60)
    upright = frames_of(picture)[0]
    (expected,) = FanLandmarker(SpotFan()).landmarks_68([upright], [[box_at(102, 58, 80)]])
    # Turn the frame so that turning it by `turn_deg` makes it upright again.
    frame = turned(upright, (360 - turn_deg) % 360)
    turns = (360 - turn_deg) // 90
    corners = turned_points(np.array([[62.0, 18.0], [142.0, 98.0]]), turns, 320, 240)
    face = Detection(np.concatenate([corners.min(0), corners.max(0)]), 1.0, turn_deg=turn_deg)
    (found,) = UprightLandmarker(FanLandmarker(SpotFan())).landmarks_68([frame], [[face]])
    np.testing.assert_allclose(found[0], turned_points(expected[0], turns, 320, 240), atol=0.1)


def test_upright_and_turned_faces_of_one_frame_keep_their_order():
    frame = frames_of(spot(100, 60))[0]
    faces = [box_at(50, 50, 20), Detection(box_at(200, 90, 40).box_xyxy, 1.0, turn_deg=90), box_at(99, 99, 10)]
    (points,) = UprightLandmarker(Recorder()).landmarks_68([frame], [faces])
    # The recorder answers with left and top of what it saw: turned back, another corner of the same box.
    np.testing.assert_allclose(points[:, 0], [[40, 40], [220, 70], [94, 94]])


def test_drawn_landmarks_are_left_as_they_are():
    drawn = np.random.default_rng(0).uniform(0, 99, (68, 2))
    known = Detection(np.array([0.0, 0, 9, 9]), 1.0, landmarks_68=drawn)
    inner = Recorder()
    frames = frames_of(spot(1, 1), spot(2, 2))
    points = DrawnLandmarker(inner).landmarks_68(frames, [[box_at(50, 50, 20), known], [known]])
    np.testing.assert_array_equal(points[0][1], drawn)
    np.testing.assert_array_equal(points[1][0], drawn)
    np.testing.assert_allclose(points[0][0, 0], [40, 40])
    assert [len(faces) for faces in inner.seen[0][1]] == [1, 0]


def test_the_second_pass_shows_the_aligned_face(src_frames):
    """In the aligned crop the eyes are level, whatever the frame."""

    class Twice(Recorder):
        def landmarks_68(self, frames, detections):
            self.seen.append((frames, detections))
            return [true[None]] if len(self.seen) == 1 else [np.full((1, 68, 2), 128.0)]

    true = src_frames[3].landmarks_68
    inner, frame = Twice(), frames_of(src_frames[3].rgb)[0]
    box = np.concatenate([true.min(0), true.max(0)])
    (points,) = SecondPassLandmarker(inner).landmarks_68([frame], [[Detection(box, 1.0)]])
    frames, detections = inner.seen[1]
    assert frames[0].rgb.shape == (256, 256, 3)
    inside = detections[0][0].box_xyxy
    assert (inside[:2] > 0).all() and (inside[2:] < 256).all()
    # The crop's middle lies where the crop's transform says.
    crop = crop_from_frame(true, face_type="full", size_px=256)
    np.testing.assert_allclose(points[0, 0] @ crop[:, :2].T + crop[:, 2], [128, 128], atol=1e-6)


@pytest.mark.parametrize("wrapped", [SecondPassLandmarker, lambda inner: ReFeedLandmarker(inner, times=4)])
def test_more_passes_keep_the_landmarks_on_the_face(src_frames, dst_frames, wrapped):
    rendered = [*src_frames, *dst_frames]
    frames = frames_of(*[one.rgb for one in rendered])
    detections = [found[:1] for found in MtcnnDetector().detect(frames)]
    plain, more = (
        m.landmarks_68(frames, detections) for m in (FivePointLandmarker(), wrapped(FivePointLandmarker()))
    )
    true = [five_of(one.landmarks_68) for one in rendered]
    missed = [
        np.mean([np.linalg.norm(five_of(p[0]) - t, axis=1).mean() for p, t in zip(found, true, strict=True)])
        for found in (plain, more)
    ]
    assert missed[1] < 1.25 * missed[0]


def test_the_mean_of_jittered_boxes_is_given():
    frame, face = frames_of(spot(150, 120))[0], box_at(150, 120, 90)
    inner = Recorder()
    (points,) = ReFeedLandmarker(inner, times=8).landmarks_68([frame], [[face]])
    shown = np.stack([seen[0][0].box_xyxy[:2] for _, seen in inner.seen])
    assert len(shown) == 9
    np.testing.assert_allclose(points[0, 0], shown.mean(0))


def test_jitter_depends_on_the_frame_alone_and_stays_within_five_percent():
    inner = Recorder()
    frames = frames_of(spot(1, 1), spot(2, 2))
    faces = [[box_at(50, 50, 100)], [box_at(50, 50, 100), box_at(80, 80, 20)]]
    ReFeedLandmarker(inner, times=3).landmarks_68(frames, faces)
    alone = Recorder()
    ReFeedLandmarker(alone, times=3).landmarks_68(frames[1:], faces[1:])
    for (_, seen), (_, again) in zip(inner.seen, alone.seen, strict=True):
        assert [f.box_xyxy.tolist() for f in seen[1]] == [f.box_xyxy.tolist() for f in again[0]]
    shifts = np.stack([seen[0][0].box_xyxy for _, seen in inner.seen[1:]]) - faces[0][0].box_xyxy
    assert (np.abs(shifts) <= 5).all() and np.abs(shifts).max() > 1
    assert len({tuple(shift) for shift in shifts.tolist()}) == 3
