"""The head every actor is made from: a lofted grid with canonical face coordinates.

Space is in millimetres: x to the image's right, y down, z towards the camera; the origin lies between the eyes
and the mouth, so that the mean face of `geometry` (z turned round) lies on it. Rows of the grid run from the
crown to the chest, columns once round the head from back to back with the nose in the middle. Two rows follow
the line between the lips, so that a mouth can open between them.

Not here: what makes a face out of it (`sculpt`), movement (`deform`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.mean_face import MEAN_FACE_68_IN_SPACE, MIRROR_68

Array = npt.NDArray[np.floating[Any]]

# Each ring: front (y, z); front-side, side, back-side (x, y, z); back (y, z). Drawn by hand, in millimetres.
_RINGS = (
    ((-155, -77), (1, -155, -77), (1, -155, -78), (1, -155, -79), (-155, -79)),
    ((-149, -45), (22, -149, -54), (30, -149, -78), (23, -149, -103), (-149, -113)),
    ((-128, -11), (42, -128, -24), (55.5, -127, -77), (45, -127, -132), (-128, -152)),
    ((-99, 6.5), (52, -97, -11), (69, -98, -77), (56, -97, -146), (-97, -175)),
    ((-76, 11), (56.5, -74, -6), (72, -75, -77), (59, -69, -149), (-66, -181)),
    ((-56, 13), (57.5, -54, -5), (72, -52, -76), (58, -41, -144), (-36, -174)),
    ((-38, 11), (57, -36, -9), (71.5, -33, -75), (55, -16, -134), (-8, -158)),
    ((-15, 13), (57, -14, -8), (70.5, -12, -73), (52, 4, -125), (13, -140)),
    ((5, 15), (54, 5, -9), (68, 4, -70), (50, 22, -118), (33, -127)),
    ((27, 16), (48.5, 26, -11), (65, 19, -65), (49, 42, -112), (53, -120)),
    ((46, 11.5), (42, 43, -13), (61.5, 33, -60), (49, 59, -106), (71, -118)),
    ((62, 12), (36, 58, -14), (58, 43, -57), (49, 72, -103), (85, -118)),
    ((75, 5), (33, 69, -20), (54, 51, -58), (47, 84, -101), (98, -118)),
    ((81, -14), (30, 76, -32), (50, 61, -63), (46, 96, -101), (112, -119)),
    ((90, -38), (33, 87, -48), (46.5, 80, -71), (45, 106, -104), (122, -120)),
    ((110, -43), (36, 107, -53), (47.5, 103, -78), (47, 122, -110), (134, -124)),
    ((134, -38), (42, 131, -52), (60, 121, -84), (58, 132, -119), (144, -133)),
    ((152, -24), (74, 150, -40), (118, 138, -88), (78, 144, -130), (156, -143)),
    ((180, -6), (102, 180, -20), (184, 166, -88), (110, 172, -142), (176, -150)),
    ((250, 6), (118, 250, -4), (214, 250, -88), (120, 250, -146), (250, -150)),
    ((360, 6), (118, 360, -4), (220, 360, -88), (120, 360, -146), (360, -150)),
)  # fmt: skip

LIP_CORNER_X = 27.0
_NEAR_MM = 8.0  # no mark on the face is further from a vertex


def lip_line_y(x: npt.ArrayLike) -> Array:
    """Where the closed lips meet, canonical y for canonical x."""
    t = np.abs(np.asarray(x, float)) / LIP_CORNER_X
    return 27.0 + 1.6 * np.minimum(t, 1.6) ** 2 + 0.7 * np.exp(-((t / 0.22) ** 2))


@dataclass(frozen=True, eq=False)
class Template:
    """The grid before any feature. Arrays are (rows, columns) unless said otherwise."""

    points: Array  # (rows, columns, 3)
    angle_deg: Array  # (columns,), -180..180, 0 is the nose
    ring: Array  # which ring a vertex lies on, 0 at the crown, a real number
    front: Array  # 1 where the vertex belongs to the front of the head, 0 behind the ears
    upper_lip_row: int  # the row of the upper lip's edge; the lower lip's edge is the next one
    landmarks_uv: Array  # (68, 2): column and row, real numbers, of the 68 points of a face at rest

    @property
    def x(self) -> Array:
        """Canonical x of every vertex."""
        return self.points[..., 0]

    @property
    def y(self) -> Array:
        """Canonical y of every vertex."""
        return self.points[..., 1]


def _ring_series() -> Array:
    """Cosine (y, z) and sine (x) coefficients of every ring, (rings, 3, 5)."""
    angles = np.radians([0, 45, 90, 135, 180])
    cosines = np.linalg.inv(np.cos(np.outer(angles, np.arange(5))))
    sines = np.linalg.inv(np.sin(np.outer(angles[1:4], np.arange(1, 4))))
    series = np.zeros((len(_RINGS), 3, 5))
    for k, (front, a, b, c, back) in enumerate(_RINGS):
        series[k, 0, 1:4] = sines @ [a[0], b[0], c[0]]
        series[k, 1] = cosines @ [front[0], a[1], b[1], c[1], back[0]]
        series[k, 2] = cosines @ [front[1], a[2], b[2], c[2], back[1]]
    return series


def loft(ring: npt.ArrayLike, angle_deg: npt.ArrayLike) -> Array:
    """Points (..., 3) of the plain head at real ring numbers and angles: Catmull-Rom between rings."""
    ring, turn = np.broadcast_arrays(np.asarray(ring, float), np.radians(np.asarray(angle_deg, float)))
    series = _ring_series()
    k = np.clip(np.floor(ring).astype(int), 0, len(series) - 2)
    t = (ring - k)[..., None, None]
    p0, p1 = series[np.maximum(k - 1, 0)], series[k]
    p2, p3 = series[k + 1], series[np.minimum(k + 2, len(series) - 1)]
    mixed = p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    orders = np.arange(5) * turn[..., None]
    cosine, sine = np.cos(orders), np.sin(orders)
    return np.stack(
        [
            (mixed[..., 0, :] * sine).sum(-1),
            (mixed[..., 1, :] * cosine).sum(-1),
            (mixed[..., 2, :] * cosine).sum(-1),
        ],
        axis=-1,
    )


def _stepped(edges: Array, steps: Array, low: float, high: float) -> Array:
    """Positions from low to high whose spacing follows `steps` given at `edges`."""
    fine = np.linspace(low, high, 4000)
    passed = np.concatenate([[0], np.cumsum(np.diff(fine) / np.interp(fine[1:], edges, steps))])
    return np.interp(np.linspace(0, passed[-1], int(np.ceil(passed[-1])) + 1), passed, fine)


def _row_rings(coarseness: float) -> tuple[Array, int]:
    """Ring numbers of the rows, dense on the face, and the row of the upper lip's edge."""
    fine = np.linspace(0, len(_RINGS) - 1, 6000)
    track = loft(fine, 0.0)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(track, axis=0), axis=1))])
    at_lips = np.interp(lip_line_y(0.0), track[:, 1], length)
    edges = np.interp([-152, -100, -66, -58, 50, 78, 100, 150, 360], track[:, 1], length)
    steps = coarseness * np.array([5, 4, 2.2, 1.35, 1.35, 2.0, 4.5, 8, 16.0])
    above = _stepped(edges, steps, 0.0, float(at_lips - 0.25))
    below = _stepped(edges, steps, float(at_lips + 0.25), float(length[-1]))
    return np.interp(np.concatenate([above, below]), length, fine), len(above) - 1


