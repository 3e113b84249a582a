"""AVATAR: dst's expressions drive a video of src, not only src's face but what is around it.

Two networks, one after the other. The first is an encoder with a decoder for each performer and paints src's
face alone, on gray. The second sees that face in three consecutive frames, in the middle of gray, and paints
the whole view of src in those three frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as nnf

from understudy.errors import OptionInvalid
from understudy.geometry import crop_share
from understudy.networks.architectures.blocks import Conv, Encoder, Inter, Up, initialise
from understudy.networks.face_model import FaceModel, Painted, Reconstruction, of_side
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.networks.swap import Side
from understudy.options import option

GRAY = 0.5
FRAMES = 3
_STEP_PX = 16
_BLOCKS = 6


@dataclass(frozen=True, eq=False)
class AvatarPainted(Painted):
    """`face_BCHW` is the first network's face, of side `face_px`; the faces of `Painted` show the view."""

    face_BCHW: Tensor | None = None


class FaceOnly(nn.Module):
    """Three doublings to a face, without a mask."""

    def __init__(self, width_in: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.ups = nn.Sequential(*(Up(a, b) for a, b in pairwise((width_in, *widths))))
        self.last = Conv(widths[-1], 3, 5)

    def forward(self, code_BCHW: Tensor) -> Tensor:
        return torch.sigmoid(self.last(self.ups(code_BCHW)).float())


class ViewResidual(nn.Module):
    """Two normed 3 x 3 convolutions whose result is added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.InstanceNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW + self.layers(x_BCHW)


class ViewNet(nn.Module):
    """Three frames to three frames, (B, 9, S, S) to the same, 0..1: a residual network after Johnson et al.,
    "Perceptual losses for real-time style transfer and super-resolution", ECCV 2016."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 4 * width)
        layers: list[nn.Module] = [*_normed(nn.Conv2d(3 * FRAMES, width, 7, padding=3), width)]
        for a, b in pairwise(widths):
            layers += _normed(nn.Conv2d(a, b, 3, stride=2, padding=1), b)
        layers += [ViewResidual(widths[-1]) for _ in range(_BLOCKS)]
        for a, b in pairwise(reversed(widths)):
            layers += _normed(nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1), b)
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 3 * FRAMES, 7, padding=3))

    def forward(self, frames_B9HW: Tensor) -> Tensor:
        return torch.sigmoid(self.layers(frames_B9HW).float())


def _normed(conv: nn.Module, width: int) -> list[nn.Module]:
    return [conv, nn.InstanceNorm2d(width), nn.ReLU()]


