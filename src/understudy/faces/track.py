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
