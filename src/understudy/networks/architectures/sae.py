"""SAE: two decoders, LIAE or a long residual encoder (vg), of adjustable widths, as it was in mid 2019.

Not here: its successor (`saehd.py`), whose weights can be imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from understudy.errors import OptionInvalid
from understudy.networks.architectures.blocks import (
    KERAS,
    KERAS_REFLECTED,
    AddedBack,
    Conv,
    Down,
    Edges,
    Encoder,
    Inter,
    Up,
    as_values,
    branch,
    leaky_in_residuals,
)
from understudy.networks.architectures.cells import DepthToSpace
from understudy.networks.architectures.liae import Liae
from understudy.networks.architectures.two_decoders import TwoDecoders
from understudy.networks.face_model import Painted
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.options import option

_LEVELS = (8, 4, 2)  # widths of the decoder's levels, in shares
_FIRST_SCALE = 0.1  # of what a residual block of vg adds
_BLOCKS, _FEWER_BLOCKS = 16, 8


class Scaled(nn.Module):
    """A residual block that rectifies first and learns how much of itself to add, channel by channel."""

    def __init__(self, width: int, *, edges: Edges) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(width, width, 3, edges=edges), Conv(width, width, 3, edges=edges)
        self.scale = nn.Parameter(torch.full((width, 1, 1), _FIRST_SCALE))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        added = self.conv2(leaky_in_residuals(self.conv1(leaky_in_residuals(x_BCHW))))
        return leaky_in_residuals(x_BCHW + added * self.scale)


class VgEncoder(nn.Module):
    """Residual blocks at half the side, then five halvings: (B, 3, S, S) to (B, 8·width·(S/32)²)."""

    def __init__(self, width: int, *, blocks: int, edges: Edges) -> None:
        super().__init__()
        self.start = Conv(3, width, 5, stride=2, edges=edges)
        self.blocks = nn.Sequential(*(Scaled(width, edges=edges) for _ in range(blocks)))
        self.passes = nn.Sequential(
            *(nn.Sequential(Down(a, width, edges=edges), DepthToSpace()) for a in (width, width // 4))
        )
        widths = (width // 4, width, 2 * width, 4 * width, 8 * width)
        self.downs = nn.Sequential(*(Down(a, b, edges=edges) for a, b in pairwise(widths)))

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        x = self.start(faces_BCHW)
        x = x + self.blocks(x)
        return self.downs(self.passes(x)).flatten(1)


class SaeDecoder(nn.Module):
    """Three doublings, each with residual blocks, to a face and its smaller copies; three more to its mask."""

    def __init__(
        self,
        width_in: int,
        widths: Sequence[int],
        *,
        residuals: Sequence[nn.Module],
        mask_widths: Sequence[int] | None,
        multiscale: bool,
        edges: Edges,
    ) -> None:
        super().__init__()
        self.ups = nn.ModuleList(
            Up(a, b, edges=edges) for a, b in zip((width_in, *widths), widths, strict=False)
        )
        self.residuals = nn.ModuleList(residuals)
        self.outs = nn.ModuleList(Conv(w, 3, 5, edges=edges) for w in (widths if multiscale else widths[-1:]))
        self.mask = None if mask_widths is None else branch(width_in, mask_widths, 1, edges=edges)

    def forward(self, code_BCHW: Tensor) -> Painted:
        x, levels = code_BCHW, []
        for up, residual in zip(self.ups, self.residuals, strict=True):
            x = residual(up(x))
            levels.append(x)
        levels = levels[-len(self.outs) :]
        *smaller, faces = (as_values(out(level)) for out, level in zip(self.outs, levels, strict=True))
        masks = torch.ones_like(faces[:, :1]) if self.mask is None else as_values(self.mask(code_BCHW))
        return Painted(faces, masks, tuple(reversed(smaller)))


class SaeOptions(NetworkOptions):
    """Sizes of SAE."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16, for vg of 32.", low=32, high=1024, unit="px", when="create"
    )
    archi: Literal["df", "liae", "vg"] = option(
        "liae",
        "df keeps src's own features best, liae takes on dst's light best, vg is a df with a long encoder.",
        when="create",
    )
    ae_dims: int | None = option(
        None,
        "Numbers in the bottleneck. Where it is not said, 256 for liae and 512 for the others.",
        low=8,
        high=1024,
        when="create",
    )
    e_ch_dims: int | None = option(
        None,
        "Width of the encoder, for each colour; for vg a multiple of 4. Where it is not said, 42, for vg 40.",
        low=4,
        high=128,
        when="create",
    )
    d_ch_dims: int | None = option(
        None,
        "Width of the decoder, for each colour. Where it is not said, half that of the encoder, for vg the "
        "same.",
        low=2,
        high=128,
        when="create",
    )
    multiscale_decoder: bool = option(
        False, "Also paint faces of a half and a quarter of the side, for steadier learning.", when="create"
    )
    lighter_encoder: bool = option(
        False, "An encoder with a fraction of the weights, quicker and less precise.", when="create"
    )
    learn_mask: bool = option(
        True, "Paint masks too. Without them, a merge has to take its mask from elsewhere.", when="create"
    )
    ca_weights: bool = option(
        False,
        "Start from filters that differ from each other, which learns more from the start; takes some seconds "
        "when the model is made.",
        when="create",
    )
    remove_gray_border: bool = option(
        False, "Mirror pictures at their edges, so that no grey rim is painted; slower.", when="create"
    )


