"""A critic of patches: 4 x 4 convolutions that halve the side, and a verdict for every place that is left.

Isola et al., "Image-to-image translation with conditional adversarial networks", CVPR 2017.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

_LEAK = 0.2


class PatchCritic(nn.Module):
    """Verdicts (logits) on every patch of pictures (B, 3, H, W). One layer for each of `widths`."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (a, b) in enumerate(pairwise((3, *widths))):
            layers.append(nn.Conv2d(a, b, 4, stride=2, padding=1))
            if number:
                layers.append(nn.GroupNorm(b, b))  # an instance norm that takes maps of one pixel
            layers.append(nn.LeakyReLU(_LEAK))
        layers.append(nn.Conv2d(widths[-1], 1, 4, padding=2))
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures_BCHW: Tensor) -> Tensor:
        return self.layers(pictures_BCHW)
