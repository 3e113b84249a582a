"""Whether a network sees the same: distances between features of convolutions with fixed random filters.

Random filters know nothing of faces, need no download and carry nobody's rights; they still see edges and
textures in several sizes, and forgive a pore that lies a pixel aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

_WIDTHS = (32, 64, 96, 128)
_EPSILON = 1e-3  # features of a flat picture are nothing; their direction must not be noise


class RandomFeatures(nn.Module):
    """Four octaves of 3 x 3 convolutions with orthogonal random filters, never trained.

    Random filters as features: Saxe et al., "On random weights and unsupervised feature learning", ICML 2011.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        widths = (3, *_WIDTHS)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(widths))
        for conv in self.convs:
            nn.init.orthogonal_(conv.weight, gain=2**0.5, generator=generator)  # type: ignore[arg-type]
        self.requires_grad_(False)

    def forward(self, pictures_BCHW: Tensor) -> list[Tensor]:
        """One map of features per octave, as long as there are pixels left to look at."""
        return list(self._maps((pictures_BCHW - 0.5) * 2))

    def _maps(self, x_BCHW: Tensor) -> Iterator[Tensor]:
        for conv in self.convs:
            x_BCHW = nnf.leaky_relu(conv(x_BCHW), 0.1)
            yield x_BCHW
            if min(x_BCHW.shape[-2:]) < 4:
                return
            x_BCHW = nnf.avg_pool2d(x_BCHW, 2)


def feature_distance(seen_a: list[Tensor], seen_b: list[Tensor]) -> Tensor:
    """Mean squared distance of feature directions over all octaves, 0 to 4, in float32.

    Directions, as in Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric",
    CVPR 2018.
    """
    octaves = zip(seen_a, seen_b, strict=True)
    return torch.stack([(_direction(a) - _direction(b)).square().sum(1).mean() for a, b in octaves]).mean()


def _direction(features_BCHW: Tensor) -> Tensor:
    features_BCHW = features_BCHW.float()
    return features_BCHW / (features_BCHW.square().sum(1, keepdim=True) + _EPSILON**2).sqrt()
