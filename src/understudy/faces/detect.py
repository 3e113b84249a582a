"""What a face detector is, and the list of those there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Detection:
    """One face found in one frame, in frame pixels."""

    box_xyxy: npt.NDArray[np.float64]  # (4,): left, top, right, bottom
    score: float  # 0..1
    points_5: npt.NDArray[
        np.float64
    ]  # (5, 2): image-left eye, image-right eye, nose, left and right mouth corner


class Detector(Protocol):
    """Finds faces in a batch of equally sized frames."""

    def detect(self, frames_rgb: Sequence[npt.NDArray[np.uint8]]) -> list[list[Detection]]:
        """Faces of every (height, width, 3) frame, largest first; an empty list where there is none."""
        ...


SMALLEST_FACE_SHARE = 0.08


class DetectorFactory(Protocol):
    """Makes a detector for one device ("cpu", "cuda:0", …). Raises WeightsMissing.

    `smallest_face_share` is the side of the smallest face looked for, against the frame's shorter side.
    """

    def __call__(
        self, *, device: str = "cpu", smallest_face_share: float = SMALLEST_FACE_SHARE
    ) -> Detector: ...


def _mtcnn(*, device: str = "cpu", smallest_face_share: float = SMALLEST_FACE_SHARE) -> Detector:
    from understudy.faces.mtcnn import MtcnnDetector  # torch takes a second to import
    from understudy.faces.settings import MtcnnSettings

    return MtcnnDetector(device=device, settings=MtcnnSettings(smallest_face_share=smallest_face_share))


DETECTORS: Mapping[str, DetectorFactory] = {
    "mtcnn": _mtcnn,
}
