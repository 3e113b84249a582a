"""Random numbers of a whole batch, drawn where they are used, so that nothing waits for the processor."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional


class Dice:
    """Numbers on a device that depend on `seed` alone."""

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.generator = Generator(self.device)
        self.generator.manual_seed(seed)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Even numbers between `low` and `high`."""
        return torch.rand(shape, generator=self.generator, device=self.device) * (high - low) + low

    def normal(self, *shape: int, sigma: float = 1.0) -> Tensor:
        """Gaussian numbers about 0."""
        return torch.randn(shape, generator=self.generator, device=self.device) * sigma

    def chance(self, *shape: int, share: float) -> Tensor:
        """True in that share of all places."""
        return torch.rand(shape, generator=self.generator, device=self.device) < share

    def whole(self, *shape: int, below: int) -> Tensor:
        """Whole numbers from 0."""
        return torch.randint(below, shape, generator=self.generator, device=self.device)

    def field(self, count: int, channels: int, cells: int, size_px: int, *, hard: bool = False) -> Tensor:
        """Gaussian noise in `cells` grains a side, enlarged to (count, channels, size, size)."""
        grid = self.normal(count, channels, cells, cells)
        if hard:
            return functional.interpolate(grid, size=(size_px, size_px), mode="nearest")
        return functional.interpolate(grid, size=(size_px, size_px), mode="bilinear", align_corners=False)


def per_picture(values_B: Tensor) -> Tensor:
    """One value a picture, to be multiplied with pictures (B, C, H, W)."""
    return values_B.view(-1, 1, 1, 1)
