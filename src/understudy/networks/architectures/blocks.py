"""The blocks that the classic architectures share: convolutions that halve and double, dense bottlenecks.

Sizes are side lengths in pixels, widths are channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from understudy.networks.architectures.cells import depth_to_space
from understudy.networks.architectures.thin import FEW, convolve_to_few
from understudy.networks.face_model import Painted

LEAK, RESIDUAL_LEAK = 0.1, 0.2


@dataclass(frozen=True)
class Edges:
    """What a convolution sees beyond the picture.

    Programs on Keras put the odd pixel of a halving to the right and below (`uneven`), later ones pad all sides
    alike: the same weights see the picture half a pixel apart.
    """

    uneven: bool = False
    reflect: bool = False  # the picture mirrored, not black: no grey rim


KERAS, KERAS_REFLECTED, EVEN = Edges(uneven=True), Edges(uneven=True, reflect=True), Edges()


class Conv(nn.Conv2d):
    """A convolution that keeps the side, or halves it with stride 2, rounding up."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        kernel: int,
        *,
        stride: int = 1,
        edges: Edges = EVEN,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        self.by_hand = edges.reflect or (edges.uneven and stride > 1)
        padding = 0 if self.by_hand else kernel // 2
        super().__init__(width_in, width_out, kernel, stride=stride, padding=padding, groups=groups, bias=bias)
        self.edges = edges

    def forward(self, x_BCHW: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.by_hand:
            left, right = self._around(x_BCHW.shape[3])
            top, bottom = self._around(x_BCHW.shape[2])
            mode = "reflect" if self.edges.reflect else "constant"
            x_BCHW = nnf.pad(x_BCHW, (left, right, top, bottom), mode=mode)
        return super().forward(x_BCHW)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.out_channels > FEW or self.stride[0] > 1 or self.groups > 1:
            return super()._conv_forward(input, weight, bias)
        return convolve_to_few(input, weight, bias, int(self.padding[0]))

    def _around(self, side: int) -> tuple[int, int]:
        """Pixels to put before and after a row, as TensorFlow's "SAME" does."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        if not self.edges.uneven:
            return kernel // 2, kernel // 2
        total = max(0, (halved(side, stride) - 1) * stride + kernel - side)
        return total // 2, total - total // 2


def halved(side: int, stride: int = 2) -> int:
    """The side after a halving convolution."""
    return -(-side // stride)


def leaky(x: Tensor) -> Tensor:
    """The rectifier between layers."""
    return nnf.leaky_relu(x, LEAK)


def leaky_in_residuals(x: Tensor) -> Tensor:
    """The rectifier within residual blocks."""
    return nnf.leaky_relu(x, RESIDUAL_LEAK)


class Down(nn.Module):
    """Halve the side: 5 x 5 convolution of stride 2, leaky rectifier.

    `separable` convolves every channel by itself and then mixes them: Chollet, "Xception: deep learning with
    depthwise separable convolutions", CVPR 2017.
    """

    def __init__(
        self,
        width_in: int,
        width_out: int,
        *,
        edges: Edges = KERAS,
        separable: bool = False,
    ) -> None:
        super().__init__()
        if separable:
            each = Conv(width_in, width_in, 5, stride=2, edges=edges, groups=width_in, bias=False)
            self.conv: nn.Module = nn.Sequential(each, Conv(width_in, width_out, 1))
        else:
            self.conv = Conv(width_in, width_out, 5, stride=2, edges=edges)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return leaky(self.conv(x_BCHW))


class Up(nn.Module):
    """Double the side: 3 x 3 convolution to four times the width, leaky rectifier, depth to space.

    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016.
    """

    def __init__(self, width_in: int, width_out: int, *, edges: Edges = KERAS) -> None:
        super().__init__()
        self.conv = Conv(width_in, 4 * width_out, 3, edges=edges)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return depth_to_space(leaky(self.conv(x_BCHW)))


class AddedBack(nn.Module):
    """Two 3 x 3 convolutions whose result is added to what went in, rectified afterwards.

    He et al., "Deep residual learning for image recognition", CVPR 2016.
    """

    def __init__(self, width: int, *, edges: Edges = EVEN) -> None:
        super().__init__()
        self.conv1, self.conv2 = Conv(width, width, 3, edges=edges), Conv(width, width, 3, edges=edges)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return leaky_in_residuals(x_BCHW + self.conv2(leaky_in_residuals(self.conv1(x_BCHW))))


class Encoder(nn.Module):
    """Four halvings and a flattening: (B, 3, S, S) to (B, widths[-1]·(S/16)²)."""

    def __init__(self, widths: Sequence[int], *, edges: Edges = KERAS, separable: bool = False) -> None:
        super().__init__()
        self.downs = nn.Sequential(
            *(Down(a, b, edges=edges, separable=separable) for a, b in zip((3, *widths), widths, strict=False))
        )

    def forward(self, faces_BCHW: Tensor) -> Tensor:
        return self.downs(faces_BCHW).flatten(1)


class Inter(nn.Module):
    """The bottleneck: two dense layers without a rectifier and one doubling, to (B, width, 2·side, 2·side)."""

    def __init__(
        self, features: int, *, dense: int, side_px: int, width: int, width_up: int, edges: Edges = KERAS
    ) -> None:
        super().__init__()
        self.shape = (width, side_px, side_px)
        self.narrow = nn.Linear(features, dense)
        self.widen = nn.Linear(dense, width * side_px**2)
        self.up = Up(width, width_up, edges=edges)

    def forward(self, features_BF: Tensor) -> Tensor:
        return self.up(self.widen(self.narrow(features_BF)).view(-1, *self.shape))


class Decoder(nn.Module):
    """Three doublings to a face and, beside them, three to its mask."""

    def __init__(self, width_in: int, *, face_widths: Sequence[int], mask_widths: Sequence[int]) -> None:
        super().__init__()
        self.face = branch(width_in, face_widths, 3)
        self.mask = branch(width_in, mask_widths, 1)

    def forward(self, code_BCHW: Tensor) -> Painted:
        return Painted(as_values(self.face(code_BCHW)), as_values(self.mask(code_BCHW)))


def branch(width_in: int, widths: Sequence[int], width_out: int, *, edges: Edges = KERAS) -> nn.Sequential:
    """Doublings, and a last 5 x 5 convolution to `width_out` channels."""
    return nn.Sequential(*doublings(width_in, widths, edges=edges), Conv(widths[-1], width_out, 5, edges=edges))


def doublings(width_in: int, widths: Sequence[int], *, edges: Edges = KERAS) -> list[Up]:
    """One doubling to each width."""
    return [Up(a, b, edges=edges) for a, b in zip((width_in, *widths), widths, strict=False)]


def as_values(x: Tensor) -> Tensor:
    """Colours or shares 0..1, float32."""
    # Sigmoids saturate in bfloat16: 0.996 and 1.0 are neighbours there.
    return torch.sigmoid(x.float())


def initialise(module: nn.Module, *, aware: bool = False) -> None:
    """Glorot-uniform weights and zero biases, in place, from torch's own generator.

    `aware` starts convolutions with filters that differ from each other instead (`aware_filters`).
    """
    for part in module.modules():
        if not isinstance(part, nn.Conv2d | nn.Linear):
            continue
        if aware and isinstance(part, nn.Conv2d) and part.kernel_size[0] > 1:
            with torch.no_grad():
                part.weight.copy_(aware_filters(part.weight))
        else:
            nn.init.xavier_uniform_(part.weight)
        if part.bias is not None:
            nn.init.zeros_(part.bias)


def aware_filters(like_OIKK: Tensor) -> Tensor:
    """Filters (out, in, k, k) whose spectra are orthogonal to each other within every output.

    Aghajanyan, "Convolution aware initialization", arXiv:1702.06295, 2017; scaled as He et al., "Delving deep
    into rectifiers", ICCV 2015.
    """
    out, inside, kernel, _ = like_OIKK.shape
    terms = kernel * (kernel // 2 + 1)  # of a real picture's spectrum
    rounds = -(-inside // terms)  # a spectrum has no more directions than terms
    drawn = torch.randn(out * rounds, terms, terms, device=like_OIKK.device)
    if drawn.is_meta:
        return torch.empty_like(like_OIKK)
    spectra = torch.linalg.qr(drawn).Q.reshape(out, rounds * terms, kernel, kernel // 2 + 1)[:, :inside]
    filters = torch.fft.irfft2(spectra, s=(kernel, kernel))
    filters = filters + 0.05 * filters.std() * torch.randn(filters.shape, device=filters.device)
    return filters * (2 / (inside * kernel**2)) ** 0.5 / filters.std()
