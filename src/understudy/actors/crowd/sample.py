"""One picture of a crowd and what is true about it: the shape of the data, not what draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

POINTS = 70

Look = Literal["own", "mesh"]


@dataclass(frozen=True, eq=False)
class Sample:
    """A performer in front of any room, and the truth. Positions are pixels from the picture's corner.

    Points 0-67 are the usual 68, number 0 at the image's left. Jaw points 0-16 lie on the contour that is seen:
    where the point on the skin is hidden behind the cheek, the nearest point of the face's visible outline.
    68 and 69 are the pupils, image-left and image-right: the middle of the iris, also under a closed lid.
    """

    rgb: npt.NDArray[np.uint8]  # (S, S, 3), encoded
    person: npt.NDArray[np.float32]  # (S, S) 0..1: alpha of the whole performer; another room fits behind it
    # (S, S) 0..1: visible skin of the face with eyes, brows, mouth and stubble, without hair, caps, frames of
    # glasses and hands.
    skin: npt.NDArray[np.float32]
    points: npt.NDArray[np.float64]  # (70, 2)
    yaw_deg: float  # positive: the nose turns to the image's right
    pitch_deg: float  # positive: the nose goes up
    roll_deg: float  # positive: clockwise in the image
    tone: float  # 0..1: lightness of the skin
    age: float  # 0..1
    look: Look
    who: str  # the performer's name

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        side = self.rgb.shape[0]
        for name, shape in (
            ("rgb", (side, side, 3)),
            ("person", (side, side)),
            ("skin", (side, side)),
            ("points", (POINTS, 2)),
        ):
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"{name} of a sample has the shape {found}, not {shape}")

    @property
    def size_px(self) -> int:
        """The side of the picture."""
        return self.rgb.shape[0]
