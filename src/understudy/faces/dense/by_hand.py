"""Landmarks for a box that somebody draws just now.

The network stays loaded and sees only what is around the box, so an answer takes as long in any size of frame.

Not here: whose box it is, and what is kept of it (`facesets.extraction.drawing`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from understudy.faces.dense.landmarker import CropReader, DenseLandmarker, turned_squares
from understudy.faces.dense.reading_crop import frame_from_crop_of_boxes, frame_from_crop_of_points, rolls
from understudy.geometry import Array, transform_points
from understudy.media.clip import Frame
from understudy.networks.dense_face import CROP_PX

_AROUND = 2.6  # sides of the box from its middle that are looked at
_MORE_READINGS = 6  # in accuracy mode, beside the second pass


@dataclass(frozen=True)
class DrawnBox:
    """A square about a face, in frame pixels; `angle_deg` turns it clockwise in the image."""

    x: float  # of its middle
    y: float
    side_px: float
    angle_deg: float = 0.0

    def corners(self) -> Array:
        """Its corners (4, 2), from the top left clockwise as it is turned."""
        half, angle = self.side_px / 2, math.radians(self.angle_deg)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        return [self.x, self.y] + np.array(
            [[-half, -half], [half, -half], [half, half], [-half, half]]
        ) @ turn.T

    def xyxy(self) -> Array:
        """An upright box (4,) of its middle and side, as a detector gives one."""
        half = self.side_px / 2
        return np.array([self.x - half, self.y - half, self.x + half, self.y + half])


@dataclass(frozen=True, eq=False)
class HandReading:
    """What is read in a box, in frame pixels."""

    landmarks_68: Array  # (68, 2)
    spread_68: Array  # (68,): expected error
    score: float  # 0..1: this is a face
    box: DrawnBox  # about the landmarks: recentred and turned with the head


def box_about(landmarks_68: Array) -> DrawnBox:
    """The box in which landmarks (68, 2) are looked for as if they were known: "recentre"."""
    square = frame_from_crop_of_points(landmarks_68)[0]
    unit_side = float(np.sqrt(abs(np.linalg.det(frame_from_crop_of_boxes([[0, 0, 1, 1]])[0][:, :2])))) * CROP_PX
    middle = transform_points(square, [CROP_PX / 2, CROP_PX / 2])
    side = float(np.sqrt(abs(np.linalg.det(square[:, :2])))) * CROP_PX / unit_side
    angle = math.degrees(float(rolls(landmarks_68[None])[0]))
    return DrawnBox(float(middle[0]), float(middle[1]), side, angle)


class HandReader:
    """Reads boxes. Loads the network when it is made; any thread may ask, one after the other.

    `accurate` readings look once more and average several slightly moved crops. Raises WeightsMissing.
    """

    def __init__(self, reader: CropReader | None = None, *, device: str = "cpu") -> None:
        if reader is None:
            from understudy.faces.dense.reader import FaceReader

            reader = FaceReader(device=device)
        self._quick = DenseLandmarker(reader)
        self._accurate = DenseLandmarker(reader, second_pass=True, re_feed=_MORE_READINGS)

    def read(self, frame: Frame, box: DrawnBox, *, accurate: bool = False) -> HandReading:
        """The landmarks of the face in the box."""
        near, offset = _surroundings(frame, box)
        square = frame_from_crop_of_boxes((box.xyxy() - np.tile(offset, 2))[None])
        square = turned_squares(square, np.radians([box.angle_deg]))
        landmarker = self._accurate if accurate else self._quick
        read = landmarker.look([near], np.zeros(1, np.intp), square)
        points = read.points_70[0, :68] + offset
        return HandReading(points, read.spread_70[0, :68], float(read.scores[0]), box_about(points))


def _surroundings(frame: Frame, box: DrawnBox) -> tuple[Frame, Array]:
    """The part of the frame about the box, and where its corner lies in the frame."""
    height, width = frame.rgb.shape[:2]
    reach = _AROUND * box.side_px
    left, right = (round(min(max(0.0, x), width)) for x in (box.x - reach, box.x + reach))
    top, bottom = (round(min(max(0.0, y), height)) for y in (box.y - reach, box.y + reach))
    if right - left < 2 or bottom - top < 2:  # beyond the frame: nothing but black is seen there
        return frame, np.zeros(2)
    part = np.ascontiguousarray(frame.rgb[top:bottom, left:right])
    return replace(frame, rgb=part), np.array([left, top], float)
