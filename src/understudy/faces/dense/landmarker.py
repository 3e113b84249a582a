"""Landmarks by our own face network, from a detector's boxes or from where a face was just before.

Not here: following a face through a clip (`following`), which crop the network sees (`reading_crop`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy.faces.dense.reader import FaceReading
from understudy.faces.dense.reading_crop import (
    cut_crops,
    frame_from_crop_of_boxes,
    frame_from_crop_of_points,
)
from understudy.faces.detect import Detection
from understudy.geometry import Array
from understudy.media.clip import Frame
from understudy.networks.dense_face import CROP_PX, POINTS

Places = npt.NDArray[np.intp]

_JITTER_SHARE = 0.05  # of the crop's side, to every side, and of its size
_FAR_SHARE = 0.08  # of the crop's side: a face this far from where it was expected is looked at once more
_DOUBT_SHARE = 0.022  # of the crop's side: a face that is read upside down may expect hardly more
_SURER = 0.5  # another way up must halve what the points are expected to be off,
_TURNED_SHARE = 0.05  # and be no worse than that itself: a covered face reads badly any way up
_OTHER_TURNS_RAD = np.radians([90.0, 180.0, 270.0])


class CropReader(Protocol):
    """What reads crops: `reader.FaceReader`."""

    def read(self, crops: npt.NDArray[np.uint8]) -> FaceReading:
        """Read crops (n, 128, 128, 3), RGB."""
        ...


@dataclass(frozen=True, eq=False)
class DenseFaces:
    """What is known of n faces, in frame pixels."""

    points_70: Array = field(default_factory=lambda: np.empty((0, POINTS, 2)))  # (n, 70, 2)
    spread_70: Array = field(default_factory=lambda: np.empty((0, POINTS)))  # (n, 70): expected error
    scores: Array = field(default_factory=lambda: np.empty(0))  # (n,) 0..1: this is a face


class DenseLandmarker:
    """Implements `faces.landmark.Landmarker`.

    A face is looked at in its detector's box, whichever way it is turned, and again in the crop that its points
    ask for; with `second_pass` a third time. With the last crop `re_feed` more are averaged, moved and scaled
    by up to 5 %. A face that reads badly is looked at the other three ways up too: detectors also find faces
    that lie on their side, and say nothing of it.
    """

    def __init__(self, reader: CropReader, *, second_pass: bool = False, re_feed: int = 0) -> None:
        self.reader, self.second_pass, self.re_feed = reader, second_pass, re_feed

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        counts = [len(faces) for faces in detections]
        if not sum(counts):
            return [np.empty((0, 68, 2)) for _ in frames]
        of_frame = np.repeat(np.arange(len(frames)), counts)
        read = self.begin(frames, of_frame, [face for faces in detections for face in faces])
        return np.split(read.points_70[:, :68], np.cumsum(counts)[:-1])

    def begin(self, frames: Sequence[Frame], of_frame: Places, detections: Sequence[Detection]) -> DenseFaces:
        """Read faces that a detector found; `of_frame` (n,) says in which of the frames each lies."""
        if not detections:
            return DenseFaces()
        squares = frame_from_crop_of_boxes(np.stack([face.box_xyxy for face in detections]))
        squares = turned_squares(squares, np.radians([float(face.turn_deg) for face in detections]))
        read = self.look(frames, of_frame, squares)
        doubtful = np.flatnonzero(off_shares(read) > _DOUBT_SHARE)
        return self._turned(read, doubtful, frames, of_frame, squares) if len(doubtful) else read

    def _turned(
        self, read: DenseFaces, doubtful: Places, frames: Sequence[Frame], of_frame: Places, squares: Array
    ) -> DenseFaces:
        """`read` with the doubtful faces the other way up where they are much surer so."""
        turns, count = len(_OTHER_TURNS_RAD), len(doubtful)
        others = turned_squares(np.repeat(squares[doubtful], turns, 0), np.tile(_OTHER_TURNS_RAD, count))
        tried = self.look(frames, np.repeat(of_frame[doubtful], turns), others)
        off = off_shares(tried).reshape(count, turns)
        surer = off.min(1) < np.minimum(_SURER * off_shares(read)[doubtful], _TURNED_SHARE)
        to, origin = doubtful[surer], (np.arange(count) * turns + off.argmin(1))[surer]
        points, spread, scores = read.points_70.copy(), read.spread_70.copy(), read.scores.copy()
        points[to], spread[to], scores[to] = (
            tried.points_70[origin],
            tried.spread_70[origin],
            tried.scores[origin],
        )
        return DenseFaces(points, spread, scores)

    def look(self, frames: Sequence[Frame], of_frame: Places, frame_from_crop: Array) -> DenseFaces:
        """Read faces that lie about in these squares (n, 2, 3), and again in the crops their points ask for."""
        first = self._read(frames, of_frame, frame_from_crop)
        return self._read_finely(frames, of_frame, first.points_70)

    def go_on(self, frames: Sequence[Frame], of_frame: Places, points_70: Array) -> DenseFaces:
        """Read faces whose points (n, 70, 2) lie about there, a frame ago or where they are expected."""
        if not len(points_70):
            return DenseFaces()
        read = self._read_finely(frames, of_frame, points_70)
        expected = frame_from_crop_of_points(points_70)
        side = np.linalg.norm(expected[:, :, 0], axis=1) * CROP_PX
        off = np.linalg.norm(read.points_70.mean(1) - points_70.mean(1), axis=1)
        far = np.flatnonzero(off > _FAR_SHARE * side)
        if not len(far):
            return read
        again = self._read_finely(frames, of_frame[far], read.points_70[far])
        points, spread, scores = read.points_70.copy(), read.spread_70.copy(), read.scores.copy()
        points[far], spread[far], scores[far] = again.points_70, again.spread_70, again.scores
        return DenseFaces(points, spread, scores)

    def _read_finely(self, frames: Sequence[Frame], of_frame: Places, points_70: Array) -> DenseFaces:
        if self.second_pass:
            points_70 = self._read(frames, of_frame, frame_from_crop_of_points(points_70)).points_70
        squares = frame_from_crop_of_points(points_70)
        read = self._read(frames, of_frame, squares)
        if not self.re_feed:
            return read
        indices = [frames[place].index for place in of_frame]
        more = [
            self._read(frames, of_frame, _jittered(squares, indices, time)).points_70
            for time in range(self.re_feed)
        ]
        return DenseFaces(np.mean([read.points_70, *more], axis=0), read.spread_70, read.scores)

    def _read(self, frames: Sequence[Frame], of_frame: Places, frame_from_crop: Array) -> DenseFaces:
        used, own = np.unique(of_frame, return_inverse=True)
        crops = cut_crops([frames[place].rgb_8bit for place in used], own, frame_from_crop)
        reading = self.reader.read(crops)
        points, spread = reading.in_frame(frame_from_crop)
        return DenseFaces(points, spread, reading.scores)


def off_shares(read: DenseFaces) -> Array:
    """How far the points of each face are expected to be off, in shares of its crop's side, (n,).

    Above `_DOUBT_SHARE` something is wrong,
    whatever the score says: a face read in a wrong pose is a face, too.
    """
    side = np.linalg.norm(frame_from_crop_of_points(read.points_70)[:, :, 0], axis=1) * CROP_PX
    return read.spread_70.mean(1) / side


def turned_squares(frame_from_crop: Array, angles_rad: Array) -> Array:
    """The same squares turned clockwise in the image about their middles."""
    middle = frame_from_crop @ np.array([CROP_PX / 2, CROP_PX / 2, 1])
    cos, sin = np.cos(angles_rad), np.sin(angles_rad)
    turn = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)
    linear = turn @ frame_from_crop[:, :, :2]
    shift = middle - linear @ np.full(2, CROP_PX / 2)
    return np.concatenate([linear, shift[..., None]], axis=2)


def _jittered(frame_from_crop: Array, frame_indices: Sequence[int], time: int) -> Array:
    """Squares moved and scaled. Seeded by the frame, so that a resumed run and one in a single go agree."""
    out = frame_from_crop.copy()
    for place, index in enumerate(frame_indices):
        rng = np.random.default_rng((index, time))
        size, *shift = rng.uniform(-_JITTER_SHARE, _JITTER_SHARE, 3)
        middle = frame_from_crop[place] @ np.array([CROP_PX / 2, CROP_PX / 2, 1])
        linear = frame_from_crop[place, :, :2] * (1 + size)
        middle = middle + linear @ (np.array(shift) * CROP_PX)
        out[place] = np.column_stack([linear, middle - linear @ np.full(2, CROP_PX / 2)])
    return out
