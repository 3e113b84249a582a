"""Sixty-eight landmarks by a network that sees lids, lips and jaw: 2DFAN-4 of the face-alignment package.

Bulat and Tzimiropoulos, "How far are we from solving the 2D & 3D face alignment problem?", ICCV 2017. All faces
of a batch of frames go through together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from understudy.faces.detect import Detection
from understudy.faces.patches import FramePyramid
from understudy.media.clip import Frame

Array = npt.NDArray[np.float64]

_INPUT_PX = 256
_BOX_TO_SIDE = 200 / 195  # side of what the network sees over the sum of the box's sides
_BLACK = (0, 0, 0)
_FACES_AT_ONCE = 16
_QUARTER = 0.25


class FanLandmarker:
    """Implements `faces.landmark.Landmarker`.

    `network` takes faces (B, 3, 256, 256), RGB 0..1, and gives heat maps (B, 68, 64, 64), or several of which
    the last is the best.
    """

    def __init__(self, network: nn.Module, *, device: torch.device | str = "cpu") -> None:
        self.network, self.device = network, torch.device(device)

    @torch.inference_mode()
    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        counts = [len(faces) for faces in detections]
        if not sum(counts):
            return [np.empty((0, 68, 2)) for _ in frames]
        used = [place for place, count in enumerate(counts) if count]
        pyramid = FramePyramid([frames[place].rgb_8bit for place in used])
        of_frame = np.repeat(np.arange(len(used)), [counts[place] for place in used])
        frame_from_unit = seen_squares(np.stack([d.box_xyxy for faces in detections for d in faces]))
        in_unit = []
        for start in range(0, len(of_frame), _FACES_AT_ONCE):
            part = slice(start, start + _FACES_AT_ONCE)
            patches = pyramid.patches(of_frame[part], frame_from_unit[part], size_px=_INPUT_PX, outside=_BLACK)
            faces_BCHW = torch.from_numpy(patches).to(self.device).permute(0, 3, 1, 2).float() / 255
            maps = self.network(faces_BCHW)
            maps = maps if isinstance(maps, Tensor) else maps[-1]
            in_unit.append(peaks(maps.float().cpu().numpy()))
        points = np.einsum("nij,npj->npi", frame_from_unit[:, :, :2], np.concatenate(in_unit))
        return np.split(points + frame_from_unit[:, None, :, 2], np.cumsum(counts)[:-1])


def seen_squares(boxes: Array) -> Array:
    """The transforms (n, 2, 3) that lay a unit square onto what the network sees of boxes (n, 4)."""
    size = boxes[:, 2:] - boxes[:, :2]
    side = size.sum(1) * _BOX_TO_SIDE
    out = np.zeros((len(boxes), 2, 3))
    out[:, 0, 0] = out[:, 1, 1] = side
    out[:, :, 2] = (boxes[:, :2] + boxes[:, 2:]) / 2 - side[:, None] / 2
    return out


def peaks(maps: npt.NDArray[np.float32]) -> Array:
    """Where heat maps (n, k, side, side) are highest: (n, k, 2) in shares of their side.

    Between pixels by the parabola through the logarithms of a peak and its two neighbours, which is exact for a
    Gaussian (Zhang et al., "Distribution-aware coordinate representation", CVPR 2020, in one dimension); by a
    quarter pixel towards the higher neighbour where logarithms don't exist.
    """
    count, points, height, width = maps.shape
    row, column = np.divmod(maps.reshape(count, points, -1).argmax(2), width)
    padded = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge").astype(np.float64)
    n, k = np.ogrid[:count, :points]
    middle = padded[n, k, row + 1, column + 1]
    x = _between(padded[n, k, row + 1, column], middle, padded[n, k, row + 1, column + 2])
    y = _between(padded[n, k, row, column + 1], middle, padded[n, k, row + 2, column + 1])
    x = np.where((column == 0) | (column == width - 1), 0, x)
    y = np.where((row == 0) | (row == height - 1), 0, y)
    return np.stack([(column + 0.5 + x) / width, (row + 0.5 + y) / height], axis=-1)


def _between(before: Array, middle: Array, after: Array) -> Array:
    """The summit's place against the middle sample, -0.5..0.5."""
    least = np.minimum(before, after)
    sure = (least > 1e-6) & (middle > least)
    a, b, c = (np.log(np.where(sure, values, 1.0)) for values in (before, middle, after))
    bend = a - 2 * b + c
    fitted = np.where(bend < -1e-9, 0.5 * (a - c) / np.minimum(bend, -1e-9), 0.0)
    return np.where(sure, np.clip(fitted, -0.5, 0.5), _QUARTER * np.sign(after - before))
