"""Landmarks carried from one sight of a face to the next by optical flow, through frames where nobody found it.

From both ends at once: each end's landmarks are followed frame by frame, the two are blended by nearness, and
where they contradict each other nothing is said. Which gaps are filled, and keeping what comes out, is for
`facesets.extraction.filling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from understudy.geometry import similarity_fit, transform_points

UInt8 = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]

_FACE_PX = 128  # the face's size in the picture that is followed
_CONTEXT = 1.0  # of the face's side, that is seen around it
_WINDOW, _LEVELS = (21, 21), 3
_MOST_RETURN = 1.5  # px of that picture, forward and back again
_LEAST_FOLLOWED = 0.6  # of the points
_MOST_APART = 0.07  # of the face's side: how far the two ends may be apart on average where they meet
_MOST_OFF_PX, _MOST_OFF_SHARE = 2.5, 0.03  # of the face: a point further from the face's movement goes with it


@dataclass(frozen=True, eq=False)
class Carried:
    """The landmarks (n, 68, 2) of the frames between, or why there are none."""

    landmarks: Array | None
    why_not: str = ""


class Window:
    """The part of every frame that a gap needs: both ends' faces with room around, made small. Grey."""

    def __init__(self, before: Array, after: Array, frame_size: tuple[int, int]) -> None:
        both = np.concatenate([before, after])
        side = max(float(np.ptp(ends, axis=0).max()) for ends in (before, after))
        low = np.floor(both.min(0) - _CONTEXT * side)
        high = np.ceil(both.max(0) + _CONTEXT * side)
        self.side_px = side
        self._low = np.clip(low, 0, np.array(frame_size) - 2).astype(int)
        self._high = np.clip(high, self._low + 2, frame_size).astype(int)
        self.scale = min(1.0, _FACE_PX / max(side, 1.0))

    def cut(self, frame_rgb: UInt8) -> UInt8:
        """What is kept of one frame."""
        (left, top), (right, bottom) = self._low, self._high
        grey = cv2.cvtColor(np.ascontiguousarray(frame_rgb[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
        if self.scale < 1:
            grey = cv2.resize(grey, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(grey, np.uint8)

    def to_window(self, landmarks: Array) -> Array:
        """Positions in the frame to those in the cut, both from the corner."""
        return (landmarks - self._low) * self.scale

    def to_frame(self, landmarks: Array) -> Array:
        """Inverse of `to_window`."""
        return landmarks / self.scale + self._low


def carried(pictures: Sequence[UInt8], before: Array, after: Array, *, window: Window) -> Carried:
    """Landmarks of all but the first and last of `pictures`, whose landmarks (68, 2) are `before` and `after`.

    Points are followed by pyramidal Lucas-Kanade and believed where following them back returns to where they
    began (Kalal, Mikolajczyk, Matas, "Forward-backward error", ICPR 2010). The others go with the face.
    """
    ahead = _followed(pictures, window.to_window(before))
    back = _followed(pictures[::-1], window.to_window(after))
    if ahead is None or back is None:
        return Carried(None, "the picture could not be followed")
    back = back[::-1]
    side = window.side_px * window.scale
    # What each end says of the other is wrong by what following gathers; half of it is at the middle.
    ends = [ahead[-1] - back[-1], ahead[0] - back[0]]
    apart = max(float(np.linalg.norm(end, axis=1).mean()) for end in ends) / 2
    if apart > _MOST_APART * side:
        return Carried(None, f"the two ends disagree by {100 * apart / side:.0f} % of the face")
    share = np.linspace(0, 1, len(pictures))[1:-1, None, None]
    share = share * share * (3 - 2 * share)
    return Carried(window.to_frame((1 - share) * ahead[1:-1] + share * back[1:-1]))


def _followed(pictures: Sequence[UInt8], start: Array) -> Array | None:
    """(n, 68, 2): the points in every picture; None where they are lost."""
    path = [start]
    for now, following in pairwise(pictures):
        reached = _step(now, following, path[-1])
        if reached is None:
            return None
        path.append(reached)
    return np.stack(path)


def _step(now: UInt8, following: UInt8, points: Array) -> Array | None:
    # OpenCV measures from the first pixel's centre, we from its corner.
    begin = (points - 0.5).astype(np.float32)[:, None]
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        now, following, begin, begin.copy(), winSize=_WINDOW, maxLevel=_LEVELS
    )
    again, found_back, _ = cv2.calcOpticalFlowPyrLK(
        following, now, there, there.copy(), winSize=_WINDOW, maxLevel=_LEVELS
    )
    returned = np.linalg.norm((again - begin)[:, 0], axis=1) < _MOST_RETURN
    good = (found[:, 0] > 0) & (found_back[:, 0] > 0) & returned
    if good.mean() < _LEAST_FOLLOWED:
        return None
    reached = there[:, 0].astype(float) + 0.5
    face_moved = similarity_fit(points[good], reached[good])
    with_face = transform_points(face_moved, points)
    limit = _MOST_OFF_PX + _MOST_OFF_SHARE * float(np.ptp(points, axis=0).max())
    astray = np.linalg.norm(reached - with_face, axis=1) > limit
    reached[~good | astray] = with_face[~good | astray]
    return reached
