"""RecycleGAN: translates clips of one performer into the other's, from nothing but their order in time.

Bansal et al., "Recycle-GAN: unsupervised video retargeting", ECCV 2018. Nothing is reconstructed: for each
performer there is a generator that paints them from frames of the other, and a predictor of their next frame
from two past ones, which the losses need.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.cells import DepthToSpace
from understudy.networks.face_model import FaceModel, Painted, Reconstruction
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.networks.swap import Side
from understudy.options import option

FRAMES = 3
_BLOCKS = 6
_LEAK = 0.2
_STEP_PX = 16


class RecycleResidual(nn.Module):
    """Two batch-normed 3 x 3 convolutions whose result is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_normed(nn.Conv2d(width, width, 3, padding=1), width),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW + self.layers(x_BCHW)


class Translator(nn.Module):
    """Frames of one performer to frames of the other, 0..1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            *_normed(nn.Conv2d(3, width, 7), width),
            *_normed(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1), 2 * width),
            *_normed(nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1), 4 * width),
            *(RecycleResidual(4 * width) for _ in range(_BLOCKS)),
            *_normed(nn.Conv2d(4 * width, 8 * width, 3, padding=1), 8 * width),
            DepthToSpace(),
            *_normed(nn.Conv2d(2 * width, 4 * width, 3, padding=1), 4 * width),
            DepthToSpace(),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, 3, 7),
        )

    def forward(self, frames_BCHW: Tensor) -> Tensor:
        return _zero_to_one(self.layers(2 * frames_BCHW - 1))


class NextFrame(nn.Module):
    """Two past frames of one performer to the next, 0..1: a U-net (Ronneberger et al., MICCAI 2015)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 8 * width)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise((6, *widths)))
        entries = (8 * width, 2 * 4 * width, 2 * 2 * width, 2 * width)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1)
            for a, b in zip(entries, (4 * width, 2 * width, width, 3), strict=True)
        )

    def forward(self, before: Tensor, now: Tensor) -> Tensor:
        x, seen = 2 * torch.cat([before, now], 1) - 1, []
        for down in self.downs:
            x = nnf.leaky_relu(down(x), _LEAK)
            seen.append(x)
        for number, up in enumerate(self.ups):
            beside = [] if not number else [seen[-1 - number]]
            x = up(torch.cat([nnf.relu(x), *beside], 1))
        return _zero_to_one(x)


def _normed(conv: nn.Module, width: int) -> list[nn.Module]:
    return [conv, nn.BatchNorm2d(width), nn.ReLU()]


def _zero_to_one(x: Tensor) -> Tensor:
    return (torch.tanh(x.float()) + 1) / 2


class RecycleGan(FaceModel):
    """Frames are their own code; who is shown decides which translator paints. Masks are the whole picture.

    In training every batch is runs of three consecutive frames, one run after the other.
    """

    own_losses = "recyclegan"
    frames_together = FRAMES

    def __init__(self, size_px: int, *, width: int) -> None:
        super().__init__(size_px)
        self.width = width
        self.decoder_src, self.decoder_dst = Translator(width), Translator(width)
        self.next_src, self.next_dst = NextFrame(width), NextFrame(width)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return faces_BCHW

    def decode(self, code: Tensor, shown: Side) -> Painted:
        frames = self.decoder_src(code) if shown == "src" else self.decoder_dst(code)
        return Painted(frames, torch.ones_like(frames[:, :1]))

    def reconstruct(
        self, src_BCHW: Tensor, dst_BCHW: Tensor, generator: Generator | None = None
    ) -> Reconstruction:
        """What was seen, as it is: the losses ask for translations alone."""
        whole = torch.ones_like(src_BCHW[:, :1], dtype=torch.float32)
        src, dst = (Painted(faces.float(), whole[: len(faces)]) for faces in (src_BCHW, dst_BCHW))
        return Reconstruction(src, dst, src_BCHW, dst_BCHW, src_BCHW, dst_BCHW)


class RecycleGanOptions(NetworkOptions):
    """Sizes of RecycleGAN."""

    size_px: int = option(
        64, "Side of the pictures; a multiple of 16.", low=32, high=256, unit="px", when="create"
    )
    filters: int = option(64, "Channels of the finest maps.", low=4, high=128, when="create")


def recyclegan(options: RecycleGanOptions) -> RecycleGan:
    """By default 64 px. Raises OptionInvalid."""
    require_multiple(options.size_px, _STEP_PX)
    return RecycleGan(options.size_px, width=options.filters)