def _column_angles(coarseness: float) -> Array:
    steps = coarseness * np.array([1.25, 1.4, 2.0, 2.6, 5, 6.0])
    half = _stepped(np.array([0, 35, 55, 90, 110, 180.0]), steps, 0.0, 180.0)
    return np.concatenate([-half[:0:-1], half])


def _along_the_lips(ring: Array, angle_deg: Array, upper_row: int) -> Array:
    """Shift rows near the mouth so that two of them follow the line between the lips."""
    for _ in range(4):
        points = loft(ring, angle_deg)
        middle = points[upper_row : upper_row + 2].mean(0)
        slope = (loft(ring + 0.01, angle_deg)[upper_row, :, 1] - points[upper_row, :, 1]) / 0.01
        reach = np.exp(-((np.abs(middle[:, 0]) / 44) ** 6)) * (np.abs(angle_deg) < 90)
        shift = reach * (lip_line_y(middle[:, 0]) - middle[:, 1]) / slope
        rows_y = points[:, points.shape[1] // 2, 1]
        ring = ring + shift * np.exp(-(((rows_y - lip_line_y(0.0)) / 16) ** 2))[:, None]
    return ring


# Where the 68 points sit on this head, where that is not the mean face: lids and lips follow their openings.
_OWN_MARKS = {
    27: (0, -41.5), 28: (0, -30.5), 29: (0, -19.5), 30: (0, -8), 31: (14.6, 3.2), 32: (7.3, 5.0), 33: (0, 6.6),
    48: (28.2, 28.8), 49: (17.6, 22.2), 50: (6.2, 18.6), 51: (0, 20.0), 59: (18.4, 36.4), 58: (8.6, 39.8),
    57: (0, 40.4),
}  # fmt: skip


def _landmark_uv(points: Array, front: Array) -> Array:
    """Column and row of the canonical 68 points: the nearest place on the grid in (x, y), to 0.1 cells."""
    marks = MEAN_FACE_68_IN_SPACE[:, :2].copy()
    marks = 0.5 * (marks + marks[MIRROR_68] * [-1, 1])
    for k, (x, y) in _OWN_MARKS.items():
        marks[k] = (-abs(x), y)
        marks[MIRROR_68[k]] = (abs(x), y)
    found = np.stack([grid_position(points, front, mark) for mark in marks])
    found[:17] = _jaw_uv(points)
    return found


def _jaw_uv(points: Array) -> Array:
    """Column and row of jaw points 0-16: the vertices nearest to the mean face in space, symmetric."""
    jaw = MEAN_FACE_68_IN_SPACE[:17] * [1, 1, -1]
    jaw = 0.5 * (jaw + jaw[::-1] * [-1, 1, 1])
    columns = points.shape[1]
    found = np.zeros((17, 2))
    for k in range(9):
        away = np.square(points - jaw[k]).sum(-1)
        row, column = np.unravel_index(int(np.argmin(away)), away.shape)
        found[k] = column, row
        found[16 - k] = columns - 1 - column, row
    return found


def grid_position(points: Array, front: Array, mark: npt.ArrayLike) -> Array:
    """(column, row), real numbers, of the canonical (x, y) on the front of the head."""
    away = np.where(front > 0.02, np.square(points[..., :2] - np.asarray(mark)).sum(-1), np.inf)
    row, column = np.unravel_index(int(np.argmin(away)), away.shape)
    rows, columns = away.shape
    at = np.array([column, row], float)
    for _ in range(4):
        here = sample_grid(points[..., :2], at)
        right = sample_grid(points[..., :2], at + np.array([0.05, 0])) - here
        down = sample_grid(points[..., :2], at + np.array([0, 0.05])) - here
        jacobian = np.column_stack([right, down]) / 0.05
        if abs(np.linalg.det(jacobian)) > 1e-3:
            step = np.linalg.solve(jacobian, np.asarray(mark) - here)
            at = np.clip(at + np.clip(step, -1, 1), [column - 2, row - 2], [column + 2, row + 2])
    return np.clip(at, 0, [columns - 1.001, rows - 1.001])


def grid_positions(points: Array, front: Array, marks: npt.ArrayLike) -> Array:
    """`grid_position` of many marks (n, 2) at once, (n, 2)."""
    marks = np.asarray(marks, float)
    near = np.flatnonzero(
        (front > 0.02)
        & (points[..., :2] > marks.min(0) - _NEAR_MM).all(-1)
        & (points[..., :2] < marks.max(0) + _NEAR_MM).all(-1)
    )
    flat = points[..., :2].reshape(-1, 2)[near]
    closest = near[np.square(flat[None] - marks[:, None]).sum(-1).argmin(1)]
    rows, columns = front.shape
    start = np.stack([closest % columns, closest // columns], axis=-1).astype(float)
    at = start.copy()
    steps = np.array([[0, 0], [0.05, 0], [0, 0.05]])
    for _ in range(4):
        here, right, down = sample_grid(points[..., :2], at + steps[:, None])
        jacobian = np.stack([right - here, down - here], axis=-1) / 0.05
        sound = np.abs(np.linalg.det(jacobian)) > 1e-3
        jacobian[~sound] = np.eye(2)
        step = np.linalg.solve(jacobian, (marks - here)[..., None])[..., 0]
        moved = np.clip(at + np.clip(step, -1, 1), start - 2, start + 2)
        at = np.where(sound[:, None], moved, at)
    return np.clip(at, 0, [columns - 1.001, rows - 1.001])


def sample_grid(values: Array, uv: npt.ArrayLike) -> Array:
    """Bilinear values (..., channels) of a (rows, columns, channels) grid at (column, row) positions."""
    uv = np.asarray(uv, float)
    column = np.clip(np.floor(uv[..., 0]).astype(int), 0, values.shape[1] - 2)
    row = np.clip(np.floor(uv[..., 1]).astype(int), 0, values.shape[0] - 2)
    s, t = (uv[..., 0] - column)[..., None], (uv[..., 1] - row)[..., None]
    above = values[row, column] * (1 - s) + values[row, column + 1] * s
    below = values[row + 1, column] * (1 - s) + values[row + 1, column + 1] * s
    return above * (1 - t) + below * t


@lru_cache(maxsize=2)
def template(coarseness: float = 1.0) -> Template:
    """The one template; the same arrays every time. Treat them as read-only.

    A `coarseness` of 2 has rows and columns twice as far apart, with the 68 points in the same places.
    """
    rings, upper_row = _row_rings(coarseness)
    angles = _column_angles(coarseness)
    ring = _along_the_lips(np.repeat(rings[:, None], len(angles), axis=1), angles, upper_row)
    points = loft(ring, angles)
    front = np.clip((100 - np.abs(angles)) / 30, 0, 1) * np.ones_like(ring)
    front = front * front * (3 - 2 * front)
    for array in (points, angles, ring, front):
        array.flags.writeable = False
    if coarseness == 1.0:
        return Template(points, angles, ring, front, upper_row, _landmark_uv(points, front))
    return Template(points, angles, ring, front, upper_row, _carried_over(template(), angles, ring))


def _carried_over(fine: Template, angle_deg: Array, ring: Array) -> Array:
    """The 68 points of a finer grid as columns and rows of a grid with these angles and rings."""
    found = np.zeros_like(fine.landmarks_uv)
    for k, (column, row) in enumerate(fine.landmarks_uv):
        angle = np.interp(column, np.arange(len(fine.angle_deg)), fine.angle_deg)
        at_ring = sample_grid(fine.ring[..., None], np.array([column, row]))[0]
        here = np.interp(angle, angle_deg, np.arange(len(angle_deg)))
        left = int(np.clip(np.floor(here), 0, len(angle_deg) - 2))
        rings = ring[:, left] * (left + 1 - here) + ring[:, left + 1] * (here - left)
        found[k] = here, np.interp(at_ring, rings, np.arange(len(ring)))
    return found
