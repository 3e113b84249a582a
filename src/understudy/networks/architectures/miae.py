"""MIAE: src is learned in grey, dst in colour, so that the swap's colours are those that dst taught."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from understudy.networks.architectures.blocks import (
    KERAS,
    Conv,
    Encoder,
    Inter,
    as_values,
    doublings,
    initialise,
)
from understudy.networks.architectures.liae import liae_inter
from understudy.networks.face_model import FaceModel, Painted, Reconstruction
from understudy.networks.options import ClassicOptions, scaled
from understudy.networks.swap import Side

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


class _Features(NamedTuple):
    face_BCHW: Tensor
    mask_BCHW: Tensor

    def beside(self, other: _Features) -> _Features:
        return _Features(*(torch.cat(pair, dim=1) for pair in zip(self, other, strict=True)))


class DecoderCommon(nn.Module):
    """A code to features of a face and of its mask, at the face's full side."""

    def __init__(self, share: float) -> None:
        super().__init__()
        (width,) = scaled((512,), share)
        self.face = nn.Sequential(*doublings(2 * width, scaled((512, 256, 128), share)))
        self.mask = nn.Sequential(*doublings(2 * width, scaled((256, 128, 64), share)))

    def forward(self, code_BCHW: Tensor) -> _Features:
        return _Features(self.face(code_BCHW), self.mask(code_BCHW))


class Miae(FaceModel):
    """Codes [A, A] show src, [B, A] dst. src is learned in grey by common A alone; both paint in colour."""

    def __init__(self, options: Miaef128Options, *, encoder: Encoder, inter_a: Inter, inter_b: Inter) -> None:
        super().__init__(options.size_px)
        share = options.width_share
        self.encoder, self.inter_a, self.inter_b = encoder, inter_a, inter_b
        self.common_a, self.common_b = DecoderCommon(share), DecoderCommon(share)
        face, mask = scaled((128, 64), share)
        self.head_color = Conv(2 * face, 3, 5, edges=KERAS)
        self.head_grey = Conv(2 * face, 1, 5, edges=KERAS)
        self.head_mask = Conv(2 * mask, 1, 5, edges=KERAS)
        initialise(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        common = self.inter_a(features)
        own = common if shown == "src" else self.inter_b(features)
        return torch.cat([own, common], dim=1)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        """Paint a code in colour, as swaps are."""
        features = self.common_a(code).beside(self.common_b(code))
        return Painted(as_values(self.head_color(features.face_BCHW)), self._mask(features))

    def in_grey(self, code: Tensor) -> Painted:
        """Paint src as it is learned: grey, by common A alone."""
        half = self.common_a(code)
        features = half.beside(half)
        grey = as_values(self.head_grey(features.face_BCHW))
        return Painted(grey.expand(-1, 3, -1, -1), self._mask(features))

    def _mask(self, features: _Features) -> Tensor:
        return as_values(self.head_mask(features.mask_BCHW))

    def goal(self, faces_BCHW: Tensor, side: Side) -> Tensor:
        return grey(faces_BCHW) if side == "src" else faces_BCHW

    def reconstruct(
        self, src_BCHW: Tensor, dst_BCHW: Tensor, generator: Generator | None = None
    ) -> Reconstruction:
        count = len(src_BCHW)
        features = self.encode(torch.cat([grey(src_BCHW), dst_BCHW]))
        seen_src, seen_dst = features[:count], features[count:]
        code_src, code_dst = self.inter(seen_src, "src"), self.inter(seen_dst, "dst")
        return Reconstruction(
            self.in_grey(code_src), self.decode(code_dst, "dst"), seen_src, seen_dst, code_src, code_dst
        )


def grey(faces_BCHW: Tensor) -> Tensor:
    """Faces without colour, still (B, 3, H, W)."""
    red, green, blue = (share * color for share, color in zip(_LUMA, faces_BCHW.split(1, 1), strict=True))
    luma = red + green + blue
    return luma.expand_as(faces_BCHW).contiguous(memory_format=torch.channels_last)


class Miaef128Options(ClassicOptions):
    """Sizes of MIAEF128."""


def miaef128(options: Miaef128Options) -> Miae:
    """At 128 px 157.9 M parameters. Raises OptionInvalid."""
    inter_a, inter_b = (liae_inter(options) for _ in range(2))
    encoder = Encoder(scaled((128, 256, 512, 1024), options.width_share))
    return Miae(options, encoder=encoder, inter_a=inter_a, inter_b=inter_b)
