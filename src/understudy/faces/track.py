"""Follow faces over time: which detections are one appearance.

From boxes and, where they are given, looks; who a person is, is for `appearance.py`, landmarks without their
jitter for `steady.py`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from understudy.faces.assign import best_pairs
from understudy.faces.boxes import overlap
from understudy.faces.detect import Detection

Array = npt.NDArray[np.float64]

_LONGEST_GAP_FRAMES, _LONGEST_GAP_S = 8, 0.5
# Where the face that comes looks like the one that went, it may have been hidden for longer.
_LONGEST_HIDDEN_FRAMES, _LONGEST_HIDDEN_S = 36, 1.5
_LEAST_OVERLAP = 0.2
_MOST_GROWTH = 1.6  # of a box's side from one sight to the next
_VELOCITY_SHARE = 0.5  # how much of a new speed is believed at once
_REACH_SIDES, _REACH_SIDES_PER_FRAME = (
    0.6,
    0.06,
)  # from where it is expected to where a hidden face comes back

# Signatures of neighbouring frames were seen up to 0.5 apart for one talking, turning head; 1.1 at a cut.
_UNLIKE = 0.75
_LOOKS_KEPT = 6
_SIZE_WEIGHT, _LOOK_WEIGHT = 0.5, 0.8
_FREE_OF_COST, _MOST_UNLIKE = 0.6, 1.6  # of _UNLIKE: a face always changes a little, and a hand may hide it all
_MOST_COST = 1.6


@dataclass
class _Track:
    """One appearance while it is being followed."""

    number: int
    box: Array
    frame: int
    time: float
    speed: Array = field(default_factory=lambda: np.zeros(2))  # of the centre, px per unit of time
    looks: deque[Array] = field(default_factory=lambda: deque(maxlen=_LOOKS_KEPT))

    def expected_box(self, time: float) -> Array:
        return self.box + np.tile(self.speed * (time - self.time), 2)

    def go_on(self, box: Array, frame: int, time: float, look: Array | None) -> None:
        moved = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2
        if time > self.time:
            self.speed = self.speed + _VELOCITY_SHARE * (moved / (time - self.time) - self.speed)
        self.box, self.frame, self.time = box, frame, time
        if look is not None:
            self.looks.append(look)

    def unlike(self, look: Array) -> float:
        """How far a look is from the nearest of the last ones; about 1 is another person."""
        return min(float(np.linalg.norm(look - own)) for own in self.looks) / _UNLIKE


def link_tracks(
    detections_per_frame: Sequence[Sequence[Detection]],
    *,
    time_s: Sequence[float] | None = None,
    cuts: Collection[int] = (),
    looks_per_frame: Sequence[Sequence[Array]] | None = None,
) -> list[list[int]]:
    """A track number (from 0, in order of appearance) for every detection.

    In every frame the tracks and the detections are paired so that all pairs together fit best: the box where
    it is expected, of the expected size and, given `looks_per_frame`, with the look of the track's last sights.
    So two people who cross keep their tracks. A track bridges gaps of up to 8 frames (and half a second where
    `time_s` is given), with a look that fits up to 36 (1.5 seconds), and ends where nothing fits it. Frames in
    `cuts` begin a new shot: no track crosses them.
    """
    numbers: list[list[int]] = []
    active: list[_Track] = []
    started = 0
    for frame, detections in enumerate(detections_per_frame):
        now = _Moment(frame, float(frame) if time_s is None else float(time_s[frame]), time_s is not None)
        looks = list(looks_per_frame[frame]) if looks_per_frame is not None else None
        active = [] if frame in cuts else [t for t in active if now.reaches(t, hidden=looks is not None)]
        costs = _costs(active, detections, looks, now)
        track_of = {column: active[row] for row, column in best_pairs(costs, most=_MOST_COST)}
        row: list[int] = []
        for place, detection in enumerate(detections):
            look = looks[place] if looks is not None else None
            track = track_of.get(place)
            if track is None:
                track = _Track(started, detection.box_xyxy, frame, now.time)
                active.append(track)
                started += 1
            track.go_on(detection.box_xyxy, frame, now.time, look)
            row.append(track.number)
        numbers.append(row)
    return numbers


@dataclass(frozen=True)
class _Moment:
    """The frame that is looked at."""

    frame: int
    time: float
    in_seconds: bool

    def reaches(self, track: _Track, *, hidden: bool) -> bool:
        """Whether a track may still go on here; longer where it may have been hidden."""
        frames = _LONGEST_HIDDEN_FRAMES if hidden else _LONGEST_GAP_FRAMES
        seconds = _LONGEST_HIDDEN_S if hidden else _LONGEST_GAP_S
        within = not self.in_seconds or self.time - track.time <= seconds
        return self.frame - track.frame <= frames + 1 and within


def _costs(
    active: Sequence[_Track], detections: Sequence[Detection], looks: Sequence[Array] | None, now: _Moment
) -> Array:
    """(tracks, detections): how badly each goes on with each; infinite where it can't."""
    if not active or not detections:
        return np.empty((len(active), len(detections)))
    expected = np.stack([track.expected_box(now.time) for track in active])
    last = np.stack([track.box for track in active])
    boxes = np.stack([detection.box_xyxy for detection in detections])
    # A track that stopped short may be where it was rather than where it was going.
    shared = np.maximum(overlap(expected, boxes), 0.9 * overlap(last, boxes))
    place = np.where(shared >= _LEAST_OVERLAP, 1 - shared, np.inf)
    grown = np.log2(np.sqrt(_areas(boxes)[None] / _areas(expected)[:, None]))
    place[np.abs(grown) > np.log2(_MOST_GROWTH)] = np.inf
    if looks is None:
        return place + _SIZE_WEIGHT * np.abs(grown)
    unlike = np.array([[track.unlike(look) for look in looks] for track in active])
    missed = np.array([now.frame - track.frame - 1 for track in active])
    reach = _REACH_SIDES + _REACH_SIDES_PER_FRAME * missed
    away = np.minimum(_away(expected, boxes), _away(last, boxes)) / reach[:, None]
    back = (missed > 0)[:, None] & (away < 1) & (unlike < 1) & (np.abs(grown) <= np.log2(_MOST_GROWTH))
    place = np.where(back, np.minimum(place, 1 - _LEAST_OVERLAP * (1 - away)), place)
    late = np.array([not now.reaches(track, hidden=False) for track in active])
    place[late[:, None] & ~back] = np.inf
    return (
        place
        + _SIZE_WEIGHT * np.abs(grown)
        + _LOOK_WEIGHT * (np.clip(unlike, _FREE_OF_COST, _MOST_UNLIKE) - _FREE_OF_COST)
    )


def _away(boxes: Array, others: Array) -> Array:
    """(n, m): distance of the centres in sides of the first box."""
    centres, other_centres = (boxes[:, :2] + boxes[:, 2:]) / 2, (others[:, :2] + others[:, 2:]) / 2
    apart = np.linalg.norm(centres[:, None] - other_centres[None], axis=2)
    return apart / np.sqrt(_areas(boxes))[:, None]


def _areas(boxes: Array) -> Array:
    return np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1), 1e-9)
