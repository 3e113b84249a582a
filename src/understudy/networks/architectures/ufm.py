"""UFM: a U-net with a dense bottleneck and four decoders, a face's and a mask's for each performer.

Here for four days of January 2019, before SAE. Its decoders see the encoder's fine maps, so what they paint is
sharp early, and keeps more of dst than other networks do.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.blocks import Conv
from understudy.networks.architectures.cells import depth_to_space
from understudy.networks.face_model import FaceModel, Painted, Reconstruction
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.networks.swap import Side
from understudy.options import option

_LEAK = 0.1
_LEVELS = 4
_SPREAD = 0.02  # of all weights at first
_WIDE_FROM_PX, _NARROW_DENSE, _DENSE = 256, 256, 512

Features = tuple[Tensor, ...]


class NormedConv(nn.Module):
    """Convolution, instance norm, leaky rectifier."""

    def __init__(self, width_in: int, width_out: int, kernel: int, *, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, kernel, stride, kernel // 2)
        self.norm = nn.GroupNorm(width_out, width_out)  # an instance norm that takes maps of one pixel
        nn.init.normal_(self.conv.weight, 0, _SPREAD)
        nn.init.normal_(self.norm.weight, 1, _SPREAD)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return nnf.leaky_relu(self.norm(self.conv(x_BCHW)), _LEAK)


class UfmEncoder(nn.Module):
    """Faces to maps of a half, a quarter, an eighth and a sixteenth of their side, finest first."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.downs = nn.ModuleList(NormedConv(a, b, 5, stride=2) for a, b in pairwise((3, *widths)))

    def forward(self, faces_BCHW: Tensor) -> Features:
        maps = [2 * faces_BCHW - 1]
        for down in self.downs:
            maps.append(down(maps[-1]))
        return tuple(maps[1:])


class UfmInter(nn.Module):
    """The coarsest map through a row of `dense` numbers."""

    def __init__(self, width: int, side_px: int, dense: int) -> None:
        super().__init__()
        flat = width * side_px**2
        self.narrow, self.widen = nn.Linear(flat, dense), nn.Linear(dense, flat)

    def forward(self, map_BCHW: Tensor) -> Tensor:
        return self.widen(self.narrow(map_BCHW.flatten(1))).view(map_BCHW.shape)


class UfmDecoder(nn.Module):
    """Doublings, each beside the encoder's map of the same side, to values 0..1 in `width_out` channels."""

    def __init__(self, coarsest: int, seen: list[int], widths: list[int], width_out: int) -> None:
        super().__init__()
        beside = [0, *seen[-2::-1]]  # what the encoder adds before each doubling
        entries = [coarsest, *widths[:0:-1]]
        self.ups = nn.ModuleList(
            NormedConv(a + b, 4 * c, 3, stride=1)
            for a, b, c in zip(entries, beside, reversed(widths), strict=True)
        )
        self.last = Conv(widths[0], width_out, 3)
        nn.init.normal_(self.last.weight, 0, _SPREAD)

    def forward(self, maps: Features) -> Tensor:
        *seen, x = maps
        for number, up in enumerate(self.ups):
            x = x if not number else torch.cat([x, seen[-number]], 1)
            x = depth_to_space(up(x))
        # In float32, since values near 1 are one value in bfloat16.
        return (torch.tanh(self.last(x).float()) + 1) / 2


class Ufm(FaceModel):
    """Features are the encoder's maps, finest first; the coarsest goes through the inter."""

    def __init__(self, size_px: int, *, filters: int) -> None:
        super().__init__(size_px)
        widths, mask_widths = (
            [min(start * 2**level, 8 * start) for level in range(_LEVELS)] for start in (filters, filters // 2)
        )
        dense = _NARROW_DENSE if size_px >= _WIDE_FROM_PX else _DENSE
        self.encoder = UfmEncoder(widths)
        self.inter_both = UfmInter(widths[-1], size_px // 2**_LEVELS, dense)
        self.decoder_src, self.decoder_dst = (UfmDecoder(widths[-1], widths, widths, 3) for _ in range(2))
        self.decoder_src_mask, self.decoder_dst_mask = (
            UfmDecoder(widths[-1], widths, mask_widths, 1) for _ in range(2)
        )

    def encode(self, faces_BCHW: Tensor) -> Features:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.encoder(faces_BCHW)

    def inter(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, features: Features, shown: Side, generator: Generator | None = None
    ) -> Features:
        return (*features[:-1], self.inter_both(features[-1]))

    def decode(self, code: Features, shown: Side) -> Painted:  # pyright: ignore[reportIncompatibleMethodOverride]
        if shown == "src":
            return Painted(self.decoder_src(code), self.decoder_src_mask(code))
        return Painted(self.decoder_dst(code), self.decoder_dst_mask(code))

    def reconstruct(
        self, src_BCHW: Tensor, dst_BCHW: Tensor, generator: Generator | None = None
    ) -> Reconstruction:
        count = len(src_BCHW)
        features = self.encode(torch.cat([src_BCHW, dst_BCHW]))
        code = self.inter(features, "src")
        seen_src, code_src = (tuple(m[:count] for m in maps) for maps in (features, code))
        seen_dst, code_dst = (tuple(m[count:] for m in maps) for maps in (features, code))
        src, dst = self.decode(code_src, "src"), self.decode(code_dst, "dst")
        return Reconstruction(src, dst, seen_src, seen_dst, code_src, code_dst)


class UfmOptions(NetworkOptions):
    """Sizes of UFM."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16.", low=64, high=256, unit="px", when="create"
    )
    filters: int = option(
        64,
        "Channels of the finest maps; coarser ones have up to 8 times as many.",
        low=8,
        high=128,
        when="create",
    )


def ufm(options: UfmOptions) -> Ufm:
    """By default 128 px, 91.0 M parameters. Raises OptionInvalid."""
    require_multiple(options.size_px, 16)
    return Ufm(options.size_px, filters=options.filters)
