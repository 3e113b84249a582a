"""How the parts of a custom network are wired: what is seen goes through which, for whom.

Not here: how they are made from options (`build.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.custom.bottleneck import CodeBottleneck
from understudy.networks.architectures.custom.chance import Chance
from understudy.networks.architectures.custom.decoder import CustomDecoder, Residual
from understudy.networks.architectures.custom.g_block import GBlock, Restyling, StyleFc
from understudy.networks.architectures.custom.inters import FcInter
from understudy.networks.face_model import FaceModel, Painted, Reconstruction
from understudy.networks.swap import Side


class CustomEncoder(nn.Module):
    """Faces to a row of numbers, or to maps where each inter has its own bottleneck.

    Faces of side `size_px` are brought to `seen_px` first.
    """

    smaller: Tensor

    def __init__(
        self, maps: nn.Module, bottleneck: CodeBottleneck | None, *, size_px: int, seen_px: int
    ) -> None:
        super().__init__()
        self.maps, self.bottleneck, self.seen_px = maps, bottleneck, seen_px
        self.register_buffer("smaller", resizing(size_px, seen_px), persistent=False)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        if faces_BCHW.shape[-1] != self.seen_px:
            faces_BCHW = self.smaller @ faces_BCHW @ self.smaller.T
        maps = self.maps(faces_BCHW)
        return maps if self.bottleneck is None else self.bottleneck(maps)


class Custom(FaceModel):
    """Each part is named for who it paints, or `both`. `beside` names the inter whose map stands beside every
    performer's own."""

    def __init__(
        self,
        size_px: int,
        *,
        encoder: CustomEncoder,
        inters: Mapping[str, FcInter],
        beside: str | None,
        style: StyleFc | None,
        g_blocks: Mapping[str, GBlock],
        decoders: Mapping[str, CustomDecoder],
    ) -> None:
        super().__init__(size_px, seen_px=encoder.seen_px)
        self.encoder, self.style, self.beside = encoder, style, beside
        for name, part in {**inters, **g_blocks, **decoders}.items():
            self.add_module(name, part)
        start_weights(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        return self._coded(features, shown, None if generator is None else Chance(generator, features.device))

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self._part("decoder", shown)(code)

    def reconstruct(
        self, src_BCHW: Tensor, dst_BCHW: Tensor, generator: Generator | None = None
    ) -> Reconstruction:
        count = len(src_BCHW)
        features = self.encode(torch.cat([src_BCHW, dst_BCHW]))
        chance = None if generator is None else Chance(generator, features.device)
        seen_src, seen_dst = features[:count], features[count:]
        code_src, code_dst = self._coded(seen_src, "src", chance), self._coded(seen_dst, "dst", chance)
        decoder = self._part("decoder", "src")
        if decoder is self._part("decoder", "dst"):
            both = decoder(torch.cat([code_src, code_dst]), chance)
            src, dst = (
                Painted(both.faces_BCHW[part], both.masks_B1HW[part])
                for part in (slice(None, count), slice(count, None))
            )
        else:
            src, dst = decoder(code_src, chance), self._part("decoder", "dst")(code_dst, chance)
        return Reconstruction(src, dst, seen_src, seen_dst, code_src, code_dst)

    def _coded(self, features: Tensor, shown: Side, chance: Chance | None) -> Tensor:
        inter = self._part("inter", shown)
        code = inter(features, chance)
        if self.beside is not None:
            other = self.get_submodule(self.beside)
            code = torch.cat([code, code if other is inter else other(features, chance)], 1)
        if self.style is None:
            return code
        return self._part("g_block", shown)(code, self.style(features, chance), chance)

    def _part(self, kind: str, shown: Side) -> nn.Module:
        own = f"{kind}_{shown}"
        return self.get_submodule(own if hasattr(self, own) else f"{kind}_both")


def start_weights(model: nn.Module) -> None:
    """He-uniform convolutions, Glorot-uniform dense layers, zero biases, in place, by torch's generator."""
    for part in model.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            draw = nn.init.xavier_uniform_ if isinstance(part, nn.Linear) else nn.init.kaiming_uniform_
            draw(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in model.modules():
        if isinstance(part, Residual | Restyling):
            part.start()


def resizing(from_px: int, to_px: int) -> Tensor:
    """The matrix (to_px, from_px) that resizes the columns of a picture, without aliasing."""
    columns = torch.eye(from_px)[None, None]
    resized = nnf.interpolate(
        columns, size=(to_px, from_px), mode="bilinear", align_corners=False, antialias=True
    )
    return resized[0, 0]
