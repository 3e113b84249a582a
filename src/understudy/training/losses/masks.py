"""Where an error counts: soft areas around the face, and pictures whose surroundings are blurred away.

Not here: masks from landmarks (`understudy.masks`), how much an error counts.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as nnf

_WIDE_PX, _SOFT_PX = 9, 5


def widened(mask_B1HW: Tensor) -> Tensor:
    """The mask, four pixels wider and with a soft edge: what is painted must be right up to its rim."""
    for window in ((_WIDE_PX, 1), (1, _WIDE_PX)):  # a square's maximum, one direction after the other
        mask_B1HW = nnf.max_pool2d(mask_B1HW, window, 1, (window[0] // 2, window[1] // 2))
    return nnf.avg_pool2d(mask_B1HW, _SOFT_PX, 1, _SOFT_PX // 2)


def softened(mask_B1HW: Tensor) -> Tensor:
    """The mask as DeepFaceLab's losses use it: blurred by a 32nd of the side, cut at a half, doubled."""
    radius_px = max(1, mask_B1HW.shape[-1] // 32)
    return 2 * blurred(mask_B1HW, radius_px).clamp(0, 0.5)


def blurred(pictures_BCHW: Tensor, radius_px: float) -> Tensor:
    """A Gaussian blur of standard deviation `radius_px`, cut off at two of them; beyond the edge all is 0."""
    band = _same_size_band(pictures_BCHW.shape[-1], radius_px, pictures_BCHW.device)
    return band.T @ pictures_BCHW @ band


@cache  # for good: a recorded step reads from this memory
def _same_size_band(size_px: int, radius_px: float, device: torch.device) -> Tensor:
    """(size, size): column k is the window around pixel k."""
    side = max(3, int(4 * radius_px)) | 1
    away = torch.arange(size_px)[:, None] - torch.arange(size_px)
    window = torch.exp(-(away.float() ** 2) / (2 * radius_px**2)) * (away.abs() <= side // 2)
    whole = torch.exp(-((torch.arange(side) - side // 2).float() ** 2) / (2 * radius_px**2)).sum()
    return (window / whole).to(device)


def blurred_around(pictures_BCHW: Tensor, mask_B1HW: Tensor) -> Tensor:
    """The pictures, blurred outside the mask without letting the face bleed into its surroundings."""
    radius_px = pictures_BCHW.shape[-1] / 128
    outside = 1 - mask_B1HW
    share = blurred(outside, radius_px)
    share = torch.where(share.abs() < 1e-6, 1.0, share)
    return pictures_BCHW * mask_B1HW + blurred(pictures_BCHW * outside, radius_px) / share * outside
