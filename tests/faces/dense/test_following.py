"""Faces led from frame to frame: when the detector is asked, and that nobody is lost or late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.faces.people import frames_of
from tests.facesets.extraction.stand_in import FACE, Drawn, StandIn, frame_with
from tests.facesets.extraction.stand_in_reader import BlobReader
from understudy.faces.dense.following import Follower, Moment
from understudy.faces.dense.landmarker import DenseLandmarker
from understudy.faces.dense.reader import FaceReading
from understudy.faces.detect import Detection
from understudy.media.clip import Frame
from understudy.media.cuts import NOTHING_SEEN, SceneNote

CUT = SceneNote(9.0, NOTHING_SEEN.grid)
Scene = Sequence[Drawn]


class Asked(StandIn):
    """Remembers the frames it was asked about, and finds nothing in some."""

    def __init__(self, blind: Sequence[int] = ()) -> None:
        super().__init__()
        self.frames: list[int] = []
        self.blind = set(blind)

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        self.frames += [frame.index for frame in frames]
        return [
            [] if frame.index in self.blind else found
            for frame, found in zip(frames, super().detect(frames), strict=True)
        ]


def led(
    scenes: Sequence[Scene],
    *,
    every: int = 4,
    detector: Asked | None = None,
    cuts: Sequence[int] = (),
    most: int = 0,
    reader: BlobReader | None = None,
) -> tuple[list[Moment], list[int]]:
    """All moments, and the frames that the detector was asked about."""
    detector = detector or Asked()
    reader = reader or BlobReader()
    follower = Follower(detector, DenseLandmarker(reader), every=every, most_faces=most)
    moments = []
    for frame in frames_of(*[frame_with(faces, seed=index) for index, faces in enumerate(scenes)]):
        if isinstance(reader, Misreading):
            reader.frame, reader.looks = frame.index, 0
        moments += follower.take(frame, CUT if frame.index in cuts else NOTHING_SEEN)
    moments += follower.finish()
    assert [moment.frame.index for moment in moments] == list(range(len(scenes)))
    return moments, detector.frames


class Misreading(BlobReader):
    """Reads whatever it is shown first in some frames badly, with a high score: upside down where `is_turned`.

    What a follower takes over from that is read upside down for good, for the next crop is turned with it.
    """

    def __init__(self, bad: Sequence[int], *, is_turned: bool = True, looks: int = 1) -> None:
        self.bad, self.is_turned, self.bad_looks = set(bad), is_turned, looks
        self.frame = self.looks = 0

    def read(self, crops: np.ndarray) -> FaceReading:
        reading = super().read(crops)
        self.looks += 1
        if self.frame not in self.bad or self.looks > self.bad_looks:
            return reading
        about = 2 * reading.points_px.mean(1, keepdims=True)
        points = about - reading.points_px if self.is_turned else reading.points_px
        return replace(reading, points_px=points, spread_px=np.full(points.shape[:2], 12.0))


def seen(moments: Sequence[Moment]) -> list[int]:
    return [len(moment.faces) for moment in moments]


def walking(count: int, *, x: int = 40, who: int = 1) -> list[list[Drawn]]:
    return [[Drawn(x + 3 * index, 60, 44, who)] for index in range(count)]


def test_the_detector_is_asked_on_every_nth_frame_and_the_last_and_the_face_is_found_on_all():
    scenes = walking(11)
    moments, asked = led(scenes)
    assert asked == [0, 4, 8, 10]
    for moment, (drawn,) in zip(moments, scenes, strict=True):
        (face,) = moment.faces
        assert np.abs(face.points_70[:68] - (FACE * drawn.side + [drawn.x, drawn.y])).max() < 1.5
        half = drawn.side / 2
        box = [drawn.x - half, drawn.y - half, drawn.x + half, drawn.y + half]
        assert np.abs(face.detection.box_xyxy - box).max() < 2, "a box like the detector's"


def test_a_face_that_goes_is_asked_for_at_once_and_not_kept():
    moments, asked = led([*walking(6), [], [], []])
    assert asked == [0, 4, 6, 8]
    assert seen(moments) == [1] * 6 + [0] * 3


def test_a_face_that_comes_between_two_askings_is_led_back_to_its_first_frame():
    newcomer = Drawn(120, 60, 44, 2)
    scenes = [[face, *([newcomer] if index >= 2 else [])] for index, (face,) in enumerate(walking(9, x=25))]
    moments, asked = led(scenes)
    assert asked == [0, 4, 8]
    assert seen(moments) == [1, 1, 2, 2, 2, 2, 2, 2, 2]


def test_a_face_that_the_detector_misses_is_followed_on():
    moments, asked = led(walking(13), detector=Asked(blind=[4, 8, 12]))
    assert asked == [0, 4, 8, 12]
    assert seen(moments) == [1] * 13


def off_px(moments: Sequence[Moment], scenes: Sequence[Scene]) -> np.ndarray:
    """How far the points of the only face are off at most, by frame."""
    truths = [FACE * drawn.side + [drawn.x, drawn.y] for (drawn,) in scenes]
    return np.array(
        [np.abs(m.faces[0].points_70[:68] - truth).max() for m, truth in zip(moments, truths, strict=True)]
    )


@pytest.mark.parametrize("blind", [[], [6]])
def test_a_face_with_a_high_score_that_reads_badly_is_begun_anew_found_by_the_detector_or_not(blind):
    """A head that was read in a wrong pose had a score of 0.99, and led on like that."""
    scenes = walking(11)
    moments, asked = led(scenes, detector=Asked(blind), reader=Misreading([6]))
    assert asked == [0, 4, 6, 8, 10]
    assert min(moment.faces[0].detection.score for moment in moments) > 0.9
    assert off_px(moments, scenes).max() < 1.5


def test_a_face_that_reads_badly_however_it_is_looked_at_is_kept_and_asked_for_once():
    scenes = walking(13)
    covered = Misreading(range(5, 11), is_turned=False, looks=99)
    moments, asked = led(scenes, detector=Asked(blind=range(5, 11)), reader=covered)
    assert asked == [0, 4, 5, 8, 12]
    assert seen(moments) == [1] * 13
    assert off_px(moments, scenes).max() < 1.5


def test_a_face_that_is_covered_again_is_asked_for_again():
    covered = Misreading([1, 2, 5, 6], is_turned=False, looks=99)
    assert led(walking(9), reader=covered)[1] == [0, 1, 4, 5, 8]


def test_a_face_that_goes_in_and_out_of_doubt_does_not_keep_the_detector_busy():
    flickering = Misreading(range(1, 40, 2), is_turned=False, looks=99)
    asked = led(walking(40), every=8, reader=flickering)[1]
    assert len(asked) <= 2 * 40 // 8 + 2


def test_a_face_that_somebody_comes_before_is_begun_anew_at_its_own_place():
    class Surer(Asked):
        """The one in front is surer, and shares half of the box behind."""

        def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
            found = super().detect(frames)
            for frame, faces in zip(frames, found, strict=True):
                if frame.index >= 5 and faces:
                    box = faces[0].box_xyxy
                    faces.append(Detection(box + 0.4 * (box[2] - box[0]), 0.999))
            return found

    scenes = walking(11)
    moments, _ = led(scenes, detector=Surer(), reader=Misreading([6], is_turned=False))
    assert off_px(moments[:8], scenes[:8]).max() < 1.5


def test_at_a_cut_nothing_leads_and_the_detector_is_asked():
    scenes = [*walking(6), *walking(6, x=90, who=2)]
    moments, asked = led(scenes, cuts=[6], detector=Asked(blind=[8, 11]))
    assert asked == [0, 4, 6, 8, 11]
    assert seen(moments) == [1] * 12
    nobody_there, _ = led([*walking(6), [], *walking(5)], cuts=[6])
    assert seen(nobody_there)[6] == 0


def test_a_face_behind_a_cut_is_not_led_back_through_it():
    """The newcomer stands where somebody stood before the cut, too."""
    both = [Drawn(40, 60, 44, 1), Drawn(120, 60, 44, 2)]
    detector = Asked(blind=[0, 5])
    moments, asked = led([both] * 9, cuts=[5], detector=detector)
    assert asked == [0, 4, 5, 8]
    assert seen(moments) == [0, 2, 2, 2, 2, 0, 2, 2, 2]


def test_where_faces_overlap_the_detector_says_who_is_there():
    apart = [[Drawn(40 + 8 * k, 60, 44, 1), Drawn(125 - 8 * k, 60, 44, 2)] for k in range(4)]
    moments, asked = led(apart[:3] + [[Drawn(76, 60, 44, 1), Drawn(92, 60, 44, 2)]] * 2, every=50)
    assert {3, 4} <= set(asked)
    assert seen(moments) == [2] * 5


def test_what_a_detector_doubts_stays_doubtful_until_it_trusts_it():
    small = [[Drawn(40 + index, 60, 20)] for index in range(4)]  # found with little trust
    grown = [[Drawn(44 + index, 60, 21)] for index in range(5)]
    moments, _ = led(small + grown)
    scores = [moment.faces[0].detection.score for moment in moments]
    assert scores[:4] == [0.5] * 4
    assert min(scores[5:]) > 0.9


def test_a_doubted_find_that_is_no_face_does_not_keep_the_detector_busy():
    class Ghosts(Asked):
        def _faces(self, frame: np.ndarray) -> list[Detection]:
            return [Detection(np.array([100.0, 20, 130, 50]), 0.6), *super()._faces(frame)]

    moments, asked = led(walking(9), detector=Ghosts())
    assert asked == [0, 4, 8]
    assert seen(moments) == [2, 1, 1, 1, 2, 1, 1, 1, 2]


def test_no_more_faces_are_followed_than_said_the_largest_first():
    crowd = [[Drawn(30, 60, 30, 1), Drawn(80, 60, 48, 2), Drawn(130, 60, 36, 3)]] * 6
    moments, _ = led(crowd, most=2)
    for moment in moments:
        assert [round(face.detection.box_xyxy[[0, 2]].mean(), -1) for face in moment.faces] == [80, 130]
