"""Where the eyes and the mouth are open: curves and signed distances in canonical millimetres.

Openings are cut per pixel, so their edges are crisp at any grid size. A lid that closes only shrinks its
opening: the skin that covers the closed eye is always there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.actors.sculpt import EYE_INNER, EYE_OUTER

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class EyeOpening:
    """One eye's opening. `blink` and `squint` are 0..1, `wide` opens it further."""

    blink: float
    squint: float = 0.0
    wide: float = 0.0

    def lids(self, ax: npt.ArrayLike) -> tuple[Array, Array]:
        """Canonical y of the upper and the lower lid's edge at |x|."""
        t = (np.asarray(ax) - EYE_INNER[0]) / (EYE_OUTER[0] - EYE_INNER[0])
        t = np.clip(t, 0.0, 1.0)
        base = EYE_INNER[1] + t * (EYE_OUTER[1] - EYE_INNER[1])
        bow_up = np.power(np.maximum(np.sin(np.pi * np.power(t, 0.88)), 0), 0.72)
        bow_down = np.power(np.maximum(np.sin(np.pi * np.power(t, 1.25)), 0), 0.85)
        rise = (5.5 + 1.0 * self.wide - 1.4 * self.squint) * (1 - self.blink) - 2.3 * self.blink
        drop = (3.0 - 1.7 * self.squint) * (1 - self.blink) + 2.3 * self.blink
        return base - rise * bow_up, base + drop * bow_down

    def inside(self, x: Array, y: Array) -> Array:
        """Millimetres above zero inside the opening, below zero on the skin (measured up and down)."""
        ax = np.abs(x)
        upper, lower = self.lids(ax)
        height = np.minimum(y - upper, lower - y)
        beyond = np.maximum(EYE_INNER[0] - ax, ax - EYE_OUTER[0])
        return np.where(beyond > 0, -np.hypot(beyond, np.maximum(-height, 0)), height)


def lid_marks(opening: EyeOpening) -> Array:
    """Canonical |x|, y of an eye's six points, from the outer corner over the upper lid and back, (6, 2)."""
    ax = np.array([EYE_OUTER[0], 37.6, 27.9, EYE_INNER[0], 28.2, 38.1])
    upper, lower = opening.lids(ax)
    y = np.array([EYE_OUTER[1], upper[1], upper[2], EYE_INNER[1], lower[4], lower[5]])
    return np.stack([ax, y], axis=-1)
