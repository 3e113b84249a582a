"""Show crops to our own face network, many at once, on any device.

Not here: where crops come from (`reading_crop`), and what follows from one frame to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from understudy.geometry import Array, transform_points
from understudy.networks.dense_face import CROP_PX, POINTS, DenseFaceNet, DenseFaceOutput, load_dense_face

CROPS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class FaceReading:
    """What was read from n crops, in the crops' pixels from their corner."""

    points_px: Array  # (n, 70, 2)
    spread_px: Array  # (n, 70): expected distance from the truth
    masks: npt.NDArray[np.float32]  # (n, 128, 128) 0..1: visible skin of the face
    scores: Array  # (n,) 0..1: this is a face

    def in_frame(self, frame_from_crop: Array) -> tuple[Array, Array]:
        """Points (n, 70, 2) and spreads (n, 70) in the pixels of the frames that the crops were cut from."""
        scale = np.sqrt(np.abs(np.linalg.det(frame_from_crop[:, :, :2])))
        return transform_points(frame_from_crop, self.points_px), self.spread_px * scale[:, None]


class FaceReader:
    """The network ready to look. `network` is folded and moved; by default it has the weights that are shipped.

    Raises WeightsMissing where there are none.
    """

    def __init__(self, network: DenseFaceNet | None = None, *, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        network = load_dense_face(device=self.device) if network is None else network
        moved = network.folded().to(self.device)
        self.network = moved.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.uses_bfloat16 = _bfloat16_wins(self.device)

    @torch.inference_mode()
    def read(self, crops: npt.NDArray[np.uint8]) -> FaceReading:
        """Read crops (n, 128, 128, 3), RGB. An empty batch gives an empty reading."""
        if crops.shape[1:] != (CROP_PX, CROP_PX, 3):
            raise ValueError(f"crops must be {CROP_PX} x {CROP_PX} pixels of RGB, not {crops.shape}")
        parts = [self._seen(crops[at : at + CROPS_AT_ONCE]) for at in range(0, len(crops), CROPS_AT_ONCE)]
        if not parts:
            nothing = np.empty(0)
            masks = np.empty((0, CROP_PX, CROP_PX), np.float32)
            return FaceReading(np.empty((0, POINTS, 2)), np.empty((0, POINTS)), masks, nothing)
        return FaceReading(
            np.concatenate([_doubles(part.points_BK2) for part in parts]) * CROP_PX,
            np.concatenate([_doubles(part.spread_BK) for part in parts]) * CROP_PX,
            np.concatenate([part.mask_logits_B1HW[:, 0].sigmoid().float().cpu().numpy() for part in parts]),
            np.concatenate([_doubles(part.score_logit_B.sigmoid()) for part in parts]),
        )

    def _seen(self, crops: npt.NDArray[np.uint8]) -> DenseFaceOutput:
        crops_BCHW = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device).permute(0, 3, 1, 2)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.uses_bfloat16):
            return self.network(crops_BCHW.float() / 255)


def _doubles(values: Tensor) -> Array:
    return values.cpu().double().numpy()  # Apple's devices know no doubles


def _bfloat16_wins(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
