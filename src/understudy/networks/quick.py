"""Quick: a small network in which both performers share every convolution but the last.

Who is shown only scales and shifts the channels (Perez et al., "FiLM: visual reasoning with a general
conditioning layer", AAAI 2018). Pose and expression therefore take one way through the network whoever is
shown, which ties the two performers' poses together far sooner than two decoders would.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.swap import Side

_LEAK = 0.1
_SHRINK = 4  # the encoder's first layer sees blocks of 4 x 4 pixels
_SIDES: dict[Side, int] = {"src": 0, "dst": 1}


class Residual(nn.Module):
    """Two 3 x 3 convolutions whose result is added; starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW + self.second(_rectified(self.first(_rectified(x_BCHW))))


class PerPerson(nn.Module):
    """A scale and a shift of each channel for each of the two performers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(2, width) * 0.1)
        self.shift = nn.Parameter(torch.randn(2, width) * 0.1)

    def forward(self, x_BCHW: Tensor, shown_B: Tensor) -> Tensor:
        scale, shift = (1 + self.scale)[shown_B], self.shift[shown_B]
        return x_BCHW * scale.to(x_BCHW.dtype)[:, :, None, None] + shift.to(x_BCHW.dtype)[:, :, None, None]


class ResidualPerPerson(nn.Module):
    """A residual block that knows who is shown."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.before, self.between = PerPerson(width), PerPerson(width)
        nn.init.zeros_(self.second.weight)

    def forward(self, x_BCHW: Tensor, shown_B: Tensor) -> Tensor:
        inner = self.first(_rectified(self.before(x_BCHW, shown_B)))
        return x_BCHW + self.second(_rectified(self.between(inner, shown_B)))


class QuickEncoder(nn.Module):
    """(B, 3, S, S) to a code (B, code)."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width)
        self.start = nn.Conv2d(3 * _SHRINK**2, width, 3, padding=1)
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths)
        )
        self.blocks = nn.ModuleList(Residual(w) for w in widths)
        self.code = nn.Linear(widths[-1] * (size_px // 16) ** 2, code)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        x = self.blocks[0](self.start(nnf.pixel_unshuffle(faces_BCHW, _SHRINK)))
        for down, block in zip(self.downs, self.blocks[1:], strict=True):
            x = block(down(x))
        return self.code(_rectified(x).flatten(1))


class QuickDecoder(nn.Module):
    """A code (B, code) to a face and its mask, of whoever `shown_B` (0 src, 1 dst) says."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__()
        widths = (4 * width, 3 * width, 2 * width, width)
        self.start_shape = (widths[0], size_px // 16, size_px // 16)
        self.start = nn.Linear(code, widths[0] * (size_px // 16) ** 2)
        self.blocks = nn.ModuleList(ResidualPerPerson(w) for w in widths)
        self.ups = nn.ModuleList(
            nn.Conv2d(a, 4 * b, 3, padding=1) for a, b in pairwise(widths)
        )
        self.last = nn.ModuleList(nn.Conv2d(widths[-1], 16, 3, padding=1) for _ in _SIDES)

    def forward(self, code: Tensor, shown_B: Tensor) -> Painted:
        x = _rectified(self.start(code)).view(-1, *self.start_shape)
        x = self.blocks[0](x.contiguous(memory_format=torch.channels_last), shown_B)
        for up, block in zip(self.ups, self.blocks[1:], strict=True):
            x = block(nnf.pixel_shuffle(_rectified(up(x)), 2), shown_B)
        x = _rectified(x)
        as_src = (shown_B == 0)[:, None, None, None]
        painted = torch.where(as_src, self.last[0](x), self.last[1](x))
        painted = torch.sigmoid(nnf.pixel_shuffle(painted, 2).float())
        return Painted(painted[:, :3], painted[:, 3:])


class Quick(FaceModel):
    """The quick network; `size_px` is a multiple of 16."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__(size_px)
        self.encoder = QuickEncoder(size_px, width=width, code=code)
        self.decoder = QuickDecoder(size_px, width=width, code=code)

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def decode(self, seen: Tensor, shown: Side) -> Painted:
        shown_B = torch.full((len(seen),), _SIDES[shown], dtype=torch.long, device=seen.device)
        return self.decoder(seen, shown_B)

    def reconstruct(self, src_BCHW: Tensor, dst_BCHW: Tensor) -> tuple[Painted, Painted]:
        """Both performers in one pass, as larger batches are faster."""
        n = len(src_BCHW)
        shown_B = torch.zeros(n + len(dst_BCHW), dtype=torch.long, device=src_BCHW.device)
        shown_B[n:] = _SIDES["dst"]
        both = self.decoder(self.encode(torch.cat([src_BCHW, dst_BCHW])), shown_B)
        faces, masks = both.faces_BCHW, both.masks_B1HW
        return Painted(faces[:n], masks[:n]), Painted(faces[n:], masks[n:])


def _rectified(x: Tensor) -> Tensor:
    return nnf.leaky_relu(x, _LEAK)


def quick() -> Quick:
    """96 px, 12.25 M parameters."""
    return Quick(96, width=64, code=256)
