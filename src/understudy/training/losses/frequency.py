"""Whether the same frequencies are there: what smooth losses neglect, hair and pores."""

from __future__ import annotations

import torch
from torch import Tensor


def focal_frequency(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """Squared difference of spectra, each frequency weighted by how wrong it still is; 0 and up.

    Jiang et al., "Focal frequency loss for image reconstruction and synthesis", ICCV 2021, with alpha = 1.
    """
    away = torch.fft.fft2((a_BCHW - b_BCHW).float(), norm="ortho")
    squared = away.real.square() + away.imag.square()
    weight = squared.detach().sqrt()
    most = weight.amax(dim=(-2, -1), keepdim=True)
    return (squared * weight / most.clamp_min(1e-12)).mean()
