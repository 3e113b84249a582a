"""What a face detector is, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy.faces.inputs import FinderInputs
from understudy.media.clip import Frame


@dataclass(frozen=True, eq=False)
class Detection:
    """One face found in one frame, in frame pixels.

    `points_5` is (5, 2): image-left eye, image-right eye, nose, left and right mouth corner; None where a
    detector gives boxes alone.
    """

    box_xyxy: npt.NDArray[np.float64]  # (4,): left, top, right, bottom
    score: float  # 0..1
    points_5: npt.NDArray[np.float64] | None = None


class Detector(Protocol):
    """Finds faces in a batch of equally sized frames."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """Faces of every frame, largest first; an empty list where there is none."""
        ...


# Makes a detector. Raises WeightsMissing, and what is said at the detector.
DetectorFactory = Callable[[FinderInputs], Detector]


def _mtcnn(inputs: FinderInputs) -> Detector:
    from understudy.faces.mtcnn import MtcnnDetector  # torch takes a second to import
    from understudy.faces.settings import MtcnnSettings

    settings = MtcnnSettings(smallest_face_share=inputs.smallest_face_share)
    return MtcnnDetector(device=inputs.device, settings=settings)


DETECTORS: Mapping[str, DetectorFactory] = {
    "mtcnn": _mtcnn,
}
