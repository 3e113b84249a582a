"""Stand-ins for networks that come from elsewhere: the same tensors in and out, and an answer that is known."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (4, 8, 16, 32, 64, 128)


class SpotFan(nn.Module):
    """Faces (B, 3, 256, 256), 0..1, to heat maps (B, 68, 64, 64), a Gaussian round the mass of red.

    Landmark k is looked for k / 8 pixels of the map to the right of it.
    """

    def forward(self, faces_BCHW: Tensor) -> list[Tensor]:
        red = functional.avg_pool2d(faces_BCHW[:, 0] - faces_BCHW[:, 1:].amax(1), 4).clamp(min=0) + 1e-9
        at = torch.arange(64, device=red.device) + 0.0
        mass = red.sum((1, 2))
        x = (red.sum(1) * at).sum(1) / mass
        y = (red.sum(2) * at).sum(1) / mass
        shift = torch.arange(68, device=red.device) / 8.0
        across = (at.view(1, 1, 1, 64) - x.view(-1, 1, 1, 1) - shift.view(1, 68, 1, 1)) ** 2
        down = (at.view(1, 1, 64, 1) - y.view(-1, 1, 1, 1)) ** 2
        maps = torch.exp(-(across + down) / 2)
        return [torch.zeros_like(maps), maps]


class RedS3fd(nn.Module):
    """Pixels (B, 3, H, W) of BGR minus its means to S3FD's twelve maps: a face where a cell is red all over.

    Each level answers for cells of its stride; offsets are zero, so a box is four strides wide.
    """

    def __init__(self, level: int = 3) -> None:
        super().__init__()
        self.level = level

    def forward(self, picture_BCHW: Tensor) -> list[Tensor]:
        means = picture_BCHW.new_tensor((104.0, 117.0, 123.0)).view(1, 3, 1, 1)
        blue, green, red = (picture_BCHW + means).unbind(1)
        redness = ((red - torch.maximum(blue, green)) / 255).unsqueeze(1)
        maps = []
        for level, stride in enumerate(STRIDES):
            seen = functional.avg_pool2d(redness, stride, ceil_mode=True)
            sure = 20 * (seen - 0.5) if level == self.level else torch.full_like(seen, -20.0)
            maps += [torch.cat([-sure, sure], 1), torch.zeros_like(seen).repeat(1, 4, 1, 1)]
        return maps