@dataclass(frozen=True)
class _Sizes:
    ae: int
    encoder: int
    decoder: int
    edges: Edges


def _sizes(options: SaeOptions) -> _Sizes:
    vg = options.archi == "vg"
    ae = options.ae_dims or (256 if options.archi == "liae" else 512)
    encoder = options.e_ch_dims or (40 if vg else 42)
    if vg and encoder % 4:
        raise OptionInvalid(f"Option 'e_ch_dims' can't be {encoder}: vg needs a multiple of 4.")
    if vg and options.multiscale_decoder:
        raise OptionInvalid("Option 'multiscale_decoder' can't be true for vg, which paints one size.")
    edges = KERAS_REFLECTED if options.remove_gray_border else KERAS
    return _Sizes(ae, encoder, options.d_ch_dims or (encoder if vg else encoder // 2), edges)


def sae(options: SaeOptions) -> TwoDecoders | Liae:
    """By default 128.58 M parameters, for df 137.48 M. Raises OptionInvalid."""
    require_multiple(options.size_px, 32 if options.archi == "vg" else 16)
    sizes, size_px, aware = _sizes(options), options.size_px, options.ca_weights
    encoder, features = _encoder(options, sizes)
    liae = options.archi == "liae"
    width = 2 * sizes.ae if liae else sizes.ae

    def inter() -> Inter:
        return Inter(
            features, dense=sizes.ae, side_px=size_px // 16, width=width, width_up=width, edges=sizes.edges
        )

    if liae:
        b, ab, decoder = inter(), inter(), _decoder(options, sizes, 2 * width)
        return Liae(size_px, encoder=encoder, inter_b=b, inter_ab=ab, decoder=decoder, aware=aware)
    decoders: list[nn.Module] = [_decoder(options, sizes, width) for _ in range(2)]
    return TwoDecoders(size_px, encoder=encoder, inter=inter(), decoders=decoders, aware=aware)


def _encoder(options: SaeOptions, sizes: _Sizes) -> tuple[nn.Module, int]:
    """An encoder and how many features come out of it."""
    if options.archi == "vg":
        blocks = _FEWER_BLOCKS if options.lighter_encoder else _BLOCKS
        vg = VgEncoder(sizes.encoder, blocks=blocks, edges=sizes.edges)
        return vg, 8 * sizes.encoder * (options.size_px // 32) ** 2
    widths = [3 * sizes.encoder * factor for factor in (1, 2, 4, 8)]
    encoder = Encoder(widths, edges=sizes.edges, separable=options.lighter_encoder)
    return encoder, widths[-1] * (options.size_px // 16) ** 2


def _decoder(options: SaeOptions, sizes: _Sizes, width_in: int) -> SaeDecoder:
    vg = options.archi == "vg"
    widths = [(1 if vg else 3) * sizes.decoder * level for level in _LEVELS]
    return SaeDecoder(
        width_in,
        widths,
        residuals=[_residuals(w, sizes.edges, vg=vg) for w in widths],
        mask_widths=[sizes.decoder * level for level in _LEVELS] if options.learn_mask else None,
        multiscale=options.multiscale_decoder,
        edges=sizes.edges,
    )


def _residuals(width: int, edges: Edges, *, vg: bool) -> nn.Module:
    if vg:
        return Scaled(width, edges=edges)
    return nn.Sequential(*(AddedBack(width, edges=edges) for _ in range(2)))
