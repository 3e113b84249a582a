"""From the encoder's maps to one row of numbers."""

from __future__ import annotations

from torch import Tensor, nn

from understudy.networks.architectures.custom.choices import BottleneckKind, CodeNorm
from understudy.networks.architectures.custom.norms import map_norm


class CodeBottleneck(nn.Module):
    """Maps (B, C, H, W), brought to one scale, to a row (B, `size_out`)."""

    def __init__(self, width: int, side_px: int, *, kind: BottleneckKind, norm: CodeNorm, size: int) -> None:
        super().__init__()
        flat = width * side_px**2
        self.kind = kind
        self.norm = map_norm(norm, width)
        self.dense = nn.Linear(flat, size) if kind == "dense" else nn.Identity()
        self.size_out = {"dense": size, "flatten": flat}.get(kind, width)

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        maps = self.norm(maps_BCHW)
        if self.kind == "average_pooling":
            return maps.mean((2, 3))
        if self.kind == "max_pooling":
            return maps.amax((2, 3))
        return self.dense(maps.flatten(1))
