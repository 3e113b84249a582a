"""Numbers that are near each other for one person, from a network that learnt to recognise people.

For sorting a faceset: who is who, and who is in the wrong folder. Runs on aligned crops. Not used to find
anybody elsewhere; nothing of it leaves the faceset's index. The weights are the user's to add.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faces.five_point import five_of
from understudy.faces.inputs import FinderInputs
from understudy.faces.opencv_nets import opened
from understudy.geometry import for_pixel_grid, similarity_fit
from understudy.networks.weight_store import WeightStore

# Where SFace was taught to see eyes, nose tip and mouth corners in its 112 x 112 crop (OpenCV's
# FaceRecognizerSF::alignCrop), measured from pixel centres there and from the corner here.
_SFACE_SIDE_PX = 112
_SFACE_POINTS = (
    np.array(
        [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
    )
    + 0.5
)


class Embedder(Protocol):
    """Turns aligned crops into vectors that are alike for one person."""

    def embed(
        self, crops_rgb: npt.NDArray[np.uint8], landmarks_68_in_crop: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float32]:
        """Unit vectors (n, d) of crops (n, S, S, 3) with landmarks (n, 68, 2) in crop pixels."""
        ...


class SFaceEmbedder:
    """Implements `Embedder` with SFace through OpenCV: 128 numbers a face. Runs on the CPU.

    Raises WeightsMissing until `understudy weights add` or `fetch` brought its weights.
    """

    def __init__(self, store: WeightStore) -> None:
        path = store.path_of("sface")
        self.network = opened(lambda: cv2.FaceRecognizerSF.create(str(path), ""), path, what="face recogniser")

    def embed(
        self, crops_rgb: npt.NDArray[np.uint8], landmarks_68_in_crop: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float32]:
        rows = []
        for crop_rgb, landmarks in zip(crops_rgb, landmarks_68_in_crop, strict=True):
            aligned = sface_crop(crop_rgb, landmarks)
            vector = np.asarray(self.network.feature(aligned[..., ::-1].copy()), np.float32).reshape(-1)
            rows.append(vector / max(float(np.linalg.norm(vector)), 1e-9))
        return np.stack(rows) if rows else np.empty((0, 128), np.float32)


def sface_crop(
    crop_rgb: npt.NDArray[np.uint8], landmarks_68_in_crop: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """A crop (S, S, 3) laid as SFace was taught to see faces: (112, 112, 3) RGB."""
    matrix = similarity_fit(five_of(landmarks_68_in_crop), _SFACE_POINTS)
    size = (_SFACE_SIDE_PX, _SFACE_SIDE_PX)
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if shrink < 0.5:  # a warp takes single samples, so average before
        side = max(1, round(crop_rgb.shape[0] * shrink * 1.5))
        ratio = crop_rgb.shape[0] / side
        crop_rgb = np.asarray(cv2.resize(crop_rgb, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        matrix = matrix * np.array([ratio, ratio, 1.0])
    return np.asarray(cv2.warpAffine(crop_rgb, for_pixel_grid(matrix), size, flags=cv2.INTER_LINEAR), np.uint8)


# Makes an embedder. Raises WeightsMissing, WeightsChanged, UnsafeFile.
EmbedderFactory = Callable[[FinderInputs], Embedder]


def _sface(inputs: FinderInputs) -> Embedder:
    return SFaceEmbedder(WeightStore(inputs.weights_folder))


EMBEDDERS: Mapping[str, EmbedderFactory] = {
    "sface": _sface,
}
