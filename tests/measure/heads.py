"""A drawn head before a wall, in frames whose every movement, tint and noise is known."""

from __future__ import annotations

import cv2
import numpy as np

from understudy.geometry import similarity_fit, transform_points
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.measure.steadiness import Row
from understudy.measure.stillness import Moment, face_pair

SIZE = 256
UInt8 = np.ndarray


def landmarks() -> np.ndarray:
    """A face 130 pixels wide in the middle of the frame, (68, 2)."""
    points = MEAN_FACE_68_IN_SPACE[:, :2]
    points = points - points.mean(0)
    return points * (130 / np.ptp(points[:, 0])) + SIZE / 2


def texture(*, seed: int = 0, grain: float = 1.4) -> np.ndarray:
    """Skin-coloured speckles on which every point can be followed, float (SIZE, SIZE, 3)."""
    rng = np.random.default_rng(seed)
    speckle = cv2.GaussianBlur(rng.normal(size=(SIZE, SIZE)), (0, 0), grain) * 60 * grain
    return np.array([170, 130, 110]) + speckle[..., None]


def moved(picture: np.ndarray, *, shift: tuple[float, float] = (0, 0), wobble: float = 0.0) -> np.ndarray:
    """The picture shifted, and bent by waves of `wobble` pixels that no shift, turn or size makes up for."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    bent = _wave(np.dstack([x, y]) + 0.5) * np.float32(wobble)
    sources = np.dstack([x, y]) + bent + np.float32(shift)
    return cv2.remap(
        picture.astype(np.float32), *cv2.split(sources), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def _wave(places: np.ndarray) -> np.ndarray:
    """Waves of one pixel at `places` (..., 2), less what a similarity of the landmarks explains."""
    explained = similarity_fit(landmarks(), landmarks() + _plain_wave(landmarks()))
    left = _plain_wave(places) - (transform_points(explained, places) - places)
    return left.astype(np.float32)


def _plain_wave(places: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.pi / 65 * (places[..., ::-1] - SIZE / 2))


def eight_bit(picture: np.ndarray) -> UInt8:
    """uint8 of a float picture 0..255."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def rows_of(plates: list[np.ndarray], results: list[np.ndarray], *, rate: int = 25) -> list[Row]:
    """What is measured of a shot with one still face."""
    moments = [Moment(eight_bit(a), eight_bit(b)) for a, b in zip(plates, results, strict=True)]
    rows = []
    for index, now in enumerate(moments):
        inside = 0 < index < len(moments) - 1
        around = (moments[index - 1], moments[index + 1]) if inside else None
        rows.append(Row(index, index / rate, (0, 0), face_pair(now, landmarks(), around)))
    return rows
