"""Follow faces over time: which detections are one appearance, and its landmarks without their jitter.

Boxes and landmarks only; who a person is, is for `appearance.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from understudy.faces.boxes import overlap
from understudy.faces.detect import Detection
from understudy.geometry import inverse, transform_points, units_from_frames

Array = npt.NDArray[np.float64]

_LONGEST_GAP_FRAMES = 8
_LONGEST_GAP_S = 0.5
_LEAST_OVERLAP = 0.2
_MOST_GROWTH = 1.6  # of a box's side from one sight to the next
_VELOCITY_SHARE = 0.5  # how much of a new speed is believed at once


@dataclass
class _Track:
    """One appearance while it is being followed."""

    number: int
    box: Array
    frame: int
    time: float
    speed: Array = field(default_factory=lambda: np.zeros(2))  # of the centre, px per unit of time

    def expected_box(self, time: float) -> Array:
        return self.box + np.tile(self.speed * (time - self.time), 2)

    def go_on(self, box: Array, frame: int, time: float) -> None:
        moved = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2
        speed = moved / max(time - self.time, 1e-9)
        self.speed = self.speed + _VELOCITY_SHARE * (speed - self.speed)
        self.box, self.frame, self.time = box, frame, time


def link_tracks(
    detections_per_frame: Sequence[Sequence[Detection]],
    *,
    time_s: Sequence[float] | None = None,
    cuts: Collection[int] = (),
) -> list[list[int]]:
    """A track number (from 0, in order of appearance) for every detection.

    A detection goes on with the track whose expected box it overlaps most. A track bridges gaps of up to 8
    frames (and half a second where `time_s` is given) and ends where nothing overlaps it: at jumps and cuts.
    Frames in `cuts` are known to begin a new shot: no track crosses them.
    """
    numbers: list[list[int]] = []
    active: list[_Track] = []
    started = 0
    for frame, detections in enumerate(detections_per_frame):
        time = float(frame) if time_s is None else float(time_s[frame])
        longest = np.inf if time_s is None else _LONGEST_GAP_S
        if frame in cuts:
            active = []
        active = [
            track
            for track in active
            if frame - track.frame <= _LONGEST_GAP_FRAMES + 1 and time - track.time <= longest
        ]
        chosen = _matches(active, detections, time)
        row: list[int] = []
        for place, detection in enumerate(detections):
            track = chosen.get(place)
            if track is None:
                track = _Track(started, detection.box_xyxy, frame, time)
                active.append(track)
                started += 1
            else:
                track.go_on(detection.box_xyxy, frame, time)
            row.append(track.number)
        numbers.append(row)
    return numbers


def _matches(active: Sequence[_Track], detections: Sequence[Detection], time: float) -> dict[int, _Track]:
    """The best pairs first, each track and each detection once."""
    if not active or not detections:
        return {}
    expected = np.stack([track.expected_box(time) for track in active])
    boxes = np.stack([detection.box_xyxy for detection in detections])
    shared = overlap(expected, boxes)
    # A track that stopped short may be where it was rather than where it was going.
    shared = np.maximum(shared, 0.9 * overlap(np.stack([track.box for track in active]), boxes))
    grown = np.sqrt(_areas(boxes)[None] / _areas(expected)[:, None])
    shared[(grown > _MOST_GROWTH) | (grown < 1 / _MOST_GROWTH)] = 0
    chosen: dict[int, _Track] = {}
    used: set[int] = set()
    for flat in np.argsort(-shared, axis=None, kind="stable"):
        row, column = divmod(int(flat), len(detections))
        if shared[row, column] < _LEAST_OVERLAP:
            break
        if row not in used and column not in chosen:
            used.add(row)
            chosen[column] = active[row]
    return chosen


def _areas(boxes: Array) -> Array:
    return np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-9)


# How far neighbours count. A head can dart in a few frames, but its size and roll change slowly, and there the
# landmarks' noise shows most.
_PLACE_REACH_FRAMES = 3.0
_SIZE_AND_ROLL_REACH_FRAMES = 5.0
_SHAPE_REACH_FRAMES = 3.0  # how far the face's own movement is averaged


def smooth_track(frame_indices: Sequence[int], landmarks: npt.ArrayLike) -> Array:
    """The landmarks (n, 68, 2) of one track without jitter and without lag.

    Each frame's face is taken apart into where it is (centre, size, roll) and its shape in the unit square.
    Both are read off parabolas fitted to the neighbouring frames, so that an even turn or acceleration is kept:
    local regression, Cleveland, "Robust locally weighted regression and smoothing scatterplots", JASA 1979.
    `frame_indices` (n,) ascend and may have gaps.
    """
    points = np.asarray(landmarks, float)
    frames = np.asarray(frame_indices, float)
    if len(points) < 3:
        return points.copy()
    unit_from_frame = units_from_frames(points)
    frame_from_unit = inverse(unit_from_frame)
    shapes = transform_points(unit_from_frame, points)
    place = _place_numbers(frame_from_unit)
    place[:, :2] = _local_parabola(frames, place[:, :2], _PLACE_REACH_FRAMES)
    place[:, 2:] = _local_parabola(frames, place[:, 2:], _SIZE_AND_ROLL_REACH_FRAMES)
    shapes = _local_parabola(frames, shapes.reshape(len(points), -1), _SHAPE_REACH_FRAMES).reshape(shapes.shape)
    return transform_points(_place_matrices(place), shapes)


def _place_numbers(frame_from_unit: Array) -> Array:
    """(n, 4): centre of the unit square in the frame, logarithm of its side, angle without leaps."""
    centre = frame_from_unit @ np.array([0.5, 0.5, 1])
    right = frame_from_unit[:, :, 0]
    side, angle = np.log(np.linalg.norm(right, axis=1)), np.unwrap(np.arctan2(right[:, 1], right[:, 0]))
    return np.column_stack([centre, side, angle])


def _place_matrices(place: Array) -> Array:
    """Inverse of `_place_numbers`."""
    cos, sin = np.exp(place[:, 2]) * np.cos(place[:, 3]), np.exp(place[:, 2]) * np.sin(place[:, 3])
    linear = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], axis=1)
    shift = place[:, :2] - linear @ np.array([0.5, 0.5])
    return np.concatenate([linear, shift[..., None]], axis=2)


def _local_parabola(frames: Array, values: Array, reach: float) -> Array:
    """Each row of `values` (n, d) replaced by the value of a parabola fitted to its neighbours' rows."""
    out = np.empty_like(values)
    for place, frame in enumerate(frames):
        away = (frames - frame) / (reach + 1)
        near = np.flatnonzero(np.abs(away) < 1)
        weight = np.sqrt((1 - np.abs(away[near]) ** 3) ** 3)
        degree = min(2, len(near) - 1)
        powers = np.vander(away[near], degree + 1, increasing=True) * weight[:, None]
        out[place] = np.linalg.lstsq(powers, values[near] * weight[:, None], rcond=None)[0][0]
    return out
