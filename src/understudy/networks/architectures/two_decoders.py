"""H64, H128 and DF: one encoder and bottleneck for both performers, a decoder for each."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Generator, Tensor, nn

from understudy.networks.architectures.blocks import Decoder, Encoder, Inter, initialise
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import ClassicOptions, require_multiple, scaled
from understudy.networks.swap import Side
from understudy.options import option

_WIDTHS = (128, 256, 512, 1024)
_SHRINK = 16  # faces to the maps in the bottleneck


class TwoDecoders(FaceModel):
    """Encoder and inter are shared; who is shown decides which decoder paints."""

    def __init__(
        self,
        size_px: int,
        *,
        encoder: nn.Module,
        inter: nn.Module,
        decoders: list[nn.Module],
        aware: bool = False,
    ) -> None:
        super().__init__(size_px)
        self.encoder, self.inter_both = encoder, inter
        self.decoder_src, self.decoder_dst = decoders
        initialise(self, aware=aware)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        return self.inter_both(features)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self.decoder_src(code) if shown == "src" else self.decoder_dst(code)


class H64Options(ClassicOptions):
    """Sizes of H64."""

    size_px: int = option(
        64, "Side of the face; a multiple of 16.", low=32, high=1024, unit="px", when="create"
    )
    light: bool = option(False, "The smaller variant, for devices with little memory.", when="create")


class H128Options(ClassicOptions):
    """Sizes of H128."""

    light: bool = option(False, "The smaller variant, for devices with little memory.", when="create")


class DfOptions(ClassicOptions):
    """Sizes of DF."""


@dataclass(frozen=True)
class _Sizes:
    """Widths of the encoder, of the bottleneck's layers, and of the decoders' branches."""

    encoder: tuple[int, ...]
    dense: int
    width: int
    up: int
    face: tuple[int, ...]
    mask: tuple[int, ...]

    def network(self, options: ClassicOptions) -> TwoDecoders:
        size_px, share = options.size_px, options.width_share
        require_multiple(size_px, _SHRINK)
        side, encoder = size_px // _SHRINK, scaled(self.encoder, share)
        dense, width, up = scaled((self.dense, self.width, self.up), share)
        face, mask = scaled(self.face, share), scaled(self.mask, share)
        decoders: list[nn.Module] = [Decoder(up, face_widths=face, mask_widths=mask) for _ in range(2)]
        inter = Inter(encoder[-1] * side**2, dense=dense, side_px=side, width=width, width_up=up)
        return TwoDecoders(size_px, encoder=Encoder(encoder), inter=inter, decoders=decoders)


_NARROW = (256, 128, 64)
_H64 = _Sizes(_WIDTHS, dense=1024, width=1024, up=512, face=(512, 256, 128), mask=_NARROW)
_H64_LIGHT = _Sizes((128, 256, 512, 768), dense=512, width=512, up=256, face=_NARROW, mask=_NARROW)
_H128 = _Sizes(_WIDTHS, dense=512, width=512, up=512, face=(512, 256, 128), mask=(512, 256, 128))
_H128_LIGHT = _Sizes(_WIDTHS, dense=256, width=256, up=256, face=_NARROW, mask=_NARROW)


def h64(options: H64Options) -> TwoDecoders:
    """At 64 px 112.75 M parameters, light 44.51 M; masks have narrower layers. Raises OptionInvalid."""
    return (_H64_LIGHT if options.light else _H64).network(options)


def h128(options: H128Options) -> TwoDecoders:
    """At 128 px 138.40 M parameters, light 55.92 M. Raises OptionInvalid."""
    return (_H128_LIGHT if options.light else _H128).network(options)


def df(options: DfOptions) -> TwoDecoders:
    """At 128 px 138.40 M parameters, as H128. Raises OptionInvalid."""
    return _H128.network(options)
