"""Noise and dropout in training, from the generator that is handed in; without one nothing is random."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


class Chance:
    """Random maps on the device, one after another.

    Only a seed is drawn on the CPU: maps as large as a decoder's would take longer to draw there than to use.
    """

    def __init__(self, generator: Generator, device: torch.device) -> None:
        seed = int(torch.randint(2**62, (1,), generator=generator))
        self._generator = None if device.type == "meta" else torch.Generator(device).manual_seed(seed)

    def get_state(self) -> Tensor:
        """How far it has come, as torch's generators say it."""
        return torch.empty(0) if self._generator is None else self._generator.get_state()

    def set_state(self, state: Tensor) -> None:
        """Draw from there on again."""
        if self._generator is not None:
            self._generator.set_state(state)

    def noise(self, like: Tensor) -> Tensor:
        """Normal numbers of mean 0 and spread 1 in the shape of `like`."""
        return torch.randn(like.shape, generator=self._generator, device=like.device, dtype=like.dtype)

    def dropped(self, x: Tensor, share: float) -> Tensor:
        """`x` with that share of its numbers set to 0 and the others raised to make up for it."""
        if not share:
            return x
        kept = torch.rand(x.shape, generator=self._generator, device=x.device) >= share
        return x * kept / (1 - share)
