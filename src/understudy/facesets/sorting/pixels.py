"""What is measured on the pixels of one face, once: numbers to sort by, histograms and a thumbnail.

Not here: reading faces and keeping the results (`measure.py`), what the record alone says (`table.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.sharpness import SHARPEST_PX, edge_width_px
from understudy.geometry import transform_points
from understudy.masks.hull import hull_mask

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

VERSION = 2  # raised when a measure changes its meaning: older results are then measured again
THUMBNAIL_PX = 32
_LARGEST_PX = 512  # more detail than that no sort asks for
_HULL_PX = 128  # finer than this the hull itself is not known
_LAPLACIAN_SIDE = 11
# Keeps the response of the 11 x 11 kernel in grey levels: 2^-(2 x 11 - 4).
_LAPLACIAN_SCALE = 2.0**-18


@dataclass(frozen=True, eq=False)
class Measured:
    """All that is kept of one face.

    `numbers` by the names of `index.NUMBERS`; NaN where a face has no pixel inside its hull. Histograms are
    square roots of shares, so that their Euclidean distance is Hellinger's: (768,) red, green, blue of the
    whole crop and (256,) grey of the face alone. `thumbnail` is (32 x 32,) grey.
    """

    numbers: dict[str, float]
    histogram: Float32
    grey_histogram: Float32
    thumbnail: UInt8


def measured(rgb: UInt8, record: FaceRecord) -> Measured:
    """Measure one face, (size_px, size_px, 3) RGB."""
    side = min(record.size_px, _LARGEST_PX)
    if rgb.shape[0] != side:
        rgb = np.asarray(cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    to_picture = record.crop_matrix() * (side / record.size_px)
    face = _face(transform_points(to_picture, record.landmarks()), side)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    thumbnail = cv2.resize(grey, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    numbers = {"black_share": _black_share(rgb, to_picture, record.frame_size)}
    return Measured(
        numbers | (_face_numbers(rgb, grey, face) if face.any() else {}),
        *_histograms(rgb, grey, face),
        np.asarray(thumbnail, np.uint8).ravel(),
    )


def histograms(rgb: UInt8, record: FaceRecord) -> tuple[Float32, Float32]:
    """Only the two histograms of `measured`, for crops of at most 512 pixels."""
    face = _face(transform_points(record.crop_matrix(), record.landmarks()), record.size_px)
    return _histograms(rgb, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8), face)


def _histograms(rgb: UInt8, grey: UInt8, face: UInt8) -> tuple[Float32, Float32]:
    colours = np.concatenate([_root_histogram(rgb, channel) for channel in range(3)])
    return colours, _root_histogram(grey, 0, face)


def _face(landmarks_68: npt.NDArray[np.float64], side: int) -> UInt8:
    """1 inside the face's hull, 0 outside, (side, side)."""
    small = min(side, _HULL_PX)
    hull = hull_mask(landmarks_68 * (small / side), small, small)
    return np.asarray(cv2.resize(hull, (side, side)) > 0.5, np.uint8)


