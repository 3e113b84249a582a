"""What a face detector is, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy.faces.inputs import FinderInputs
from understudy.media.clip import Frame
from understudy.networks.weight_store import WeightStore


@dataclass(frozen=True, eq=False)
class Detection:
    """One face found in one frame, in frame pixels.

    `points_5` is (5, 2): image-left eye, image-right eye, nose, left and right mouth corner; None where a
    detector gives boxes alone. `landmarks_68` is (68, 2) where a person drew them, and then they hold.
    `turn_deg` says by how much the frame must be turned counter-clockwise for the face to stand upright.
    """

    box_xyxy: npt.NDArray[np.float64]  # (4,): left, top, right, bottom
    score: float  # 0..1
    points_5: npt.NDArray[np.float64] | None = None
    landmarks_68: npt.NDArray[np.float64] | None = None
    turn_deg: int = 0  # 0, 90, 180, 270


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


def _yunet(inputs: FinderInputs) -> Detector:
    from understudy.faces.yunet import YunetDetector
    from understudy.networks.weight_fetching import ready_path

    path = ready_path(WeightStore(inputs.weights_folder), "yunet")
    return YunetDetector(path, smallest_face_share=inputs.smallest_face_share)


def _s3fd(inputs: FinderInputs) -> Detector:
    from understudy.faces.s3fd import S3fdDetector
    from understudy.networks.face_alignment_nets import s3fd_network
    from understudy.networks.weight_fetching import ready_path
    from understudy.networks.weight_reading import filled

    empty = s3fd_network()
    network = filled(empty, ready_path(WeightStore(inputs.weights_folder), "s3fd"), device=inputs.device)
    return S3fdDetector(network, device=inputs.device, smallest_face_share=inputs.smallest_face_share)


def _import(inputs: FinderInputs) -> Detector:
    from understudy.faces.imported import ImportDetector, read_imported

    return ImportDetector(read_imported(inputs.import_file, clip_name=inputs.clip_name))


def _manual(inputs: FinderInputs) -> Detector:
    from understudy.faces.manual import ManualDetector, read_regions

    return ManualDetector(read_regions(inputs.manual_file) if inputs.manual_file else {})


DETECTORS: Mapping[str, DetectorFactory] = {
    "mtcnn": _mtcnn,
    "yunet": _yunet,
    "s3fd": _s3fd,
    "import": _import,
    "manual": _manual,
}
