"""A critic that looks at patches of what is painted and asks for what it can tell from real faces: sharpness.

Its network is a U-net that gives a verdict on every pixel and one on every patch: Schönfeld et al., "A U-Net
based discriminator for generative adversarial networks", CVPR 2020. Patches: Isola et al., "Image-to-image
translation with conditional adversarial networks", CVPR 2017.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.training.losses.critic import Critic, verdict_loss

_MOST_LAYERS = 9
_WIDEST = 512
_LEAK = 0.2


def receptive_field(strides: tuple[int, ...]) -> int:
    """How many pixels a stack of 3 x 3 convolutions with these strides sees."""
    field, step = 1, 1
    for stride in strides:
        field += 2 * step
        step *= stride
    return field


@lru_cache(maxsize=64)
def strides_for(patch_px: int) -> tuple[int, ...]:
    """The strides whose receptive field comes nearest to a patch; the first is 2, the others 1 or 2. Of equals
    the one with fewer layers, then the one that narrows more."""
    stacks = ((2, *rest) for count in range(_MOST_LAYERS) for rest in product((1, 2), repeat=count))
    return min(
        stacks,
        key=lambda strides: (
            abs(receptive_field(strides) - patch_px),
            len(strides),
            -sum(s == 2 for s in strides),
        ),
    )


class PatchUnet(nn.Module):
    """Verdicts (logits) on every patch and on every pixel of pictures (B, 3, H, W)."""

    def __init__(self, patch_px: int, width: int) -> None:
        super().__init__()
        strides = strides_for(patch_px)
        widths = [min(width * 2**level, _WIDEST) for level in range(len(strides) + 1)]
        self.first = nn.Conv2d(3, width, 1)
        self.downs = nn.ModuleList(
            nn.Conv2d(widths[level], widths[level + 1], 3, stride, 1) for level, stride in enumerate(strides)
        )
        self.patch_verdict = nn.Conv2d(widths[-1], 1, 1)
        self.centre = nn.Conv2d(widths[-1], widths[-1], 1)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(
                widths[level + 1] * (1 if level == len(strides) - 1 else 2), widths[level], 3, stride, 1
            )
            for level, stride in reversed(list(enumerate(strides)))
        )
        self.pixel_verdict = nn.Conv2d(2 * width, 1, 1)

    def forward(self, pictures_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        x = nnf.leaky_relu(self.first(pictures_BCHW), _LEAK)
        skips = []
        for down in self.downs:
            skips.append(x)
            x = nnf.leaky_relu(down(x), _LEAK)
        patches = self.patch_verdict(x)
        x = nnf.leaky_relu(self.centre(x), _LEAK)
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            size = [skip.shape[-2], skip.shape[-1]]
            x = torch.cat([nnf.leaky_relu(up(x, output_size=size), _LEAK), skip], dim=1)
        return patches, self.pixel_verdict(x)


def asked(critic: Critic, painted_BCHW: Tensor) -> Tensor:
    """What the model pays for being found out: 0 when every patch and pixel passes as real."""
    with critic.judging() as judge:
        patches, pixels = judge(painted_BCHW)
    return verdict_loss(patches, real=1) + verdict_loss(pixels, real=1)


def taught(critic: Critic, painted_BCHW: Tensor, goal_BCHW: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """What the critic pays for taking one for the other. Real ones count as 1 - `smoothing`."""
    with critic.compute.autocast():
        fake, real = critic.network(painted_BCHW.detach()), critic.network(goal_BCHW)
    losses = [
        verdict_loss(of_real, real=1 - smoothing) + verdict_loss(of_fake, real=0)
        for of_real, of_fake in zip(real, fake, strict=True)
    ]
    return torch.stack(losses).sum() / 2


def outside(painted_BCHW: Tensor, goal_BCHW: Tensor, area_B1HW: Tensor) -> Tensor:
    """What keeps the surroundings sane while a critic looks at the face alone: 0.02 times their squared
    difference and a trace of total variation."""
    rest = 1 - area_B1HW
    return 1e-6 * total_variation(painted_BCHW) + 0.02 * nnf.mse_loss(painted_BCHW * rest, goal_BCHW * rest)


def total_variation(painted_BCHW: Tensor) -> Tensor:
    """Squared steps from each pixel to its neighbours, their sum over a picture, the mean over pictures."""
    steps = (painted_BCHW.diff(dim=dim).square().sum(dim=(1, 2, 3)) for dim in (-1, -2))
    return torch.stack(list(steps)).sum(0).mean()
