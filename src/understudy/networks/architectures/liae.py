"""LIAE: two bottlenecks, one of them for both performers, and one decoder, so that src takes on dst's light."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from understudy.networks.architectures.blocks import Decoder, Encoder, Inter, initialise
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import NetworkOptions
from understudy.networks.swap import Side
from understudy.options import option


class Liae(FaceModel):
    """src is painted from [AB, AB], dst from [B, AB]; so the swap is dst's code through AB twice."""

    def __init__(self, size_px: int, *, encoder: Encoder, inter_b: Inter, inter_ab: Inter, decoder: Decoder):
        super().__init__(size_px)
        self.encoder, self.inter_b, self.inter_ab, self.decoder = encoder, inter_b, inter_ab, decoder
        initialise(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        common = self.inter_ab(features)
        own = common if shown == "src" else self.inter_b(features)
        return torch.cat([own, common], dim=1)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self.decoder(code)


class Liaef128Options(NetworkOptions):
    """Sizes of LIAEF128."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16.", low=128, high=128, unit="px", when="create"
    )


def liaef128(options: Liaef128Options) -> Liae:
    """128 px, full faces, 136.06 M parameters."""
    inter_b, inter_ab = (Inter(1024 * 8**2, dense=256, side_px=8, width=512, width_up=512) for _ in range(2))
    return Liae(
        options.size_px,
        encoder=Encoder((128, 256, 512, 1024)),
        inter_b=inter_b,
        inter_ab=inter_ab,
        decoder=Decoder(1024, face_widths=(512, 256, 128), mask_widths=(512, 256, 128)),
    )
