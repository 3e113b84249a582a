"""How far two pictures are apart pixel by pixel: norms of their difference. All are 0 for no difference.

Each takes the difference (B, C, H, W) of pictures 0..1, already weighted where places count differently.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as nnf

_ROUND = 1 / 255  # differences below one step of 8 bits are treated gently
_LEVELS = 5


def l1(away_BCHW: Tensor) -> Tensor:
    """Mean absolute difference."""
    return away_BCHW.abs().mean()


def l2(away_BCHW: Tensor) -> Tensor:
    """Mean squared difference: large errors count most, so results are smooth."""
    return away_BCHW.square().mean()


def charbonnier(away_BCHW: Tensor) -> Tensor:
    """Mean absolute difference with a rounded tip: Charbonnier et al., ICIP 1994; the case alpha = 1 of Barron,
    "A general and adaptive robust loss function", CVPR 2019."""
    return ((away_BCHW.square() + _ROUND**2).sqrt() - _ROUND).mean()


def log_cosh(away_BCHW: Tensor) -> Tensor:
    """Half the square for small differences, nearly the absolute for large ones."""
    size = away_BCHW.abs()
    return (size + nnf.softplus(-2 * size) - torch.log(torch.tensor(2.0))).mean()


def laplacian(away_BCHW: Tensor) -> Tensor:
    """Absolute differences of five octaves, the finest counting most: Bojanowski et al., "Optimizing the latent
    space of generative networks", ICML 2018. Octaves that the picture is too small for are left out."""
    total = away_BCHW.new_zeros(())
    for level in range(_LEVELS):
        last = level == _LEVELS - 1 or min(away_BCHW.shape[-2:]) < 4
        small = away_BCHW if last else nnf.avg_pool2d(away_BCHW, 2)
        size = (away_BCHW.shape[-2], away_BCHW.shape[-1])
        wide = nnf.interpolate(small, size=size, mode="bilinear", align_corners=False)
        detail = away_BCHW if last else away_BCHW - wide
        total = total + detail.abs().mean() * 2.0 ** (-2 * level)
        if last:
            break
        away_BCHW = small
    return total


DIFFERENCES: dict[str, Callable[[Tensor], Tensor]] = {
    "l1": l1,
    "l2": l2,
    "charbonnier": charbonnier,
    "log_cosh": log_cosh,
    "laplacian": laplacian,
}
