"""H64 and DF: one encoder and bottleneck for both performers, a decoder for each."""

from __future__ import annotations

from torch import Tensor, nn

from understudy.networks.blocks import Decoder, Encoder, Inter, initialise
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.swap import Side


class TwoDecoders(FaceModel):
    """Encoder and inter are shared; who is shown decides which decoder paints."""

    def __init__(
        self, size_px: int, *, encoder: nn.Module, inter: nn.Module, decoders: list[nn.Module]
    ) -> None:
        super().__init__(size_px)
        self.encoder, self.inter = encoder, inter
        self.decoder_src, self.decoder_dst = decoders
        initialise(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.inter(self.encoder(faces_BCHW))

    def decode(self, seen: Tensor, shown: Side) -> Painted:
        return self.decoder_src(seen) if shown == "src" else self.decoder_dst(seen)


def h64() -> TwoDecoders:
    """64 px, half faces, 112.75 M parameters; decoder masks are half as wide as faces."""
    decoders: list[nn.Module] = [
        Decoder(512, face_widths=(512, 256, 128), mask_widths=(256, 128, 64)) for _ in range(2)
    ]
    return TwoDecoders(
        64,
        encoder=Encoder((128, 256, 512, 1024)),
        inter=Inter(1024 * 4**2, dense=1024, side_px=4, width=1024, width_up=512),
        decoders=decoders,
    )


def df() -> TwoDecoders:
    """128 px, full faces, 138.40 M parameters."""
    decoders: list[nn.Module] = [
        Decoder(512, face_widths=(512, 256, 128), mask_widths=(512, 256, 128)) for _ in range(2)
    ]
    return TwoDecoders(
        128,
        encoder=Encoder((128, 256, 512, 1024)),
        inter=Inter(1024 * 8**2, dense=512, side_px=8, width=512, width_up=512),
        decoders=decoders,
    )
