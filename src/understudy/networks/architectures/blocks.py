"""The blocks that the classic architectures share: convolutions that halve and double, dense bottlenecks.

Sizes are side lengths in pixels, widths are channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.face_model import Painted

LEAK = 0.1


class Down(nn.Module):
    """Halve the side: 5 x 5 convolution of stride 2, leaky rectifier."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 5, stride=2, padding=2)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return nnf.leaky_relu(self.conv(x_BCHW), LEAK)


class Up(nn.Module):
    """Double the side: 3 x 3 convolution to four times the width, leaky rectifier, depth to space.

    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, 4 * width_out, 3, padding=1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return nnf.pixel_shuffle(nnf.leaky_relu(self.conv(x_BCHW), LEAK), 2)


class Encoder(nn.Module):
    """Four halvings and a flattening: (B, 3, S, S) to (B, widths[-1]·(S/16)²)."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.downs = nn.Sequential(*(Down(a, b) for a, b in zip((3, *widths), widths, strict=False)))

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        return self.downs(faces_BCHW).flatten(1)


class Inter(nn.Module):
    """The bottleneck: two dense layers without a rectifier and one doubling, to (B, width, 2·side, 2·side)."""

    def __init__(self, features: int, *, dense: int, side_px: int, width: int, width_up: int) -> None:
        super().__init__()
        self.shape = (width, side_px, side_px)
        self.narrow = nn.Linear(features, dense)
        self.widen = nn.Linear(dense, width * side_px**2)
        self.up = Up(width, width_up)

    def forward(self, features_BF: Tensor) -> Tensor:
        return self.up(self.widen(self.narrow(features_BF)).view(-1, *self.shape))


class Decoder(nn.Module):
    """Three doublings to a face and, beside them, three to its mask."""

    def __init__(self, width_in: int, *, face_widths: Sequence[int], mask_widths: Sequence[int]) -> None:
        super().__init__()
        self.face = _branch(width_in, face_widths, 3)
        self.mask = _branch(width_in, mask_widths, 1)

    def forward(self, code_BCHW: Tensor) -> Painted:
        # Sigmoids saturate in bfloat16: 0.996 and 1.0 are neighbours there.
        return Painted(torch.sigmoid(self.face(code_BCHW).float()), torch.sigmoid(self.mask(code_BCHW).float()))


def _branch(width_in: int, widths: Sequence[int], width_out: int) -> nn.Sequential:
    ups = [Up(a, b) for a, b in zip((width_in, *widths), widths, strict=False)]
    return nn.Sequential(*ups, nn.Conv2d(widths[-1], width_out, 5, padding=2))


def initialise(module: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, in place, from torch's own generator."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
