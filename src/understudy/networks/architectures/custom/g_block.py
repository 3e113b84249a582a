"""The G-block: what is seen, in words, restyles the map of who is shown, as the generator of a StyleGAN does.

Karras et al., "A style-based generator architecture for generative adversarial networks", CVPR 2019; adaptive
instance normalisation: Huang and Belongie, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.custom.chance import Chance

_LEAK, _SOFT_LEAK = 0.1, 0.2
_STYLE, _STYLE_DEPTH = 512, 3
_EPSILON = 1e-5


class StyleFc(nn.Module):
    """What was seen to a style (B, sizes[-1]), for both performers: dense layers, dropout before each.

    Takes a row (B, size_in) or, with a bottleneck of its own, maps.
    """

    def __init__(
        self, size_in: int, *, bottleneck: nn.Module | None, sizes: Sequence[int], dropout: float
    ) -> None:
        super().__init__()
        self.bottleneck = bottleneck
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((size_in, *sizes)))
        self.dropout = dropout

    def forward(self, features: Tensor, chance: Chance | None) -> Tensor:
        row = features if self.bottleneck is None else self.bottleneck(features)
        for dense in self.dense:
            row = dense(row if chance is None else chance.dropped(row, self.dropout))
        return row


class Restyling(nn.Module):
    """One turn: the map takes on mean and spread that the style says, and noise."""

    def __init__(self, width: int, *, convolved: bool) -> None:
        super().__init__()
        self.scale, self.shift = nn.Linear(_STYLE, width), nn.Linear(_STYLE, width)
        self.conv = nn.Conv2d(width, width, 3, padding=1) if convolved else nn.Identity()
        self.noise = nn.Conv2d(1, width, 1)

    def start(self) -> None:
        """Called once the weights have been drawn: the spread stays as it is, and there is no noise yet."""
        nn.init.ones_(self.scale.bias)
        nn.init.zeros_(self.noise.weight)

    def forward(self, x_BCHW: Tensor, style_BF: Tensor, chance: Chance | None) -> Tensor:
        x = self.conv(x_BCHW)
        deviation, mean = torch.std_mean(x, (2, 3), keepdim=True, correction=0)
        x = (x - mean) / (deviation + _EPSILON)
        x = x * self.scale(style_BF)[:, :, None, None] + self.shift(style_BF)[:, :, None, None]
        plain = torch.zeros_like(x[:, :1])
        return nnf.leaky_relu(x + self.noise(plain if chance is None else chance.noise(plain)), _SOFT_LEAK)


class GBlock(nn.Module):
    """A map (B, width, H, W) in the style (B, size)."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        sizes = (size, *[_STYLE] * _STYLE_DEPTH)
        self.style = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.turns = nn.ModuleList(Restyling(width, convolved=convolved) for convolved in (False, True))

    def forward(self, x_BCHW: Tensor, style_BF: Tensor, chance: Chance | None) -> Tensor:
        style = self.style[0](style_BF)
        for dense in self.style[1:]:
            style = dense(nnf.leaky_relu(style, _LEAK))
        x = self.conv(x_BCHW)
        if chance is not None:
            x = x + chance.noise(x)
        for turn in self.turns:
            x = turn(x, style, chance)
        return x
