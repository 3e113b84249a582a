"""From a map to a face: doublings, each with its norm, noise and residual blocks; beside it the mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.blocks import Conv
from understudy.networks.architectures.custom.chance import Chance
from understudy.networks.architectures.custom.choices import MapNorm, Upscaler
from understudy.networks.architectures.custom.filter_curve import floored
from understudy.networks.architectures.custom.norms import map_norm
from understudy.networks.architectures.custom.upscalers import upscaler
from understudy.networks.face_model import Painted

_LEAK = 0.2
_FIRST_SHARE = 0.2  # of what a residual block adds at first
_MASK_SHARE = 4  # masks are so many times narrower than faces


@dataclass(frozen=True)
class LevelStyle:
    """What all levels of a decoder have in common."""

    upscaler: Upscaler
    norm: MapNorm
    residuals: int
    noise: bool


class Residual(nn.Module):
    """Two 3 x 3 convolutions whose result is added; it starts near the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    @torch.no_grad()
    def start(self) -> None:
        """Called once the weights have been drawn."""
        self.second.weight.mul_(_FIRST_SHARE)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        added = self.second(nnf.leaky_relu(self.first(x_BCHW), _LEAK))
        return nnf.leaky_relu(x_BCHW + added, _LEAK)


class Level(nn.Module):
    """Double the side, (B, width_in, H, W) to (B, width_out, 2H, 2W)."""

    def __init__(self, width_in: int, width_out: int, style: LevelStyle, *, residuals: int) -> None:
        super().__init__()
        self.up = upscaler(style.upscaler, width_in, width_out, activated=not residuals)
        self.norm = map_norm(style.norm, width_out)
        self.residuals = nn.Sequential(*(Residual(width_out) for _ in range(residuals)))
        self.noise = style.noise

    def forward(self, x_BCHW: Tensor, chance: Chance | None) -> Tensor:
        x = self.up(x_BCHW)
        if self.noise and chance is not None:
            x = x + chance.noise(x)
        x = self.norm(x)
        return self.residuals(nnf.leaky_relu(x, _LEAK)) if len(self.residuals) else x


def levels(width_in: int, widths: Sequence[int], style: LevelStyle, *, last_plain: bool) -> list[Level]:
    """A level for each width; `last_plain` leaves the residual blocks out of the last."""
    pairs = list(pairwise((width_in, *widths)))
    plain = len(pairs) - 1 if last_plain else len(pairs)
    return [
        Level(a, b, style, residuals=0 if number == plain else style.residuals)
        for number, (a, b) in enumerate(pairs)
    ]


class CustomDecoder(nn.Module):
    """A map to a face and its mask. The mask has doublings of its own, narrower and without residual blocks."""

    def __init__(self, width_in: int, face: Sequence[Level], widths: Sequence[int], *, kernel: int) -> None:
        super().__init__()
        last = widths[-1] if widths else width_in
        self.face = nn.ModuleList(face)
        self.face_out = Conv(last, 3, kernel)
        mask_widths = [floored(width / _MASK_SHARE) for width in widths]
        self.mask = nn.Sequential(
            *(upscaler("subpixel", a, b) for a, b in pairwise((width_in, *mask_widths))),
            Conv(mask_widths[-1] if mask_widths else width_in, 1, kernel),
        )

    def forward(self, code_BCHW: Tensor, chance: Chance | None = None) -> Painted:
        x = code_BCHW
        for level in self.face:
            x = level(x, chance)
        # Sigmoids saturate in bfloat16: 0.996 and 1.0 are neighbours there.
        face, mask = self.face_out(x).float(), self.mask(code_BCHW).float()
        return Painted(torch.sigmoid(face), torch.sigmoid(mask))
