"""LIAE: two bottlenecks, one of them for both performers, and one decoder, so that src takes on dst's light."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from understudy.networks.architectures.blocks import Decoder, Encoder, Inter, initialise
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import ClassicOptions, require_multiple, scaled
from understudy.networks.swap import Side


class Liae(FaceModel):
    """src is painted from [AB, AB], dst from [B, AB]; so the swap is dst's code through AB twice."""

    def __init__(
        self,
        size_px: int,
        *,
        encoder: nn.Module,
        inter_b: nn.Module,
        inter_ab: nn.Module,
        decoder: nn.Module,
        aware: bool = False,
    ) -> None:
        super().__init__(size_px)
        self.encoder, self.inter_b, self.inter_ab, self.decoder = encoder, inter_b, inter_ab, decoder
        initialise(self, aware=aware)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        common = self.inter_ab(features)
        own = common if shown == "src" else self.inter_b(features)
        return torch.cat([own, common], dim=1)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self.decoder(code)


class Liaef128Options(ClassicOptions):
    """Sizes of LIAEF128."""


def liae_inter(options: ClassicOptions) -> Inter:
    """One bottleneck of LIAEF128 and MIAEF128. Raises OptionInvalid."""
    require_multiple(options.size_px, 16)
    features, dense, width = scaled((1024, 256, 512), options.width_share)
    side = options.size_px // 16
    return Inter(features * side**2, dense=dense, side_px=side, width=width, width_up=width)


def liaef128(options: Liaef128Options) -> Liae:
    """At 128 px 136.06 M parameters. Raises OptionInvalid."""
    inter_b, inter_ab = (liae_inter(options) for _ in range(2))
    share = options.width_share
    widths, (width,) = scaled((512, 256, 128), share), scaled((512,), share)
    return Liae(
        options.size_px,
        encoder=Encoder(scaled((128, 256, 512, 1024), share)),
        inter_b=inter_b,
        inter_ab=inter_ab,
        decoder=Decoder(2 * width, face_widths=widths, mask_widths=widths),
    )
