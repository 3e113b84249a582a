"""Landmarks from boxes and from the last frame's points, by a reader whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.faces.people import frames_of
from tests.facesets.extraction.stand_in import FACE, Drawn, frame_with
from tests.facesets.extraction.stand_in_reader import BlobReader
from understudy.faces.dense.landmarker import DenseLandmarker
from understudy.faces.dense.reader import FaceReading
from understudy.faces.detect import Detection
from understudy.faces.passes import turned
from understudy.media.clip import Frame

ONE = np.zeros(1, np.intp)


def truth(face: Drawn) -> np.ndarray:
    return FACE * face.side + [face.x, face.y]


def box(face: Drawn, *, off_px: float = 0.0) -> Detection:
    half = face.side / 2
    sides = np.array([face.x - half, face.y - half, face.x + half, face.y + half])
    return Detection(sides + off_px, 0.9)


class Watched(BlobReader):
    """Keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[np.ndarray] = []

    def read(self, crops: np.ndarray) -> FaceReading:
        self.shown.append(crops)
        return super().read(crops)


@pytest.fixture
def frames() -> list[Frame]:
    return frames_of(frame_with([Drawn(60, 60, 48)]), frame_with([Drawn(50, 55, 40), Drawn(120, 60, 44, 2)]))


def test_faces_of_several_frames_are_placed_at_once_from_boxes_that_are_off(frames):
    reader = Watched()
    faces = [[Drawn(60, 60, 48)], [Drawn(50, 55, 40), Drawn(120, 60, 44, 2)]]
    points = DenseLandmarker(reader).landmarks_68(frames, [[box(f, off_px=4) for f in row] for row in faces])
    for placed, drawn in zip(points, faces, strict=True):
        assert np.abs(placed - [truth(face) for face in drawn]).max() < 1.5
    assert [len(crops) for crops in reader.shown] == [3, 3], "all boxes together, then all points together"


def test_the_next_frame_begins_where_the_last_points_are(frames):
    reader = Watched()
    landmarker = DenseLandmarker(reader)
    before = landmarker.begin(frames[:1], ONE, [box(Drawn(60, 60, 48))]).points_70
    moved = frames_of(frame_with([Drawn(62, 61, 48)]))
    reader.shown.clear()
    read = landmarker.go_on(moved, ONE, before)
    assert np.abs(read.points_70[0, :68] - truth(Drawn(62, 61, 48))).max() < 1.5
    assert read.scores[0] > 0.9
    assert [len(crops) for crops in reader.shown] == [1], "one look is enough"


def test_a_face_that_moved_far_is_looked_at_once_more(frames):
    reader = Watched()
    landmarker = DenseLandmarker(reader)
    before = landmarker.begin(frames[:1], ONE, [box(Drawn(60, 60, 48))]).points_70
    reader.shown.clear()
    moved = frames_of(frame_with([Drawn(75, 60, 48)]))
    read = landmarker.go_on(moved, ONE, before)
    assert [len(crops) for crops in reader.shown] == [1, 1]
    assert np.abs(read.points_70[0, :68] - truth(Drawn(75, 60, 48))).max() < 1.5


@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_a_face_found_in_a_turned_frame_is_shown_upright(frames, turn_deg):
    """The frame is turned so that only a turn back makes the face stand upright."""
    upright = Watched()
    DenseLandmarker(upright).begin(frames[:1], ONE, [box(Drawn(60, 60, 48))])
    lying = turned(frames[0], 360 - turn_deg)
    height, width = frames[0].rgb.shape[:2]
    x, y = {90: (height - 60, 60), 180: (width - 60, height - 60), 270: (60, width - 60)}[turn_deg]
    found = replace(box(Drawn(x, y, 48)), turn_deg=turn_deg)
    shown = Watched()
    DenseLandmarker(shown).begin([lying], ONE, [found])
    assert np.abs(shown.shown[0].astype(int) - upright.shown[0]).mean() < 1.5


class Doubting(Watched):
    """Is sure of those crops alone that show a face as one of `upright` does."""

    def __init__(self, upright: list[np.ndarray], *, sure_px: float = 1.0) -> None:
        super().__init__()
        self.upright, self.sure_px = np.concatenate(upright).astype(int), sure_px

    def read(self, crops: np.ndarray) -> FaceReading:
        unlike = np.abs(crops[:, None].astype(int) - self.upright).mean((2, 3, 4)).min(1)
        reading = super().read(crops)
        return replace(
            reading, spread_px=np.where(unlike < 5, self.sure_px, 20.0)[:, None] + 0 * reading.spread_px
        )


def test_only_a_face_that_reads_badly_is_looked_at_the_other_ways_up(frames):
    upright = Watched()
    DenseLandmarker(upright).begin(frames[:1], ONE, [box(Drawn(60, 60, 48))])
    for quarters in (0, 1):
        reader = Doubting(upright.shown)
        x, y = (60, frames[0].rgb.shape[1] - 60) if quarters else (60, 60)
        lying = turned(frames[0], 90 * quarters)
        faces = DenseLandmarker(reader).begin([lying], ONE, [box(Drawn(x, y, 48))])
        assert [len(crops) for crops in reader.shown] == ([1, 1, 3, 3] if quarters else [1, 1])
        assert faces.spread_70.max() < 1.0, "the surest way up is taken"


def test_a_face_that_reads_badly_any_way_up_stays_as_it_was_found(frames):
    upright = Watched()
    DenseLandmarker(upright).begin(frames[:1], ONE, [box(Drawn(60, 60, 48))])
    lying, found = turned(frames[0], 90), [box(Drawn(60, frames[0].rgb.shape[1] - 60, 48))]
    plain = DenseLandmarker(BlobReader()).begin([lying], ONE, found)
    covered = DenseLandmarker(Doubting(upright.shown, sure_px=8.0)).begin([lying], ONE, found)
    assert np.array_equal(covered.points_70, plain.points_70)


def test_a_second_pass_looks_once_more(frames):
    plain, thorough = Watched(), Watched()
    DenseLandmarker(plain).landmarks_68(frames[:1], [[box(Drawn(60, 60, 48))]])
    DenseLandmarker(thorough, second_pass=True).landmarks_68(frames[:1], [[box(Drawn(60, 60, 48))]])
    assert (len(plain.shown), len(thorough.shown)) == (2, 3)


def test_re_feeds_are_averaged_and_the_same_whenever_they_are_made(frames):
    found = [[box(Drawn(60, 60, 48))]]
    reader = Watched()
    landmarker = DenseLandmarker(reader, re_feed=3)
    once, again = (landmarker.landmarks_68(frames[:1], found)[0] for _ in range(2))
    assert np.array_equal(once, again)
    assert len(reader.shown) == 10
    assert not any(np.array_equal(reader.shown[1], crops) for crops in reader.shown[2:5]), "moved crops"
    single = DenseLandmarker(BlobReader()).landmarks_68(frames[:1], found)[0]
    assert 0 < np.abs(once - single).max() < 1.5
