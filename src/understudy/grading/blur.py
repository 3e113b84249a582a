"""Gaussian blur with an amount for each picture of a batch, and rows and columns mixed, which it is made of."""

from __future__ import annotations

import torch
from torch import Tensor


def blurred(faces_BCHW: Tensor, sigmas_px_B: Tensor) -> Tensor:
    """Gaussian blur with a sigma for each face; at the border the pixels that are there count alone."""
    place = torch.arange(faces_BCHW.shape[-1], dtype=torch.float32)
    away = (place[:, None] - place) ** 2
    weights = torch.exp(-away / (2 * sigmas_px_B.float().clamp(min=1e-3).view(-1, 1, 1) ** 2))
    return along_both(faces_BCHW, weights / weights.sum(2, keepdim=True))


def along_both(faces_BCHW: Tensor, matrices_BSS: Tensor) -> Tensor:
    """Rows and columns mixed by a matrix for each face: faster than convolutions that differ."""
    matrices = matrices_BSS.to(faces_BCHW)[:, None]
    return matrices @ faces_BCHW @ matrices.mT
