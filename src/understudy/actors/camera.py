"""The camera and the room behind the actor.

The picture is square. At scale 1 it shows about 300 mm of height where the head is: a head and its shoulders.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from understudy.actors.performance import Background, State
from understudy.actors.raster import Floats

_DISTANCE_MM = 1000.0
_SPAN_MM = 300.0
_CENTRE_Y_MM = -19.0
_PLANE_Z_MM = 0.0

EYE = np.array([0.0, _CENTRE_Y_MM, _DISTANCE_MM], np.float32)


def projected(points: np.ndarray, state: State, size_px: int) -> tuple[Floats, Floats]:
    """Pixels (..., 2), measured from the picture's corner, and depth (...,) that grows towards the camera."""
    nearness = (_DISTANCE_MM - _PLANE_Z_MM) / (_DISTANCE_MM - points[..., 2])
    per_mm = size_px / _SPAN_MM * state.scale * nearness
    x = size_px * (0.5 + state.position[0]) + per_mm * points[..., 0]
    y = size_px * (0.5 + state.position[1]) + per_mm * (points[..., 1] - _CENTRE_Y_MM)
    return np.stack([x, y], axis=-1).astype(np.float32), points[..., 2].astype(np.float32)


@lru_cache(maxsize=4)
def room(background: Background, size_px: int) -> np.ndarray:
    """The room out of focus, (size, size, 3) float32, encoded 0..1. Read-only."""
    rng = np.random.default_rng([background.seed, 9])
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    share = np.clip(y * 1.1 - 0.05, 0, 1)[..., None]
    picture = (1 - share) * np.asarray(background.above, np.float32) + share * np.asarray(
        background.below, np.float32
    )
    for _ in range(background.lights):
        cx, cy, radius = rng.uniform(-0.1, 1.1), rng.uniform(-0.1, 0.9), rng.uniform(0.05, 0.16)
        color = rng.uniform(-0.06, 0.10) + rng.normal(0, 0.02, 3)
        disc = np.clip((radius - np.hypot(x - cx, y - cy)) / 0.03 + 0.5, 0, 1)
        picture = picture + disc[..., None] * color.astype(np.float32)
    for _ in range(3):
        edge = np.clip((x - rng.uniform(0, 1)) * rng.choice([-1, 1]) / 0.05 + 0.5, 0, 1)
        picture = picture + edge[..., None] * np.float32(rng.uniform(-0.05, 0.05))
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.012 * size_px)
    picture = np.clip(picture, 0, 1)
    picture.flags.writeable = False
    return picture
