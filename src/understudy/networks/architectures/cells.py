"""Channels to cells of pixels and back, laid out in memory as the convolutions around them want it.

`torch.nn.functional.pixel_shuffle` keeps channels last on a CPU alone. Everywhere else it is put together from
general operations and answers with channels first: each convolution after it copies its maps back, and each sum
of such a map with another one reads against the grain, forwards and backwards. In `df` and `saehd` that touches
nearly half of all bytes of a step (`benchmarks/layouts.py`).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as nnf


def depth_to_space(x_BCHW: Tensor, cell: int = 2) -> Tensor:
    """(B, C x cell², H, W) to (B, C, H x cell, W x cell), as `pixel_shuffle` orders them; channels last.

    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016.
    """
    if x_BCHW.is_cpu:
        return nnf.pixel_shuffle(x_BCHW, cell)
    batch, channels, height, width = x_BCHW.shape
    x_BHWC = x_BCHW.permute(0, 2, 3, 1)
    left = channels // cell**2
    cells = x_BHWC.reshape(batch, height, width, left, cell, cell)
    x_BHWC = cells.permute(0, 1, 4, 2, 5, 3).reshape(batch, height * cell, width * cell, left)
    return x_BHWC.permute(0, 3, 1, 2)


class DepthToSpace(nn.Module):
    """`depth_to_space` as a layer: doubles the side."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return depth_to_space(x_BCHW)


def space_to_depth(x_BCHW: Tensor, cell: int = 2) -> Tensor:
    """The way back: (B, C, H, W) to (B, C x cell², H / cell, W / cell); channels last."""
    if x_BCHW.is_cpu:
        return nnf.pixel_unshuffle(x_BCHW, cell)
    batch, channels, height, width = x_BCHW.shape
    x_BHWC = x_BCHW.permute(0, 2, 3, 1)
    cells = x_BHWC.reshape(batch, height // cell, cell, width // cell, cell, channels)
    cells = cells.permute(0, 1, 3, 5, 2, 4)
    x_BHWC = cells.reshape(batch, height // cell, width // cell, channels * cell**2)
    return x_BHWC.permute(0, 3, 1, 2)
