"""What a landmarker is, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy.faces.detect import Detection
from understudy.faces.inputs import FinderInputs
from understudy.media.clip import Frame
from understudy.networks.weight_store import WeightStore

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


def _fan(inputs: FinderInputs) -> Landmarker:
    from understudy.faces.fan import FanLandmarker
    from understudy.networks.face_alignment_nets import fan_network
    from understudy.networks.weight_fetching import ready_path
    from understudy.networks.weight_reading import filled, read_torchscript

    store = WeightStore(inputs.weights_folder)
    if store.has("2dfan4-script") and not store.has("2dfan4"):
        path = store.path_of("2dfan4-script")
        network = read_torchscript(path, trust=inputs.trust, device=inputs.device)
    else:
        network = filled(fan_network(), ready_path(store, "2dfan4"), device=inputs.device)
    return FanLandmarker(network, device=inputs.device)


def _dense(inputs: FinderInputs) -> Landmarker:
    from understudy.faces.dense.landmarker import DenseLandmarker
    from understudy.faces.dense.reader import FaceReader

    reader = FaceReader(device=inputs.device)
    return DenseLandmarker(reader, second_pass=inputs.second_pass, re_feed=inputs.re_feed)


def _import(inputs: FinderInputs) -> Landmarker:
    from understudy.faces.imported import ImportLandmarker, read_imported

    return ImportLandmarker(read_imported(inputs.import_file, clip_name=inputs.clip_name))


LANDMARKERS: Mapping[str, LandmarkerFactory] = {
    "dense": _dense,
    "five-point": _five_point,
    "fan": _fan,
    "import": _import,
}
