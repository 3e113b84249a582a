"""The three small networks of the face detector MTCNN, as published, in torch.

Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks", IEEE SPL
2016. They take RGB scaled by `normalised` and are used in eval mode only. Not here: pyramids, boxes and
suppression (`faces.mtcnn`), reading the weights' file (`weights.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.networks.weights import mtcnn_weights


def normalised(rgb: Tensor) -> Tensor:
    """RGB 0..255 of any shape to the range the networks were trained on."""
    return (rgb.float() - 127.5) / 128


def from_rgb(patches_NHWC: npt.NDArray[np.uint8], device: torch.device | str = "cpu") -> Tensor:
    """uint8 RGB patches (N, H, W, 3) as the networks take them, (N, 3, H, W)."""
    return normalised(torch.from_numpy(patches_NHWC).to(device).permute(0, 3, 1, 2))


def _conv(channels_in: int, channels_out: int, kernel: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, kernel), nn.PReLU(channels_out)]


class _Halved(nn.Module):
    """`MaxPool2d(2, 2, ceil_mode=True)`, which is three times as slow where channels are few and last."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        odd = (0, x_BCHW.shape[3] % 2, 0, x_BCHW.shape[2] % 2)
        even = functional.pad(x_BCHW, odd, value=float("-inf")) if any(odd) else x_BCHW
        rows = torch.maximum(even[:, :, 0::2], even[:, :, 1::2])
        return torch.maximum(rows[..., 0::2], rows[..., 1::2])


class ProposalNet(nn.Module):
    """12 x 12 pixels to one cell, every 2 pixels: a coarse sieve over a whole picture."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*_conv(3, 10, 3), _Halved(), *_conv(10, 16, 3), *_conv(16, 32, 3))
        self.boxes = nn.Conv2d(32, 4, 1)
        self.scores = nn.Conv2d(32, 2, 1)

    def forward(self, picture_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Box offsets (B, 4, h, w) in shares of a cell and face probabilities (B, h, w)."""
        x = self.trunk(picture_BCHW)
        return self.boxes(x), self.scores(x).softmax(1)[:, 1]


class _WidthFirst(nn.Module):
    """Flatten in the order the published dense layers expect: by column, then row, then channel."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW.permute(0, 3, 2, 1).flatten(1)


class RefineNet(nn.Module):
    """Is this 24 x 24 patch a face, and how is its box better?"""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_conv(3, 28, 3), nn.MaxPool2d(3, 2, ceil_mode=True),
            *_conv(28, 48, 3), nn.MaxPool2d(3, 2),
            *_conv(48, 64, 2), _WidthFirst(), nn.Linear(576, 128), nn.PReLU(128),
        )  # fmt: skip
        self.boxes = nn.Linear(128, 4)
        self.scores = nn.Linear(128, 2)

    def forward(self, patches_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Box offsets (B, 4) in shares of the box and face probabilities (B,)."""
        x = self.trunk(patches_BCHW)
        return self.boxes(x), self.scores(x).softmax(1)[:, 1]


class OutputNet(nn.Module):
    """Is this 48 x 48 patch a face, how is its box better, and where are its five points?"""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_conv(3, 32, 3), nn.MaxPool2d(3, 2, ceil_mode=True),
            *_conv(32, 64, 3), nn.MaxPool2d(3, 2),
            *_conv(64, 64, 3), nn.MaxPool2d(2, 2, ceil_mode=True),
            *_conv(64, 128, 2), _WidthFirst(), nn.Linear(1152, 256), nn.PReLU(256),
        )  # fmt: skip
        self.boxes = nn.Linear(256, 4)
        self.points = nn.Linear(256, 10)
        self.scores = nn.Linear(256, 2)

    def forward(self, patches_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Box offsets (B, 4), points (B, 5, 2) in shares of the box (x, y), probabilities (B,)."""
        x = self.trunk(patches_BCHW)
        points_B52 = self.points(x).reshape(-1, 2, 5).transpose(1, 2)
        return self.boxes(x), points_B52, self.scores(x).softmax(1)[:, 1]


@dataclass(frozen=True)
class MtcnnNets:
    """The three networks with their published weights, in eval mode, on one device."""

    proposal: ProposalNet
    refine: RefineNet
    output: OutputNet


def load_mtcnn(device: torch.device | str = "cpu") -> MtcnnNets:
    """The networks with the wheel's weights. Raises WeightsMissing."""
    arrays = mtcnn_weights()
    nets = MtcnnNets(ProposalNet(), RefineNet(), OutputNet())
    for net, name in ((nets.proposal, "pnet"), (nets.refine, "rnet"), (nets.output, "onet")):
        fill_from_tensorflow(net, arrays[name])
        net.to(device).eval().requires_grad_(False)
    return nets


def fill_from_tensorflow(net: nn.Module, arrays: Sequence[npt.NDArray[np.float32]]) -> None:
    """Put TensorFlow's arrays, in the order of the layers, into `net`'s layers.

    Raises ValueError when the number of arrays or a shape does not fit.
    """
    parameters = list(_parameters_in_order(net))
    if len(parameters) != len(arrays):
        raise ValueError(f"{len(arrays)} arrays for {len(parameters)} parameters")
    for parameter, array in zip(parameters, arrays, strict=True):
        value = torch.from_numpy(_in_torch_layout(array))
        if value.shape != parameter.shape:
            raise ValueError(f"an array of {tuple(value.shape)} for a parameter of {tuple(parameter.shape)}")
        parameter.data.copy_(value)


def _parameters_in_order(net: nn.Module) -> Iterator[nn.Parameter]:
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear, nn.PReLU)):
            yield from layer.parameters(recurse=False)


def _in_torch_layout(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    if array.ndim == 4:  # rows, columns, in, out
        array = array.transpose(3, 2, 0, 1)
    elif array.ndim == 3:  # one PReLU slope per channel
        array = array.reshape(-1)
    elif array.ndim == 2:  # in, out
        array = array.T
    return np.ascontiguousarray(array)
