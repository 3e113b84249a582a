"""Find faces with YuNet, which OpenCV runs on the CPU. Weights: `understudy weights list`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faces.boxes import distinct
from understudy.faces.detect import Detection
from understudy.faces.inputs import SMALLEST_FACE_SHARE
from understudy.faces.opencv_nets import opened
from understudy.media.clip import Frame

_SEARCHED_PX = 640  # longer side of a searched copy; YuNet knows faces of about 10 to 300 pixels
_SMALLEST_FACE_PX = 16
_SCORE = 0.5  # what is less sure is not even noted; `min_score` chooses among the rest
_MOST_OVERLAP = 0.3
_CANDIDATES = 5000


class YunetDetector:
    """Implements `faces.detect.Detector`. Raises UnsafeFile when OpenCV can't read the weights."""

    def __init__(self, path: Path, *, smallest_face_share: float = SMALLEST_FACE_SHARE) -> None:
        self.smallest_face_share = smallest_face_share
        self.network = opened(
            lambda: cv2.FaceDetectorYN.create(str(path), "", (32, 32), _SCORE, _MOST_OVERLAP, _CANDIDATES),
            path,
            what="face detector",
        )

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        return [self._faces(frame.rgb_8bit) for frame in frames]

    def _faces(self, rgb: npt.NDArray[np.uint8]) -> list[Detection]:
        height, width = rgb.shape[:2]
        least_px = self.smallest_face_share * min(height, width)
        bgr = np.ascontiguousarray(rgb[..., ::-1])
        rows = np.concatenate([self._rows(bgr, scale) for scale in searched_scales(width, height, least_px)])
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        keep = distinct(boxes, rows[:, 14], np.zeros(len(rows), np.intp), most_overlap=_MOST_OVERLAP)
        size = boxes[:, 2:] - boxes[:, :2]
        keep = keep[size[keep].max(1, initial=0) >= least_px]
        keep = keep[np.argsort(-size[keep].prod(1), kind="stable")]
        return [
            Detection(boxes[at], float(np.clip(rows[at, 14], 0, 1)), rows[at, 4:14].reshape(5, 2))
            for at in keep.tolist()
        ]

    def _rows(self, bgr: npt.NDArray[np.uint8], scale: float) -> npt.NDArray[np.float64]:
        """(n, 15): left, top, width, height, five points, score; in pixels of the frame."""
        height, width = bgr.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA) if scale < 1 else bgr
        self.network.setInputSize((small.shape[1], small.shape[0]))
        found = self.network.detect(small)[1]
        rows = np.empty((0, 15)) if found is None else np.asarray(found, np.float64).reshape(-1, 15)
        ratio = np.array([width / small.shape[1], height / small.shape[0]])
        rows[:, :14] *= np.tile(ratio, 7)
        return rows[np.isfinite(rows).all(1)]


def searched_scales(width: int, height: int, least_px: float) -> list[float]:
    """At which scales a frame is searched so that faces from `least_px` up to the whole frame are seen.

    The smallest scale shows the whole frame in 640 pixels; each further one is twice as fine.
    """
    scales = [min(1.0, _SEARCHED_PX / max(width, height))]
    while scales[-1] < 1 and least_px * scales[-1] < _SMALLEST_FACE_PX:
        scales.append(min(1.0, 2 * scales[-1]))
    return scales
