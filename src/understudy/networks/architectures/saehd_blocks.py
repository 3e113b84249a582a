"""The blocks of SAEHD and AMP: encoder, bottleneck and decoder, changed by four letters.

Sizes are side lengths in pixels, widths are channels. Source: DeepFaceLab 2.0, 2020 to 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.cells import depth_to_space
from understudy.networks.face_model import Painted

_LEAK, _RESIDUAL_LEAK = 0.1, 0.2
_SMALLEST_POWER = 1e-6


@dataclass(frozen=True)
class Letters:
    """What the letters behind an architecture's name change."""

    normed: bool = False  # u: the flattened features have the power 1
    doubled: bool = False  # d: maps are half as large, and the last layer paints 2 x 2 pixels at once
    deep: bool = False  # t: one more halving and doubling, and residual blocks in the encoder
    cosine: bool = False  # c: x·cos(x) instead of leaky rectifiers

    @classmethod
    def of(cls, letters: str) -> Letters:
        """From letters like "ud". Raises ValueError for others than u, d, t, c or one twice."""
        if set(letters) - set("udtc") or len(set(letters)) < len(letters):
            raise ValueError(f"letters are u, d, t and c, each once, not {letters!r}")
        return cls("u" in letters, "d" in letters, "t" in letters, "c" in letters)

    def smallest_px(self, size_px: int) -> int:
        """Side of the bottleneck's maps before any doubling."""
        return size_px // (32 if self.doubled else 16)

    def code_px(self, size_px: int) -> int:
        """Side of what the decoder takes."""
        return self.smallest_px(size_px) * (1 if self.deep else 2)

    @property
    def step_px(self) -> int:
        """A face's side must be a multiple of this."""
        return 32 if self.doubled else 16


class HdActivation(nn.Module):
    """A leaky rectifier or x·cos(x)."""

    def __init__(self, leak: float, *, cosine: bool) -> None:
        super().__init__()
        self.leak, self.cosine = leak, cosine

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.cos(x) if self.cosine else nnf.leaky_relu(x, self.leak)


class HdDown(nn.Module):
    """Halve the side: 5 x 5 convolution of stride 2."""

    def __init__(self, width_in: int, width_out: int, *, cosine: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 5, stride=2, padding=2)
        self.activation = HdActivation(_LEAK, cosine=cosine)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.activation(self.conv(x_BCHW))


class HdUp(nn.Module):
    """Double the side: 3 x 3 convolution to four times the width, depth to space."""

    def __init__(self, width_in: int, width_out: int, *, cosine: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, 4 * width_out, 3, padding=1)
        self.activation = HdActivation(_LEAK, cosine=cosine)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return depth_to_space(self.activation(self.conv(x_BCHW)))


class HdResidual(nn.Module):
    """Two 3 x 3 convolutions whose result is added."""

    def __init__(self, width: int, *, cosine: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.activation = HdActivation(_RESIDUAL_LEAK, cosine=cosine)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.activation(x_BCHW + self.conv2(self.activation(self.conv1(x_BCHW))))


class HdEncoder(nn.Module):
    """Faces (B, 3, S, S) to flat features (B, `features`)."""

    def __init__(self, size_px: int, width: int, letters: Letters) -> None:
        super().__init__()
        factors = (1, 2, 4, 8, 8) if letters.deep else (1, 2, 4, 8)
        widths = [width * factor for factor in factors]
        layers: list[nn.Module] = []
        for level, (width_in, width_out) in enumerate(pairwise((3, *widths))):
            layers.append(HdDown(width_in, width_out, cosine=letters.cosine))
            if letters.deep and level in (0, len(widths) - 1):
                layers.append(HdResidual(width_out, cosine=letters.cosine))
        self.layers = nn.Sequential(*layers)
        self.normed = letters.normed
        self.features = widths[-1] * math.ceil(size_px / 2 ** len(widths)) ** 2

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        features_BF = self.layers(faces_BCHW).flatten(1)
        return pixel_normed(features_BF) if self.normed else features_BF


class HdInter(nn.Module):
    """Flat features to a map (B, width, side, side) by two dense layers without a rectifier, then, unless `t`,
    one doubling."""

    def __init__(self, features: int, *, dense: int, side_px: int, width: int, letters: Letters) -> None:
        super().__init__()
        self.shape = (width, side_px, side_px)
        self.narrow = nn.Linear(features, dense)
        self.widen = nn.Linear(dense, width * side_px**2)
        self.up = None if letters.deep else HdUp(width, width, cosine=letters.cosine)

    def forward(self, features_BF: Tensor) -> Tensor:
        code = self.widen(self.narrow(features_BF)).view(-1, *self.shape)
        return code if self.up is None else self.up(code)


class HdDecoder(nn.Module):
    """A code to a face by doublings with residual blocks and, beside them, to its mask by plain ones."""

    def __init__(self, width_in: int, *, width: int, mask_width: int, letters: Letters) -> None:
        super().__init__()
        cosine = letters.cosine
        factors = (8, 8, 4, 2) if letters.deep else (8, 4, 2)
        faces: list[nn.Module] = []
        for a, b in pairwise((width_in, *(width * factor for factor in factors))):
            faces += [HdUp(a, b, cosine=cosine), HdResidual(b, cosine=cosine)]
        self.face = nn.Sequential(*faces)
        # With `d` these are the pixels of a 2 x 2 cell: top left, top right, bottom left, bottom right.
        kernels = (1, 3, 3, 3) if letters.doubled else (1,)
        self.pixels = nn.ModuleList(nn.Conv2d(2 * width, 3, k, padding=k // 2) for k in kernels)
        mask_factors = (*factors, 1) if letters.doubled else factors
        mask_widths = [mask_width * factor for factor in mask_factors]
        ups = [HdUp(a, b, cosine=cosine) for a, b in pairwise((width_in, *mask_widths))]
        self.mask = nn.Sequential(*ups, nn.Conv2d(mask_widths[-1], 1, 1))

    def forward(self, code_BCHW: Tensor) -> Painted:
        maps = self.face(code_BCHW)
        painted = self._cells(maps) if len(self.pixels) > 1 else self.pixels[0](maps)
        # Sigmoids saturate in bfloat16: 0.996 and 1.0 are neighbours there.
        return Painted(torch.sigmoid(painted.float()), torch.sigmoid(self.mask(code_BCHW).float()))

    def _cells(self, maps_BCHW: Tensor) -> Tensor:
        """The pixels of each cell by one convolution: the maps are read once, not once for each pixel."""
        filters, biases = zip(*((pixel.weight, pixel.bias) for pixel in self.pixels), strict=True)
        side = max(each.shape[-1] for each in filters)
        # A filter of one pixel amid zeros is the same filter.
        even = [nnf.pad(each, [(side - each.shape[-1]) // 2] * 4) for each in filters]
        filters_OCKK, bias_O = torch.stack(even, 1).flatten(0, 1), torch.stack(biases, 1).flatten()
        return depth_to_space(nnf.conv2d(maps_BCHW, filters_OCKK, bias_O, padding=side // 2))


def pixel_normed(features_BF: Tensor) -> Tensor:
    """Features of power 1: Karras et al., "Progressive growing of GANs", ICLR 2018."""
    return features_BF * torch.rsqrt(features_BF.float().square().mean(1, keepdim=True) + _SMALLEST_POWER)
