"""Whether the swap takes on dst's colours: face style inside the face, background style around it.

Both look at the swap of the dst faces that were just shown, painted from a code that is not changed by them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as nnf

from understudy.networks.face_model import Painted
from understudy.training.losses.masks import blurred, softened
from understudy.training.losses.structure import dssim, window_for

_EPSILON = 1e-5
_LARGE_SHARE, _SIGMA_PX = 11.6, 1.5


def face_style(swap: Painted, dst: Painted) -> Tensor:
    """How far the swap's mean colour and spread are from those of dst as painted, each inside its own mask.

    Mean over channels of squared differences, after a blur of an eighth of the side. After Huang and Belongie,
    "Arbitrary style transfer in real-time with adaptive instance normalization", ICCV 2017. 0 and up.
    """
    radius_px = max(1, swap.faces_BCHW.shape[-1] // 8)
    painted = swap.faces_BCHW.float() * swap.masks_B1HW.detach().float()
    goal = (dst.faces_BCHW.float() * dst.masks_B1HW.float()).detach()
    means, spreads = _moments(blurred(painted, radius_px))
    goal_means, goal_spreads = _moments(blurred(goal, radius_px))
    return ((means - goal_means).square() + (spreads - goal_spreads).square()).mean()


def _moments(pictures_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C) means and standard deviations."""
    variances = pictures_BCHW.var(dim=(2, 3), correction=0)
    return pictures_BCHW.mean(dim=(2, 3)), (variances + _EPSILON).sqrt()


def background_style(swap: Painted, dst: Painted, dst_goal_BCHW: Tensor) -> Tensor:
    """How far the swap's surroundings are from dst's: structure and squared difference outside both faces."""
    with torch.no_grad():
        both = swap.masks_B1HW.float() * dst.masks_B1HW.float()
        outside = 1 - softened(both)
    painted, goal = swap.faces_BCHW.float() * outside, dst_goal_BCHW * outside
    structure = dssim(painted, goal, window_for(painted.shape[-1], _LARGE_SHARE), _SIGMA_PX)
    return structure + nnf.mse_loss(painted, goal)
