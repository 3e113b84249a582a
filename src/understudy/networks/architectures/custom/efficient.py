"""Encoders after EfficientNet and MobileNetV2, from widened bottlenecks (MBConv) with squeeze and excitation.

Tan and Le, ICML 2019 and "EfficientNetV2", ICML 2021; Sandler et al., "MobileNetV2", CVPR 2018. Ours learn from
nothing but the faces shown, in batches of a few: group norms take the place of batch norms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.custom.norms import groups

Activation = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Stage:
    """Blocks of one width, of which the first may halve the side."""

    blocks: int
    width: int
    stride: int
    widen: int  # how many times wider a block is inside
    kernel: int = 3
    fused: bool = False  # one full convolution widens, where others widen first and then look at each channel
    squeeze: float = 0.25  # share of the block's entry that excitation passes through; 0 for none


@dataclass(frozen=True)
class Plan:
    """An encoder on paper."""

    seen_px: int  # side it was made for
    stem: int
    stages: tuple[Stage, ...]
    head: int
    activation: Activation = nnf.silu

    def scaled(self, width: float, depth: float, seen_px: int) -> Plan:
        """The same, wider and deeper; widths stay multiples of 8."""
        stages = tuple(
            replace(stage, blocks=math.ceil(stage.blocks * depth), width=rounded(stage.width * width))
            for stage in self.stages
        )
        head = rounded(self.head * width)
        return replace(self, seen_px=seen_px, stem=rounded(self.stem * width), stages=stages, head=head)


class Excitation(nn.Module):
    """Weigh channels by what is in all of them: Hu et al., "Squeeze-and-excitation networks", CVPR 2018."""

    def __init__(self, width: int, squeezed: int, activation: Activation) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(width, squeezed, 1), nn.Conv2d(squeezed, width, 1)
        self.activation = activation

    def forward(self, x_BCHW: Tensor) -> Tensor:
        seen = self.activation(self.squeeze(x_BCHW.mean((2, 3), keepdim=True)))
        return x_BCHW * self.excite(seen).sigmoid()


class NormedConv(nn.Module):
    """A convolution, its norm and perhaps an activation."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        each_channel: bool = False,
        activation: Activation | None = None,
    ) -> None:
        super().__init__()
        shares = width_in if each_channel else 1
        padding = kernel // 2
        self.conv = nn.Conv2d(
            width_in, width_out, kernel, stride=stride, padding=padding, groups=shares, bias=False
        )
        self.norm = nn.GroupNorm(groups(width_out), width_out)
        self.activation = activation

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x = self.norm(self.conv(x_BCHW))
        return x if self.activation is None else self.activation(x)


class Bottleneck(nn.Module):
    """Widen, look, weigh, narrow; added to what came in where the shape allows."""

    def __init__(self, width_in: int, stage: Stage, stride: int, activation: Activation) -> None:
        super().__init__()
        inside = width_in * stage.widen
        layers: list[nn.Module] = []
        if stage.fused:
            goal = stage.width if stage.widen == 1 else inside
            layers.append(NormedConv(width_in, goal, stage.kernel, stride=stride, activation=activation))
        else:
            if stage.widen > 1:
                layers.append(NormedConv(width_in, inside, activation=activation))
            looking = NormedConv(
                inside, inside, stage.kernel, stride=stride, each_channel=True, activation=activation
            )
            layers.append(looking)
            if stage.squeeze:
                layers.append(Excitation(inside, max(1, int(width_in * stage.squeeze)), activation))
        if not stage.fused or stage.widen > 1:
            layers.append(NormedConv(inside, stage.width))
        self.layers = nn.Sequential(*layers)
        self.added = stride == 1 and width_in == stage.width

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW + self.layers(x_BCHW) if self.added else self.layers(x_BCHW)


class EfficientEncoder(nn.Module):
    """Faces to maps of a thirty-second of their side and `width_out` channels."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        layers: list[nn.Module] = [NormedConv(3, plan.stem, 3, stride=2, activation=plan.activation)]
        width = plan.stem
        for stage in plan.stages:
            for number in range(stage.blocks):
                stride = 1 if number else stage.stride
                layers.append(Bottleneck(width, stage, stride, plan.activation))
                width = stage.width
        layers.append(NormedConv(width, plan.head, activation=plan.activation))
        self.layers = nn.Sequential(*layers)
        self.width_out = plan.head

    def side_out(self, seen_px: int) -> int:
        """Side of the maps that come out."""
        return math.ceil(seen_px / 32)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.layers(x_BCHW)


def rounded(width: float) -> int:
    """The nearest multiple of 8, but not more than a tenth below."""
    near = max(8, int(width + 4) // 8 * 8)
    return near + 8 if near < 0.9 * width else near


_V2_B0 = Plan(
    224,
    32,
    (
        Stage(1, 16, 1, 1, fused=True),
        Stage(2, 32, 2, 4, fused=True),
        Stage(2, 48, 2, 4, fused=True),
        Stage(3, 96, 2, 4),
        Stage(5, 112, 1, 6),
        Stage(8, 192, 2, 6),
    ),
    1280,
)
_V2_S = Plan(
    384,
    24,
    (
        Stage(2, 24, 1, 1, fused=True),
        Stage(4, 48, 2, 4, fused=True),
        Stage(4, 64, 2, 4, fused=True),
        Stage(6, 128, 2, 4),
        Stage(9, 160, 1, 6),
        Stage(15, 256, 2, 6),
    ),
    1280,
)
_V1_B0 = Plan(
    224,
    32,
    (
        Stage(1, 16, 1, 1),
        Stage(2, 24, 2, 6),
        Stage(2, 40, 2, 6, kernel=5),
        Stage(3, 80, 2, 6),
        Stage(3, 112, 1, 6, kernel=5),
        Stage(4, 192, 2, 6, kernel=5),
        Stage(1, 320, 1, 6),
    ),
    1280,
)
_MOBILE = Plan(
    224,
    32,
    (
        Stage(1, 16, 1, 1, squeeze=0),
        Stage(2, 24, 2, 6, squeeze=0),
        Stage(3, 32, 2, 6, squeeze=0),
        Stage(4, 64, 2, 6, squeeze=0),
        Stage(3, 96, 1, 6, squeeze=0),
        Stage(3, 160, 2, 6, squeeze=0),
        Stage(1, 320, 1, 6, squeeze=0),
    ),
    1280,
    nnf.relu6,
)

PLANS: dict[str, Plan] = {
    "efficientnet_v2_b0": _V2_B0,
    "efficientnet_v2_b1": _V2_B0.scaled(1.0, 1.1, 240),
    "efficientnet_v2_b2": _V2_B0.scaled(1.1, 1.2, 260),
    "efficientnet_v2_b3": _V2_B0.scaled(1.2, 1.4, 300),
    "efficientnet_v2_s": _V2_S,
    "efficientnet_b0": _V1_B0,
    "efficientnet_b4": _V1_B0.scaled(1.4, 1.8, 380),
    "mobilenet_v2": _MOBILE,
}
