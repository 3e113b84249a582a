"""H64 and DF: one encoder and bottleneck for both performers, a decoder for each."""

from __future__ import annotations

from torch import Generator, Tensor, nn

from understudy.networks.architectures.blocks import Decoder, Encoder, Inter, initialise
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import NetworkOptions
from understudy.networks.swap import Side
from understudy.options import option


class TwoDecoders(FaceModel):
    """Encoder and inter are shared; who is shown decides which decoder paints."""

    def __init__(
        self, size_px: int, *, encoder: nn.Module, inter: nn.Module, decoders: list[nn.Module]
    ) -> None:
        super().__init__(size_px)
        self.encoder, self.inter_both = encoder, inter
        self.decoder_src, self.decoder_dst = decoders
        initialise(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        return self.inter_both(features)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self.decoder_src(code) if shown == "src" else self.decoder_dst(code)


class H64Options(NetworkOptions):
    """Sizes of H64."""

    size_px: int = option(64, "Side of the face; a multiple of 16.", low=64, high=64, unit="px", when="create")


class DfOptions(NetworkOptions):
    """Sizes of DF."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16.", low=128, high=128, unit="px", when="create"
    )


def h64(options: H64Options) -> TwoDecoders:
    """64 px, half faces, 112.75 M parameters; decoder masks are half as wide as faces."""
    decoders: list[nn.Module] = [
        Decoder(512, face_widths=(512, 256, 128), mask_widths=(256, 128, 64)) for _ in range(2)
    ]
    return TwoDecoders(
        options.size_px,
        encoder=Encoder((128, 256, 512, 1024)),
        inter=Inter(1024 * 4**2, dense=1024, side_px=4, width=1024, width_up=512),
        decoders=decoders,
    )


def df(options: DfOptions) -> TwoDecoders:
    """128 px, full faces, 138.40 M parameters."""
    decoders: list[nn.Module] = [
        Decoder(512, face_widths=(512, 256, 128), mask_widths=(512, 256, 128)) for _ in range(2)
    ]
    return TwoDecoders(
        options.size_px,
        encoder=Encoder((128, 256, 512, 1024)),
        inter=Inter(1024 * 8**2, dense=512, side_px=8, width=512, width_up=512),
        decoders=decoders,
    )
