"""What brings maps and codes to one scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.custom.choices import MapNorm

_MOST_GROUPS = 32
_EPSILON = 1e-5


class ChannelNorm(nn.Module):
    """Layer norm (Ba et al., 2016) or RMS norm (Zhang and Sennrich, NeurIPS 2019) over the channels of each
    place of a map (B, C, H, W)."""

    def __init__(self, width: int, *, centred: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if centred else None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x = x_BCHW.movedim(1, -1)
        if self.bias is None:
            # In the weights' format, as autocast does by itself for all other norms.
            x = x.to(self.weight.dtype)
            return nnf.rms_norm(x, self.weight.shape, self.weight, _EPSILON).movedim(-1, 1)
        return nnf.layer_norm(x, self.weight.shape, self.weight, self.bias, _EPSILON).movedim(-1, 1)


def map_norm(name: MapNorm, width: int) -> nn.Module:
    """The norm of that name for maps (B, width, H, W)."""
    match name:
        case "batch":
            return nn.BatchNorm2d(width)
        case "group":
            return nn.GroupNorm(groups(width), width)
        case "instance":
            return nn.GroupNorm(width, width)  # the same, and it takes maps of a single pixel
        case "layer" | "rms":
            return ChannelNorm(width, centred=name == "layer")
        case "none":
            return nn.Identity()


def groups(width: int) -> int:
    """The most groups up to 32 that the channels can be shared out among."""
    return next(count for count in range(min(_MOST_GROUPS, width), 0, -1) if width % count == 0)
