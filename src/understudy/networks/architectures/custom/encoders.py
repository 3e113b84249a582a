"""Every encoder that can be chosen, and the side of the faces it sees."""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor, nn

from understudy.networks.architectures.custom.choices import EncoderName
from understudy.networks.architectures.custom.efficient import PLANS, EfficientEncoder
from understudy.networks.architectures.custom.fs_original import FsOriginal, FsOriginalAlt

_FS_PX = 1024  # what 100 % stands for where an encoder takes any side
_STEP_PX = 16


class MapEncoder(Protocol):
    """Faces (B, 3, seen_px, seen_px) to maps (B, `width_out`, side, side), side as `side_out` says."""

    width_out: int

    def side_out(self, seen_px: int) -> int:
        """Side of the maps that come out."""
        ...

    def __call__(self, x_BCHW: Tensor) -> Tensor: ...


def map_encoder(name: EncoderName, *, depth: int, narrowest: int, widest: int) -> nn.Module:
    """The encoder of that name, a `MapEncoder`; the sizes are those of fs_original alone."""
    if name == "fs_original":
        return FsOriginal(depth=depth, narrowest=narrowest, widest=widest)
    if name == "fs_original_alt":
        return FsOriginalAlt(depth=depth, narrowest=narrowest, widest=widest)
    return EfficientEncoder(PLANS[name])


def seen_side_px(name: EncoderName, scaling_percent: float) -> int:
    """Side of the faces that an encoder sees: a share of the one it was made for, a multiple of 16."""
    made_for = PLANS[name].seen_px if name in PLANS else _FS_PX
    return max(_STEP_PX, int(made_for * scaling_percent / 100 + 1e-6) // _STEP_PX * _STEP_PX)


def map_shape(encoder: nn.Module, seen_px: int) -> tuple[int, int]:
    """(channels, side) of what an encoder gives for faces of that side."""
    maps = cast(MapEncoder, encoder)
    return maps.width_out, maps.side_out(seen_px)
