"""From the row of numbers back to a map: dense layers without a rectifier, reshaped and perhaps doubled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.custom.chance import Chance
from understudy.networks.architectures.custom.choices import FcUpscaler
from understudy.networks.architectures.custom.decoder import Level
from understudy.networks.architectures.custom.upscalers import upscaler


class FcUp(nn.Module):
    """Double the side a number of times; "upsample2d" does so in one bilinear step and learns nothing."""

    def __init__(self, name: FcUpscaler, times: int, width_in: int, width_up: int) -> None:
        super().__init__()
        self.factor = 2**times if name == "upsample2d" else 1
        widths = (width_in, *[width_up] * times)
        learned = [] if name == "upsample2d" else [upscaler(name, a, b) for a, b in pairwise(widths)]
        self.ups = nn.Sequential(*learned)
        self.width_out = width_up if learned else width_in

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if self.factor > 1:
            x_BCHW = nnf.interpolate(x_BCHW, scale_factor=self.factor, mode="bilinear", align_corners=False)
        return self.ups(x_BCHW)


class FcInter(nn.Module):
    """A row (B, size) or, with a bottleneck of its own, maps, to a map (B, width, side, side).

    `widths` are the channels that each dense layer would have on that map. `levels` are the decoder's first
    doublings, where they belong to the performer and not to the decoder.
    """

    def __init__(
        self,
        size_in: int,
        *,
        bottleneck: nn.Module | None,
        widths: Sequence[int],
        side_px: int,
        dropout: float,
        up: FcUp,
        levels: Sequence[Level] = (),
    ) -> None:
        super().__init__()
        self.bottleneck = bottleneck
        sizes = [width * side_px**2 for width in widths]
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((size_in, *sizes)))
        self.side_px, self.dropout, self.up = side_px, dropout, up
        self.levels = nn.ModuleList(levels)

    def forward(self, features: Tensor, chance: Chance | None) -> Tensor:
        row = features if self.bottleneck is None else self.bottleneck(features)
        for dense in self.dense:
            row = dense(row if chance is None else chance.dropped(row, self.dropout))
        maps = self.up(row.view(len(row), -1, self.side_px, self.side_px))
        for level in self.levels:
            maps = level(maps, chance)
        return maps


def start_side_px(size_px: int, wanted_px: int) -> int:
    """Side of the first map: the largest up to the wanted one that doublings bring to `size_px`; where there is
    none, the smallest above."""
    side = size_px
    while side > wanted_px and side % 2 == 0:
        side //= 2
    return side
