"""AMP: one encoder and decoder, two performers in the channels of one code, so that they can be blended.

A share of the code's channels comes from src's bottleneck, the rest from dst's. In training that share is fixed
and its channels are drawn anew for every src face; afterwards any share can be painted, from dst to src.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from understudy.networks.architectures.blocks import initialise
from understudy.networks.architectures.saehd_blocks import HdDecoder, HdEncoder, Letters
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.networks.swap import Side
from understudy.options import option

_LETTERS = Letters(normed=True, doubled=True, deep=True)


class AmpEncoder(nn.Module):
    """Faces to features of power 1, then one dense layer: (B, 3, S, S) to (B, code)."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__()
        self.maps = HdEncoder(size_px, width, _LETTERS)
        self.dense = nn.Linear(self.maps.features, code)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        return self.dense(self.maps(faces_BCHW))


class AmpInter(nn.Module):
    """One performer's projection: (B, code) to (B, width, side, side) by one dense layer."""

    def __init__(self, code: int, *, width: int, side_px: int) -> None:
        super().__init__()
        self.shape = (width, side_px, side_px)
        self.dense = nn.Linear(code, width * side_px**2)

    def forward(self, code_BF: Tensor) -> Tensor:
        return self.dense(code_BF).view(-1, *self.shape)


class Amp(FaceModel):
    """`morph` is the share of src in everything painted as src outside training."""

    def __init__(
        self,
        size_px: int,
        *,
        encoder: AmpEncoder,
        inter_src: AmpInter,
        inter_dst: AmpInter,
        decoder: HdDecoder,
        morph_factor: float,
        trained_inters: bool = True,
    ) -> None:
        super().__init__(size_px)
        self.encoder, self.inter_src, self.inter_dst, self.decoder = encoder, inter_src, inter_dst, decoder
        self.morph_factor, self.morph = morph_factor, 1.0
        initialise(self)
        if not trained_inters:
            self.random_parts = frozenset({"inter_src", "inter_dst"})
            inter_src.requires_grad_(False)
            inter_dst.requires_grad_(False)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        own = self.inter_dst(features)
        if shown == "dst":
            return own
        if generator is None:
            return self._blended(
                features, torch.tensor(1.0 if self.morph is None else self.morph, device=features.device)
            )
        drawn = drawn_channels(len(own), own.shape[1], self.morph_factor, generator).to(own.device)
        return torch.where(drawn[:, :, None, None], self.inter_src(features), own)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self.decoder(code)

    def swap_morphed(self, faces_BCHW: Tensor, morph: Tensor) -> Painted:
        """Dst faces with the share `morph` of src in them, a tensor (1,): for exports that leave it open."""
        return self.decoder(self._blended(self.encoder(faces_BCHW), morph))

    def _blended(self, features: Tensor, morph: Tensor) -> Tensor:
        """The first channels, as many as `morph` says, from src's bottleneck and the others from dst's."""
        width = self.inter_src.shape[0]
        first = torch.arange(width, device=features.device) < (width * morph).floor()
        return torch.where(first[None, :, None, None], self.inter_src(features), self.inter_dst(features))


def drawn_channels(count: int, width: int, share: float, generator: Generator) -> Tensor:
    """(count, width) booleans, exactly int(width·share) of them true in every row, at random."""
    ranks = torch.rand(count, width, generator=generator).argsort(1)
    return ranks < int(width * share)


class AmpOptions(NetworkOptions):
    """Sizes of AMP."""

    size_px: int = option(
        224, "Side of the face; a multiple of 32.", low=32, high=640, unit="px", when="create"
    )
    ae_dims: int = option(
        256, "Numbers in the code between seeing and painting.", low=8, high=1024, when="create"
    )
    inter_dims: int = option(
        1024, "Channels of the code that the performers share out among them.", low=8, high=2048, when="create"
    )
    e_dims: int = option(64, "Channels of the encoder's finest maps.", low=4, high=256, when="create")
    d_dims: int = option(64, "Half the channels of the decoder's finest maps.", low=4, high=256, when="create")
    d_mask_dims: int = option(22, "Channels of the mask decoder's finest maps.", low=4, high=256, when="create")
    morph_factor: float = option(
        0.5,
        "Share of the code's channels that are src's while the model learns src. Less makes blends between "
        "the performers smoother, more makes src more like src.",
        low=0.1,
        high=0.5,
        when="create",
    )
    trained_inters: bool = option(
        True,
        "Let the two bottlenecks learn. Without it they stay the random projections that they start as, as "
        "in DeepFaceLab since 2022.",
        when="create",
    )


def amp(options: AmpOptions) -> Amp:
    """By default 224 px, whole faces, 101.35 M parameters. Raises OptionInvalid."""
    require_multiple(options.size_px, _LETTERS.step_px)
    side_px = _LETTERS.smallest_px(options.size_px)
    inter_src, inter_dst = (
        AmpInter(options.ae_dims, width=options.inter_dims, side_px=side_px) for _ in range(2)
    )
    return Amp(
        options.size_px,
        encoder=AmpEncoder(options.size_px, width=options.e_dims, code=options.ae_dims),
        inter_src=inter_src,
        inter_dst=inter_dst,
        decoder=HdDecoder(
            options.inter_dims, width=options.d_dims, mask_width=options.d_mask_dims, letters=_LETTERS
        ),
        morph_factor=options.morph_factor,
        trained_inters=options.trained_inters,
    )
