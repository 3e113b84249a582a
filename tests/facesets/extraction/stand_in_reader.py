"""A stand-in for our own face network that reads the drawn faces of `stand_in`; apart, for it needs torch."""

import cv2
import numpy as np

from tests.facesets.extraction.stand_in import FACE
from understudy.faces.dense.landmarker import DenseLandmarker
from understudy.faces.dense.reader import FaceReading
from understudy.faces.dense.reading_crop import rolls
from understudy.faces.landmark import LANDMARKERS
from understudy.networks.dense_face import CROP_PX

_ROLL = float(rolls(FACE[None])[0])  # the mean face is not level by half a degree, which would add up
_LEVEL_FACE = FACE @ np.array([[np.cos(_ROLL), -np.sin(_ROLL)], [np.sin(_ROLL), np.cos(_ROLL)]])


class BlobReader:
    """Stands in for `faces.dense.reader.FaceReader`: sees the coloured patch nearest to a crop's middle.

    The drawn face's size follows from the patch's area. What is grey is no face.
    """

    def read(self, crops: np.ndarray) -> FaceReading:
        every = [_blob(crop) for crop in crops]
        points = np.array([points for points, _, _ in every]).reshape(-1, 70, 2)
        masks = np.array([mask for _, mask, _ in every], np.float32).reshape(-1, CROP_PX, CROP_PX)
        spread = np.full(points.shape[:2], 0.5)
        return FaceReading(points, spread, masks, np.array([score for _, _, score in every], float))


def _blob(crop: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    colored = (np.ptp(crop.astype(int), axis=2) > 25).astype(np.uint8)
    _, labels, stats, centroids = cv2.connectedComponentsWithStats(colored)
    away = [
        np.linalg.norm(middle - CROP_PX / 2) if stat[4] > 300 else np.inf
        for middle, stat in zip(centroids, stats, strict=True)
    ]
    away[0] = np.inf  # what is grey
    best = int(np.argmin(away))
    middle, side, score = np.full(2, CROP_PX / 2), CROP_PX / 2.0, 0.02
    if np.isfinite(away[best]):
        middle, side, score = centroids[best] + 0.5, np.sqrt(stats[best, 4] / (np.pi * 0.48 * 0.6)), 0.98
    points_68 = _LEVEL_FACE * side + middle
    pupils = np.stack([points_68[36:42].mean(0), points_68[42:48].mean(0)])
    return np.concatenate([points_68, pupils]), (labels == best) & (score > 0.5), score


def dense_installed(reader: BlobReader | None = None) -> None:
    """Let the landmarker `dense` read with a stand-in."""
    reader = reader or BlobReader()
    LANDMARKERS["dense"] = lambda inputs: DenseLandmarker(
        reader, second_pass=inputs.second_pass, re_feed=inputs.re_feed
    )
