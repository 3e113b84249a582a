"""How far a painted face is from the real one: absolute difference, structure at two scales, and the mask."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as nnf

from understudy.networks.face_model import Painted
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.options import LossOptions

_COLOR_WEIGHT = 5.0
_STRUCTURE_WEIGHT = 5.0
_MASK_WEIGHT = 1.0
_OUTSIDE = 0.02  # what lies outside the face counts so little, but keeps the edge sensible
_REACH_PX = 5
_WINDOW_PX, _WINDOW_SIGMA_PX = 5, 0.9


def lesson_terms(painted: Painted, lesson: Lesson, options: LossOptions) -> dict[str, Tensor]:
    """What a batch of one performer costs, term by term, in float32."""
    goal, mask = lesson.goal_BCHW, lesson.mask_B1HW
    faces = painted.faces_BCHW.float()
    area = widened(mask)
    away = (faces - goal).abs()
    terms = {
        "color": _COLOR_WEIGHT * (away * (area + _OUTSIDE)).mean(),
        "eyes": options.eyes_weight * (away * lesson.eyes_B1HW).mean(),
        "mouth": options.mouth_weight * (away * lesson.mouth_B1HW).mean(),
        "mask": _MASK_WEIGHT * nnf.mse_loss(painted.masks_B1HW.float(), mask),
    }
    faces, goal = faces * area, goal * area
    structure = dssim(faces, goal, _WINDOW_PX, _WINDOW_SIGMA_PX)
    faces, goal = nnf.avg_pool2d(faces, 2), nnf.avg_pool2d(goal, 2)
    terms["structure"] = _STRUCTURE_WEIGHT * (structure + dssim(faces, goal, _WINDOW_PX, _WINDOW_SIGMA_PX))
    return terms


def widened(mask_B1HW: Tensor) -> Tensor:
    """The mask, some pixels wider and with a soft edge: what is painted must be right up to its rim."""
    for _ in range(2):
        mask_B1HW = nnf.max_pool2d(mask_B1HW, _REACH_PX, 1, _REACH_PX // 2)
    return nnf.avg_pool2d(mask_B1HW, _REACH_PX, 1, _REACH_PX // 2)


def dssim(a_BCHW: Tensor, b_BCHW: Tensor, window_px: int, sigma_px: float) -> Tensor:
    """Structural dissimilarity, 0 for equal pictures to 1: Wang et al., "Image quality assessment: from error
    visibility to structural similarity", IEEE TIP 13(4), 2004. Values 0..1."""
    band = _gaussian_band(a_BCHW.shape[-1], window_px, sigma_px).to(a_BCHW.device)
    stack = torch.cat([a_BCHW, b_BCHW, a_BCHW**2, b_BCHW**2, a_BCHW * b_BCHW], dim=1)
    # A Gaussian filter is a product with a banded matrix on each side: faster than so thin a convolution.
    mean_a, mean_b, aa, bb, ab = (band.T @ stack @ band).chunk(5, dim=1)
    spread_a, spread_b, common = aa - mean_a**2, bb - mean_b**2, ab - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    likeness = ((2 * mean_a * mean_b + c1) * (2 * common + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2)
    )
    return ((1 - likeness) / 2).mean()


@lru_cache(maxsize=16)
def _gaussian_band(size_px: int, window_px: int, sigma_px: float) -> Tensor:
    """(size, size - window + 1): column k averages `window_px` pixels from pixel k on."""
    away = torch.arange(window_px) - (window_px - 1) / 2
    weights = torch.exp(-(away**2) / (2 * sigma_px**2))
    weights /= weights.sum()
    band = torch.zeros(size_px, size_px - window_px + 1)
    for k in range(band.shape[1]):
        band[k : k + window_px, k] = weights
    return band
