"""What a landmarker is, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy.faces.detect import Detection
from understudy.faces.inputs import FinderInputs
from understudy.media.clip import Frame

Array = npt.NDArray[np.float64]


class Landmarker(Protocol):
    """Places 68 landmarks on faces that a detector found."""

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        """Landmarks in frame pixels: for every frame (number of its detections, 68, 2).

        The frames are of one size. A detection may lack its five points.
        """
        ...


# Makes a landmarker. Raises WeightsMissing, and what is said at the landmarker.
LandmarkerFactory = Callable[[FinderInputs], Landmarker]


def _five_point(inputs: FinderInputs) -> Landmarker:
    from understudy.faces.five_point import FivePointLandmarker

    return FivePointLandmarker(device=inputs.device)


LANDMARKERS: Mapping[str, LandmarkerFactory] = {
    "five-point": _five_point,
}
