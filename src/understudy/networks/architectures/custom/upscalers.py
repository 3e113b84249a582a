"""Ways to double the side of a map: (B, width_in, H, W) to (B, width_out, 2H, 2W)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.cells import depth_to_space
from understudy.networks.architectures.custom.choices import Upscaler

_LEAK, _SOFT_LEAK = 0.1, 0.2


class Subpixel(nn.Module):
    """One convolution to four times the width, depth to space (Shi et al., CVPR 2016)."""

    def __init__(self, width_in: int, width_out: int, *, activated: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, 4 * width_out, 3, padding=1)
        self.leak = _LEAK if activated else 1.0

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return depth_to_space(nnf.leaky_relu(self.conv(x_BCHW), self.leak))


class ResizeImages(nn.Module):
    """A resized and a transposed convolution, summed: no checkerboard from the one, no blur from the other."""

    def __init__(self, width_in: int, width_out: int, *, activated: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.transposed = nn.ConvTranspose2d(width_in, width_out, 3, stride=2, padding=1, output_padding=1)
        self.leak = _SOFT_LEAK if activated else 1.0

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return nnf.leaky_relu(self.conv(_twice(x_BCHW)) + self.transposed(x_BCHW), self.leak)


class UpscaleFast(nn.Module):
    """A resized convolution and depth to space, summed."""

    def __init__(self, width_in: int, width_out: int, *, activated: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.shuffled = Subpixel(width_in, width_out, activated=False)
        self.leak = _LEAK if activated else 1.0

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return nnf.leaky_relu(self.conv(_twice(x_BCHW)) + self.shuffled(x_BCHW), self.leak)


class UpscaleHybrid(nn.Module):
    """A resized convolution and depth to space, each half of the channels."""

    def __init__(self, width_in: int, width_out: int, *, activated: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out // 2, 3, padding=1)
        self.shuffled = Subpixel(width_in, width_out - width_out // 2, activated=False)
        self.leak = _LEAK if activated else 1.0

    def forward(self, x_BCHW: Tensor) -> Tensor:
        both = torch.cat([self.conv(_twice(x_BCHW)), self.shuffled(x_BCHW)], 1)
        return nnf.leaky_relu(both, self.leak)


class UpscaleDny(nn.Module):
    """Resized, then two convolutions: Naruniec et al., "High-resolution neural face swapping for visual
    effects", EGSR 2020."""

    def __init__(self, width_in: int, width_out: int, *, activated: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv2d(width_in, width_out, 3, padding=1)
        self.second = nn.Conv2d(width_out, width_out, 3, padding=1)
        self.leak = _SOFT_LEAK if activated else 1.0

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x = nnf.leaky_relu(self.first(_twice(x_BCHW)), _SOFT_LEAK)
        return nnf.leaky_relu(self.second(x), self.leak)


UPSCALERS: dict[str, type[Subpixel | ResizeImages | UpscaleFast | UpscaleHybrid | UpscaleDny]] = {
    "subpixel": Subpixel,
    "resize_images": ResizeImages,
    "upscale_fast": UpscaleFast,
    "upscale_hybrid": UpscaleHybrid,
    "upscale_dny": UpscaleDny,
}


def upscaler(name: Upscaler, width_in: int, width_out: int, *, activated: bool = True) -> nn.Module:
    """The upscaler of that name; `activated` ends it with a leaky rectifier."""
    return UPSCALERS[name](width_in, width_out, activated=activated)


def _twice(x_BCHW: Tensor) -> Tensor:
    return nnf.interpolate(x_BCHW, scale_factor=2, mode="bilinear", align_corners=False)
