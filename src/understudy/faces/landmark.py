"""What a landmarker is, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy.faces.detect import Detection


class Landmarker(Protocol):
    """Places 68 landmarks on faces that a detector found."""

    def landmarks_68(
        self, frame_rgb: npt.NDArray[np.uint8], detections: Sequence[Detection]
    ) -> npt.NDArray[np.float64]:
        """Landmarks in frame pixels, (number of detections, 68, 2)."""
        ...


def _five_point() -> Landmarker:
    from understudy.faces.five_point import FivePointLandmarker

    return FivePointLandmarker()


LANDMARKERS: Mapping[str, Callable[[], Landmarker]] = {
    "five-point": _five_point,
}
