"""Quick: a small network in which both performers share every convolution but the last.

Who is shown only scales the channels that go into and come out of a convolution and shifts the latter: the
weights are modulated, not the pictures (Karras et al., "Analyzing and improving the image quality of StyleGAN",
CVPR 2020), which costs nothing per pixel. Pose and expression therefore take one way through the network
whoever is shown, which ties the two performers' poses together far sooner than two decoders would.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.cells import depth_to_space, space_to_depth
from understudy.networks.face_model import FaceModel, Painted
from understudy.networks.options import NetworkOptions, require_multiple
from understudy.networks.swap import Side
from understudy.options import option

_LEAK = 0.1
_SHRINK = 4  # the encoder's first layer sees blocks of 4 x 4 pixels
_SMALLEST = 16  # code maps are this many times smaller than faces
_SIDES: dict[Side, int] = {"src": 0, "dst": 1}
_OF_PERSON = ("scale_in", "scale_out", "bias")  # of a PersonConv, a row for each performer
_SPREAD = 0.1  # how much the two performers differ before they have learned anything


class Residual(nn.Module):
    """Two 3 x 3 convolutions whose result is added; starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW + self.second(_rectified(self.first(_rectified(x_BCHW))))


class PersonConv(nn.Module):
    """A 3 x 3 convolution for two performers: weights in common, channel scales and biases of each."""

    def __init__(self, width_in: int, width_out: int, *, from_zero: bool = False) -> None:
        super().__init__()
        plain = nn.Conv2d(width_in, width_out, 3)
        self.weight = nn.Parameter(plain.weight.detach() * (0.0 if from_zero else 1.0))
        self.scale_in = nn.Parameter(torch.randn(2, width_in) * _SPREAD)
        self.scale_out = nn.Parameter(torch.randn(2, width_out) * _SPREAD)
        self.bias = nn.Parameter(torch.randn(2, width_out) * _SPREAD / 2)

    def forward(self, x_BCHW: Tensor, shown: Side) -> Tensor:
        who = _SIDES[shown]
        scale = (1 + self.scale_out[who])[:, None] * (1 + self.scale_in[who])
        weight = (self.weight * scale[:, :, None, None]).contiguous(memory_format=torch.channels_last)
        return nnf.conv2d(x_BCHW, weight, self.bias[who], padding=1)


class PersonResidual(nn.Module):
    """A residual block that knows who is shown; starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = PersonConv(width, width)
        self.second = PersonConv(width, width, from_zero=True)

    def forward(self, x_BCHW: Tensor, shown: Side) -> Tensor:
        return x_BCHW + self.second(_rectified(self.first(_rectified(x_BCHW), shown)), shown)


class QuickEncoder(nn.Module):
    """(B, 3, S, S) to a code (B, code)."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width)
        self.start = nn.Conv2d(3 * _SHRINK**2, width, 3, padding=1)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.blocks = nn.ModuleList(Residual(w) for w in widths)
        self.code = nn.Linear(widths[-1] * (size_px // _SMALLEST) ** 2, code)

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        x = self.blocks[0](self.start(space_to_depth(faces_BCHW, _SHRINK)))
        for down, block in zip(self.downs, self.blocks[1:], strict=True):
            x = block(down(x))
        return self.code(_rectified(x).flatten(1))


class QuickDecoder(nn.Module):
    """A code (B, code) to the face and mask of either performer."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__()
        widths = (4 * width, 3 * width, 2 * width, width)
        side = size_px // _SMALLEST
        self.start_shape = (widths[0], side, side)
        self.start = nn.Linear(code, widths[0] * side**2)
        self.blocks = nn.ModuleList(PersonResidual(w) for w in widths)
        self.ups = nn.ModuleList(PersonConv(a, 4 * b) for a, b in pairwise(widths))
        # Red, green, blue and mask of each 2 x 2 pixels.
        self.last = nn.ModuleList(nn.Conv2d(widths[-1], 16, 3, padding=1) for _ in _SIDES)

    def forward(self, code: Tensor, shown: Side) -> Painted:
        x = _rectified(self.start(code)).view(-1, *self.start_shape)
        x = self.blocks[0](x.contiguous(memory_format=torch.channels_last), shown)
        for up, block in zip(self.ups, self.blocks[1:], strict=True):
            x = block(depth_to_space(_rectified(up(x, shown))), shown)
        painted = self.last[_SIDES[shown]](_rectified(x))
        # Sigmoids saturate in bfloat16: 0.996 and 1.0 are neighbours there.
        painted = torch.sigmoid(depth_to_space(painted).float())
        return Painted(painted[:, :3], painted[:, 3:])


class Quick(FaceModel):
    """The quick network; `size_px` is a multiple of 16."""

    def __init__(self, size_px: int, *, width: int, code: int) -> None:
        super().__init__(size_px)
        self.encoder = QuickEncoder(size_px, width=width, code=code)
        self.decoder = QuickDecoder(size_px, width=width, code=code)

    def of_trunk(self, part: str, learnt: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The code begins anew on both its sides; both performers begin as the mean of the trunk's two, and
        differ as they were drawn (docs/log.md, 2026-11-27, "What a trunk knows")."""
        begun = dict(learnt)
        for name, module in self.parts()[part].named_modules():
            if isinstance(module, nn.Linear):
                begun |= {f"{name}.{key}": drawn for key, drawn in module.state_dict().items()}
            elif isinstance(module, PersonConv):
                for key in _OF_PERSON:
                    drawn = module.get_parameter(key).detach()
                    both = learnt[f"{name}.{key}"].to(drawn).mean(0, keepdim=True)
                    begun[f"{name}.{key}"] = both + drawn - drawn.mean(0, keepdim=True)
        return begun

    def encode(self, faces_BCHW: Tensor) -> Tensor:
        return self.encoder(faces_BCHW)

    def decode(self, code: Tensor, shown: Side) -> Painted:
        return self.decoder(code, shown)


def _rectified(x: Tensor) -> Tensor:
    return nnf.leaky_relu(x, _LEAK)


class QuickOptions(NetworkOptions):
    """Sizes of the quick network."""

    size_px: int = option(96, "Side of the face; a multiple of 16.", low=32, high=512, unit="px", when="create")
    width: int = option(
        48,
        "Channels of the finest maps; coarser ones have up to 4 times as many.",
        low=8,
        high=256,
        when="create",
    )
    code: int = option(
        256, "Numbers in the code between seeing and painting.", low=16, high=2048, when="create"
    )


def quick(options: QuickOptions) -> Quick:
    """By default 96 px, 7.74 M parameters. Raises OptionInvalid."""
    require_multiple(options.size_px, 16)
    return Quick(options.size_px, width=options.width, code=options.code)
