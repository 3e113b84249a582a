"""Find faces with S3FD: slower than MTCNN without a GPU, but it misses fewer turned and half-hidden faces.

The network's class and weights are those of the face-alignment package; frames go through it in batches. Gives
boxes without points. Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.faces.boxes import distinct
from understudy.faces.detect import Detection
from understudy.faces.inputs import SMALLEST_FACE_SHARE
from understudy.faces.patches import FramePyramid
from understudy.media.clip import Frame

_SEARCHED_PX = 640  # longer side of the searched copy, more where smaller faces are wanted
_SMALLEST_FACE_PX = 20
_CANDIDATE_SCORE = 0.05
_MOST_CANDIDATES = 2000  # of one frame
_MOST_OVERLAP = 0.3
_SCORE = 0.5
_CHIN_SHARE = 0.1  # boxes end above the chin; landmarkers expect it inside
_MEANS_BGR = (104.0, 117.0, 123.0)
_VARIANCES = (0.1, 0.2)


class S3fdDetector:
    """Implements `faces.detect.Detector` with a filled network of `networks.face_alignment_nets`."""

    def __init__(
        self,
        network: nn.Module,
        *,
        device: torch.device | str = "cpu",
        smallest_face_share: float = SMALLEST_FACE_SHARE,
    ) -> None:
        self.network, self.device = network, torch.device(device)
        self.smallest_face_share = smallest_face_share

    @torch.inference_mode()
    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        if not frames:
            return []
        pyramid = FramePyramid([frame.rgb_8bit for frame in frames])
        shorter_px, longer_px = sorted((pyramid.height, pyramid.width))
        least_px = self.smallest_face_share * shorter_px
        scale = min(1.0, max(_SEARCHED_PX / longer_px, _SMALLEST_FACE_PX / least_px))
        picture_BCHW = pyramid.whole(scale, self.device).flip(1)
        picture_BCHW = picture_BCHW - picture_BCHW.new_tensor(_MEANS_BGR).view(1, 3, 1, 1)
        frame, boxes, scores = decoded(self.network(picture_BCHW))
        ratio = np.array([pyramid.width / picture_BCHW.shape[3], pyramid.height / picture_BCHW.shape[2]])
        boxes = boxes * np.tile(ratio, 2)
        return [_faces(boxes[frame == place], scores[frame == place], least_px) for place in range(len(frames))]


def decoded(
    maps: Sequence[Tensor],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Frames (n,), boxes (n, 4) in pixels of the searched copy and scores (n,) of all that could be a face.

    `maps` alternate between classes (B, 2, h, w) and offsets (B, 4, h, w), at strides 4, 8, … 128.
    """
    frames, boxes, scores = [], [], []
    for level, (classes, offsets) in enumerate(zip(maps[::2], maps[1::2], strict=True)):
        stride = 4.0 * 2**level
        faceness_BHW = functional.softmax(classes.float(), dim=1)[:, 1]
        frame, row, column = (faceness_BHW > _CANDIDATE_SCORE).nonzero(as_tuple=True)
        moved = offsets.float()[frame, :, row, column]
        centre = (torch.stack([column, row], 1) + 0.5) * stride + moved[:, :2] * _VARIANCES[0] * 4 * stride
        half = torch.exp(torch.clamp(moved[:, 2:] * _VARIANCES[1], max=8.0)) * 2 * stride
        frames.append(frame.cpu().numpy())
        boxes.append(torch.cat([centre - half, centre + half], 1).cpu().numpy().astype(np.float64))
        scores.append(faceness_BHW[frame, row, column].cpu().numpy().astype(np.float64))
    return np.concatenate(frames), np.concatenate(boxes), np.concatenate(scores)


def _faces(boxes: npt.NDArray[np.float64], scores: npt.NDArray[np.float64], least_px: float) -> list[Detection]:
    best = np.argsort(-scores, kind="stable")[:_MOST_CANDIDATES]
    boxes, scores = boxes[best], scores[best]
    keep = distinct(boxes, scores, np.zeros(len(boxes), np.intp), most_overlap=_MOST_OVERLAP)
    size = boxes[:, 2:] - boxes[:, :2]
    keep = keep[(scores[keep] >= _SCORE) & (size[keep].max(1, initial=0) >= least_px)]
    keep = keep[np.argsort(-size[keep].prod(1), kind="stable")]
    boxes = boxes + np.outer(size[:, 1] * _CHIN_SHARE, [0, 0, 0, 1])
    return [Detection(boxes[at], float(min(1.0, scores[at]))) for at in keep.tolist()]