def _face_numbers(rgb: UInt8, grey: UInt8, face: UInt8) -> dict[str, float]:
    """What is measured inside the hull alone, on the part of the picture it covers."""
    rows, columns = np.flatnonzero(face.any(1)), np.flatnonzero(face.any(0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    face, side = np.ascontiguousarray(face[part]), rgb.shape[0]
    blur_px = edge_width_px(grey[part].astype(np.float32), face.view(bool), crop_px=side)
    waves = cv2.Laplacian(grey, cv2.CV_32F, ksize=_LAPLACIAN_SIDE, scale=_LAPLACIAN_SCALE)[part]
    red, green, blue = cv2.split(rgb[part])
    light_side, light_height = _light(grey[part], face)
    return {
        "sharpness": SHARPEST_PX / blur_px,
        "blur_px": blur_px,
        "motion_sharpness": float(cv2.meanStdDev(waves, mask=face)[1][0, 0]) ** 2,
        "brightness": cv2.mean(cv2.max(cv2.max(red, green), blue), mask=face)[0] / 255,
        "hue_deg": _hue_deg(*(cv2.mean(channel, mask=face)[0] for channel in (red, green, blue))),
        "light_side": light_side,
        "light_height": light_height,
    }


def _hue_deg(red: float, green: float, blue: float) -> float:
    """The hue of a mean colour, 0..360, or NaN where it is grey.

    Hues are directions: the mean of 350 and 10 degrees is 0 and not 180, and a grey pixel's hue is chance. So
    they are added as vectors as long as their chroma. On the plane of the hue circle (Preucil, "Color hue and
    ink transfer", TAGA 1953) that vector is linear in the colour, and the sum is the mean colour's vector.
    """
    along, aside = red - (green + blue) / 2, math.sqrt(3) / 2 * (green - blue)
    if math.hypot(along, aside) < 1e-6:
        return float("nan")
    return math.degrees(math.atan2(aside, along)) % 360


def _light(grey: UInt8, face: UInt8) -> tuple[float, float]:
    """How much brighter the face becomes from its middle to its edge, to the image's right and upwards.

    The slopes of the plane nearest to the grey, as shares of the mean grey: 0.5 is a face half as bright again
    at that edge. First order of the shading of a round body (Ramamoorthi and Hanrahan, "On the relationship
    between radiance and irradiance", JOSA A 18(10), 2001).
    """
    height, width = grey.shape
    small = (min(width, THUMBNAIL_PX), min(height, THUMBNAIL_PX))
    inside = cv2.resize(face.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    level = cv2.resize(grey * face, small, interpolation=cv2.INTER_AREA).astype(np.float64)
    x, y = np.meshgrid(np.linspace(-1, 1, small[0]), np.linspace(1, -1, small[1]))
    kept = inside > 0.5
    if kept.sum() < 3:
        return float("nan"), float("nan")
    plane = np.column_stack([x[kept], y[kept], np.ones(int(kept.sum()))])
    (right, up, mean), *_ = np.linalg.lstsq(plane, level[kept] / inside[kept], rcond=None)
    mean = max(float(mean), 1.0)
    return float(right) / mean, float(up) / mean


def _black_share(rgb: UInt8, picture_from_frame: npt.NDArray[np.float64], frame_size: tuple[int, int]) -> float:
    """Share of samples that are 0 or lie outside the frame, where our crops repeat its edge."""
    side = rgb.shape[0]
    width, height = frame_size
    corners = transform_points(picture_from_frame, [[0, 0], [width, 0], [width, height], [0, height]])
    if frame_size == (0, 0) or _contains(corners, side):  # another program may not have said its size
        return 1 - float(np.count_nonzero(rgb)) / rgb.size
    inside = np.zeros((side, side), np.uint8)
    # OpenCV puts a pixel's centre at whole coordinates; far corners would overflow its fixed point.
    drawn = np.clip((corners - 0.5) * 64, -(2.0**28), 2.0**28).round().astype(np.int32)
    cv2.fillConvexPoly(inside, drawn, 1, lineType=cv2.LINE_8, shift=6)
    return 1 - float(np.count_nonzero(rgb * inside[..., None])) / rgb.size


def _contains(corners: npt.NDArray[np.float64], side: int) -> bool:
    """Whether the convex quadrilateral contains the whole square of `side`."""
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], float)
    along = np.roll(corners, -1, axis=0) - corners
    toward = square[None] - corners[:, None]
    turned = along[:, None, 0] * toward[..., 1] - along[:, None, 1] * toward[..., 0]
    return bool((turned >= -1e-6).all() or (turned <= 1e-6).all())


def _root_histogram(picture: UInt8, channel: int, inside: UInt8 | None = None) -> Float32:
    counts = cv2.calcHist([picture], [channel], inside, [256], [0, 256]).ravel()
    return np.sqrt(counts / max(float(counts.sum()), 1.0)).astype(np.float32)
