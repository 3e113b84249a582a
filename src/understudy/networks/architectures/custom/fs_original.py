"""faceswap's own encoder, in its plain and its deep form, of any depth."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as nnf

_LEAK, _SOFT_LEAK = 0.1, 0.2


class FsOriginal(nn.Module):
    """5 x 5 convolutions of stride 2 that double the width up to a limit."""

    def __init__(self, *, depth: int, narrowest: int, widest: int) -> None:
        super().__init__()
        widths = level_widths(depth, narrowest, widest)
        self.depth, self.width_out = depth, widths[-1]
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 5, stride=2, padding=2) for a, b in pairwise((3, *widths)))

    def side_out(self, seen_px: int) -> int:
        """Side of the maps that come out."""
        return math.ceil(seen_px / 2**self.depth)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        for down in self.downs:
            x_BCHW = nnf.leaky_relu(down(x_BCHW), _LEAK)
        return x_BCHW


class FsOriginalAlt(nn.Module):
    """Two 3 x 3 convolutions and a pooling at each level; the last one ends in one of 4 x 4 without a rim."""

    def __init__(self, *, depth: int, narrowest: int, widest: int) -> None:
        super().__init__()
        widths = level_widths(depth, narrowest, widest)
        self.depth, self.width_out = depth, widths[-1]
        self.first = nn.Conv2d(3, widths[0], 1)
        layers: list[nn.Module] = []
        for level, width in enumerate(widths):
            last = level == depth - 1
            width_out = widths[min(level + 1, depth - 1)]
            layers.append(nn.Conv2d(width, width, 3, padding=1))
            layers.append(nn.Conv2d(width, width_out, 4 if last else 3, padding=0 if last else 1))
        self.convs = nn.ModuleList(layers)

    def side_out(self, seen_px: int) -> int:
        """Side of the maps that come out."""
        return seen_px // 2 ** (self.depth - 1) - 3

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x = nnf.leaky_relu(self.first(x_BCHW), _SOFT_LEAK)
        for number, conv in enumerate(self.convs):
            x = nnf.leaky_relu(conv(x), _SOFT_LEAK)
            if number % 2 and number < len(self.convs) - 1:
                x = nnf.max_pool2d(x, 2)
        return x


def level_widths(depth: int, narrowest: int, widest: int) -> list[int]:
    """Channels of each level: doubled until the limit."""
    return [min(narrowest * 2**level, widest) for level in range(depth)]