class Avatar(FaceModel):
    """Sees and paints views of side `size_px`; the face is the share `face_share` of the middle of those seen.
    With `paints_frame` the view that is painted is src's whole frame, with the face wherever it is.

    In training every batch is runs of three consecutive frames, one run after the other. Outside it each frame
    is taken for a still one, unless `swap_run` is told what came before and comes after.
    """

    own_losses = "avatar"
    frames_together = FRAMES

    def __init__(
        self,
        size_px: int,
        *,
        face_px: int,
        face_share: float,
        width: int,
        view_width: int,
        paints_frame: bool = False,
    ) -> None:
        super().__init__(size_px)
        self.paints_frame = paints_frame
        self.face_px, self.width = face_px, width
        self.cut_px = size_px - 2 * round(size_px * (1 - face_share) / 2)
        widths = (width, 2 * width, 4 * width, 8 * width)
        side_px, up = face_px // 16, 8 * width
        self.encoder = Encoder(widths)
        self.inter_both = Inter(up * side_px**2, dense=up, side_px=side_px, width=up, width_up=up)
        self.decoder_src, self.decoder_dst = (FaceOnly(up, (8 * width, 4 * width, 2 * width)) for _ in range(2))
        self.view = ViewNet(view_width)
        initialise(self)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(self.face_of(faces_BCHW))

    def inter(self, features: Tensor, shown: Side, generator: Generator | None = None) -> Tensor:
        return self.inter_both(features)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        """src: the view as of a still frame. dst: the face in its place on gray; nothing paints dst's view."""
        if shown == "src":
            face = self.decoder_src(code)
            return self._seen_whole(self.view_of(face, face, face)[1], face)
        return self._in_place(self.decoder_dst(code))

    def swap_run(self, run: Sequence[Tensor]) -> Painted:
        """Paint src in dst's frame in the middle of three; all (B, 3, size_px, size_px)."""
        faces = [self.decoder_src(self.inter_both(self.encode(frame))) for frame in run]
        return self._seen_whole(self.view_of(*faces)[1], faces[1])

    def reconstruct(
        self, src_BCHW: Tensor, dst_BCHW: Tensor, generator: Generator | None = None
    ) -> Reconstruction:
        """The first network alone: what the second has to paint is asked by the losses, where they need it."""
        count = len(src_BCHW)
        features = self.encode(torch.cat([src_BCHW, dst_BCHW]))
        code = self.inter_both(features)
        src, dst = (
            self._in_place(self.decoder_src(code[:count])),
            self._in_place(self.decoder_dst(code[count:])),
        )
        return Reconstruction(src, dst, features[:count], features[count:], code[:count], code[count:])

    def face_of(self, views_BCHW: Tensor) -> Tensor:
        """The middle of views, at `face_px`."""
        rim = (self.size_px - self.cut_px) // 2
        end = self.size_px - rim
        return of_side(views_BCHW[..., rim:end, rim:end], self.face_px)

    def view_of(self, before: Tensor, now: Tensor, after: Tensor) -> tuple[Tensor, ...]:
        """The views of three consecutive faces of src, (B, 3, size_px, size_px) each."""
        rim = (self.size_px - self.face_px) // 2
        padded = nnf.pad(torch.cat([before, now, after], 1), [rim] * 4, value=GRAY)
        return self.view(padded).split(3, dim=1)

    def _seen_whole(self, view_BCHW: Tensor, face: Tensor) -> AvatarPainted:
        return AvatarPainted(view_BCHW, torch.ones_like(view_BCHW[:, :1]), face_BCHW=face)

    def _in_place(self, face: Tensor) -> AvatarPainted:
        rim = (self.size_px - self.cut_px) // 2
        small = of_side(face, self.cut_px)
        view = nnf.pad(small, [rim] * 4, value=GRAY)
        mask = nnf.pad(torch.ones_like(small[:, :1]), [rim] * 4)
        return AvatarPainted(view, mask, face_BCHW=face)


class AvatarOptions(NetworkOptions):
    """Sizes of AVATAR."""

    size_px: int = option(
        224, "Side of the view that is painted; a multiple of 16.", low=32, high=512, unit="px", when="create"
    )
    face_px: int = option(
        128,
        "Side of the face that the first network sees and paints; a multiple of 16, at most size_px.",
        low=16,
        high=256,
        unit="px",
        when="create",
    )
    avatar_type: Literal["head", "full", "source"] = option(
        "head",
        "What the view shows: the head, for models of face type head-no-align, only the face, for "
        "full-no-align, or src's whole frame from the face, for full-no-align and a src that is extracted as "
        "mark-only.",
        when="create",
    )
    dims: int = option(64, "Channels of the encoder's finest maps.", low=8, high=128, when="create")
    view_dims: int = option(
        128, "Channels of the second network's finest maps.", low=8, high=256, when="create"
    )


def avatar(options: AvatarOptions) -> Avatar:
    """By default 224 px from faces of 128 px; 47.3 M parameters see, 15.35 M paint each performer's face and
    36.1 M src's view. Raises OptionInvalid."""
    require_multiple(options.size_px, _STEP_PX)
    require_multiple(options.face_px, _STEP_PX)
    if options.face_px > options.size_px:
        raise OptionInvalid(
            f"Option 'face_px' can't be {options.face_px}: the face lies inside the view, whose side is "
            f"{options.size_px} px."
        )
    share = crop_share("full-no-align", "head-no-align") if options.avatar_type == "head" else 1.0
    return Avatar(
        options.size_px,
        face_px=options.face_px,
        face_share=share,
        width=options.dims,
        view_width=options.view_dims,
        paints_frame=options.avatar_type == "source",
    )
