"""The shape of every network we train: one encoder for both performers, and two ways to paint what it saw.

Training, preview and prediction know only `FaceModel`. Not here: how a model learns (`training`), which models
there are (`catalog.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from understudy.networks.swap import Side


@dataclass(frozen=True, eq=False)
class Painted:
    """What a decoder painted: faces (B, 3, size_px, size_px) and masks (B, 1, size_px, size_px), all 0..1."""

    faces_BCHW: Tensor
    masks_B1HW: Tensor


class FaceModel(nn.Module):
    """A shared encoder whose codes can be painted as either performer.

    The swap is nothing but a dst face seen and src shown: whatever a model routes differently for the two
    performers, it decides by who is shown, never by who was seen.
    """

    def __init__(self, size_px: int) -> None:
        super().__init__()
        self.size_px = size_px

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        """What is seen, for either performer. `faces_BCHW` is RGB 0..1 of side `size_px`."""
        raise NotImplementedError

    def decode(self, seen: Tensor, shown: Side) -> Painted:
        """Paint what `encode` saw as one performer."""
        raise NotImplementedError

    def forward(self, faces_BCHW: Tensor, shown: Side) -> Painted:
        """Paint faces as one performer."""
        return self.decode(self.encode(faces_BCHW), shown)

    def reconstruct(self, src_BCHW: Tensor, dst_BCHW: Tensor) -> tuple[Painted, Painted]:
        """Paint src faces as src and dst faces as dst: what training asks for, in one pass where possible."""
        seen = self.encode(torch.cat([src_BCHW, dst_BCHW]))
        return self.decode(seen[: len(src_BCHW)], "src"), self.decode(seen[len(src_BCHW) :], "dst")


def parameter_count(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())
