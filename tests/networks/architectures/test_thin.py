"""Layers that paint a few channels give a library's values, and gradients that a library is not asked for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as nnf
from torch.utils._python_dispatch import TorchDispatchMode

from tests.networks.small import SMALL
from understudy.networks.architectures.blocks import KERAS_REFLECTED, Conv
from understudy.networks.architectures.saehd_blocks import HdDecoder, Letters
from understudy.networks.architectures.thin import convolve_to_few
from understudy.networks.catalog import build

# Its last layer has channels first and other edges; nobody trains it for speed.
PAINTS_OTHERWISE = {"recyclegan"}


def gradients(made: Tensor, weights: Tensor, *to: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad((made * weights).sum(), to)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_values_are_the_librarys_and_gradients_too_but_for_rounding(data: st.DataObject) -> None:
    kernel = data.draw(st.sampled_from([1, 3, 5, 7]), label="kernel")
    padding = data.draw(st.integers(0, kernel - 1), label="padding")
    channels, width = (
        data.draw(st.integers(1, 13), label="channels"),
        data.draw(st.integers(1, 9), label="width"),
    )
    height, wide = (data.draw(st.integers(kernel, 12), label=side) for side in ("height", "width of the map"))
    draws = torch.Generator().manual_seed(data.draw(st.integers(0, 99), label="seed"))

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draws, dtype=torch.float64)

    x, filters, bias = drawn(3, width, height, wide), drawn(channels, width, kernel, kernel), drawn(channels)
    if data.draw(st.booleans(), label="channels last"):
        x = x.contiguous(memory_format=torch.channels_last)
    asked = [tensor.requires_grad_() for tensor in (x, filters, bias)]
    ours = convolve_to_few(x, filters, bias, padding)
    theirs = nnf.conv2d(x, filters, bias, padding=padding)
    weights = drawn(*theirs.shape)
    assert torch.equal(ours, theirs)
    for mine, expected in zip(
        gradients(ours, weights, *asked), gradients(theirs, weights, *asked), strict=True
    ):
        torch.testing.assert_close(mine, expected)


def test_gradients_of_maps_lie_channels_last() -> None:
    x = torch.rand(2, 8, 6, 6, requires_grad=True)
    made = convolve_to_few(x, torch.rand(3, 8, 5, 5), None, 2)
    (slope,) = gradients(made, torch.ones_like(made), x)
    assert slope.is_contiguous(memory_format=torch.channels_last)


def test_under_autocast_the_maps_are_short_and_the_gradients_of_weights_long() -> None:
    x, conv = torch.rand(2, 16, 12, 12), Conv(16, 3, 5)
    with torch.autocast("cpu", torch.bfloat16):
        made = conv(x)
        same = nnf.conv2d(x, conv.weight, conv.bias, padding=2)
    assert made.dtype == torch.bfloat16
    assert torch.equal(made, same)
    weights = torch.rand(made.shape)
    to = (conv.weight, conv.bias)
    for mine, expected in zip(gradients(made, weights, *to), gradients(same, weights, *to), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - expected).norm() < 0.01 * expected.norm()


def test_frozen_weights_let_the_slopes_of_the_maps_through() -> None:
    conv, x = Conv(8, 3, 5).requires_grad_(False), torch.rand(1, 8, 6, 6, requires_grad=True)
    conv(x).sum().backward()
    assert conv.weight.grad is None
    assert x.grad is not None
    assert x.grad.abs().max() > 0


def test_mirrored_edges_are_convolved_the_same_way() -> None:
    conv, x = Conv(8, 3, 5, edges=KERAS_REFLECTED), torch.rand(1, 8, 6, 6)
    mirrored = nnf.pad(x, (2, 2, 2, 2), mode="reflect")
    assert torch.equal(conv(x), nnf.conv2d(mirrored, conv.weight, conv.bias))


def test_the_pixels_of_a_cell_are_what_each_of_their_convolutions_paints() -> None:
    decoder = HdDecoder(16, width=8, mask_width=4, letters=Letters.of("ud"))
    maps = torch.rand(2, 16, 6, 6)
    painted = decoder.face(torch.rand(2, 16, 2, 2))  # what lies before them
    assert painted.shape[1] == maps.shape[1]
    cells = decoder._cells(maps)
    for number, pixel in enumerate(decoder.pixels):
        row, column = divmod(number, 2)
        torch.testing.assert_close(cells[:, :, row::2, column::2], pixel(maps))


class Asked(TorchDispatchMode):
    """For how many channels a library was asked for the gradients of filters larger than a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.channels: list[int] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten.convolution_backward.default and args[2].shape[-1] > 1:
            self.channels.append(args[2].shape[0])
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("architecture", sorted(SMALL.keys() - PAINTS_OTHERWISE))
def test_no_network_asks_a_library_for_the_gradients_of_colours_or_masks(architecture: str) -> None:
    model = build(architecture, SMALL[architecture])
    faces = torch.rand(2, 3, model.seen_px, model.seen_px)
    with Asked() as asked:
        made = model.reconstruct(faces, faces)
        (made.src.faces_BCHW.sum() + made.src.masks_B1HW.sum()).backward()
    assert asked.channels
    assert not {1, 3} & set(asked.channels)


def test_a_layer_of_torchs_own_is_found_by_that_test() -> None:
    x = torch.rand(1, 8, 6, 6, requires_grad=True)
    with Asked() as asked:
        nn.Conv2d(8, 3, 5, padding=2)(x).sum().backward()
    assert asked.channels == [3]
