"""LIAE: two bottlenecks, one of them for both performers, and one decoder, so that src takes on dst's light."""

from __future__ import annotations

import torch
from torch import Tensor

from understudy.networks.blocks import Decoder, Encoder, Inter, initialise
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.swap import Side


class Liae(FaceModel):
    """src is painted from [AB, AB], dst from [B, AB]; so the swap is dst's code through AB twice."""

    def __init__(self, size_px: int, *, encoder: Encoder, inter_b: Inter, inter_ab: Inter, decoder: Decoder):
        super().__init__(size_px)
        self.encoder, self.inter_b, self.inter_ab, self.decoder = encoder, inter_b, inter_ab, decoder
        initialise(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def decode(self, seen: Tensor, shown: Side) -> Painted:
        common = self.inter_ab(seen)
        own = common if shown == "src" else self.inter_b(seen)
        return self.decoder(torch.cat([own, common], dim=1))


def liaef128() -> Liae:
    """128 px, full faces, 136.06 M parameters."""
    inter_b, inter_ab = (Inter(1024 * 8**2, dense=256, side_px=8, width=512, width_up=512) for _ in range(2))
    return Liae(
        128,
        encoder=Encoder((128, 256, 512, 1024)),
        inter_b=inter_b,
        inter_ab=inter_ab,
        decoder=Decoder(1024, face_widths=(512, 256, 128), mask_widths=(512, 256, 128)),
    )
