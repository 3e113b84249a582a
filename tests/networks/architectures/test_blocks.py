"""Halvings see what the programs of their time saw; blocks have the shapes they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as nnf

from understudy.networks.architectures.blocks import (
    EVEN,
    KERAS,
    KERAS_REFLECTED,
    AddedBack,
    Conv,
    Down,
    Up,
    aware_filters,
    initialise,
)


def windows_first_pixel(conv: Conv, side: int = 8) -> int:
    """The first pixel that the second output of a row looks at."""
    nn.init.ones_(conv.weight)
    nn.init.zeros_(conv.bias)
    picture = torch.zeros(1, 1, side, side, requires_grad=True)
    conv(picture)[0, 0, side // 4, 1].backward()
    return int(picture.grad.abs().sum((0, 1, 2)).nonzero()[0])


def test_halvings_of_keras_look_half_a_pixel_further_right_than_later_ones() -> None:
    assert windows_first_pixel(Conv(1, 1, 5, stride=2, edges=KERAS)) == 1
    assert windows_first_pixel(Conv(1, 1, 5, stride=2, edges=EVEN)) == 0


def test_a_halving_of_keras_pads_one_pixel_before_and_two_behind() -> None:
    conv, x = Conv(2, 3, 5, stride=2, edges=KERAS), torch.rand(1, 2, 8, 8)
    slow = nnf.conv2d(nnf.pad(x, (1, 2, 1, 2)), conv.weight, conv.bias, stride=2)
    torch.testing.assert_close(conv(x), slow)


@pytest.mark.parametrize("edges", [KERAS, KERAS_REFLECTED, EVEN])
@pytest.mark.parametrize("side", [8, 9])
def test_sides_are_kept_or_halved_upwards(edges: object, side: int) -> None:
    x = torch.rand(1, 2, side, side)
    assert Conv(2, 2, 5, stride=2, edges=edges)(x).shape[-1] == (side + 1) // 2
    assert Conv(2, 2, 3, edges=edges)(x).shape[-1] == side


def test_mirrored_edges_leave_an_even_picture_even() -> None:
    black, mirrored = (Conv(1, 1, 3, edges=edges) for edges in (KERAS, KERAS_REFLECTED))
    mirrored.load_state_dict(black.state_dict())
    grey = torch.full((1, 1, 6, 6), 0.5)
    assert mirrored(grey).std() < 1e-6
    assert black(grey).std() > 1e-3


def test_a_separable_halving_has_a_fraction_of_the_weights() -> None:
    whole, light = Down(16, 32), Down(16, 32, separable=True)
    x = torch.rand(1, 16, 8, 8)
    assert whole(x).shape == light(x).shape == (1, 32, 4, 4)
    assert sum(p.numel() for p in light.parameters()) == 16 * 25 + 16 * 32 + 32
    assert sum(p.numel() for p in whole.parameters()) == 16 * 32 * 25 + 32


def test_a_doubling_doubles_the_side_and_a_residual_block_adds_to_what_went_in() -> None:
    x = torch.rand(1, 4, 4, 4)
    assert Up(4, 6)(x).shape == (1, 6, 8, 8)
    block = AddedBack(4)
    nn.init.zeros_(block.conv2.weight)
    nn.init.zeros_(block.conv2.bias)
    torch.testing.assert_close(block(x), x)


def test_aware_filters_of_one_output_are_orthogonal_and_of_the_right_size() -> None:
    torch.manual_seed(0)
    weight = aware_filters(torch.empty(32, 15, 5, 5))
    assert float(weight.std()) == pytest.approx((2 / (15 * 25)) ** 0.5, rel=0.05)
    assert off_diagonal(weight) < 0.35 * off_diagonal(torch.randn(32, 15, 5, 5))


def off_diagonal(weight_OIKK: torch.Tensor) -> float:
    """How alike the spectra of one output's filters are, 0..1."""
    spectra = (
        torch.view_as_real(torch.fft.rfft2(weight_OIKK)).norm(dim=-1) * 0 + torch.fft.rfft2(weight_OIKK).real
    )
    flat = nnf.normalize(spectra.flatten(2), dim=2)
    alike = (flat @ flat.transpose(1, 2)).abs()
    count = alike.shape[-1]
    return float((alike.sum((1, 2)) - count).mean() / (count * (count - 1)))


def test_aware_filters_are_drawn_for_convolutions_that_see_neighbours_alone() -> None:
    torch.manual_seed(0)
    plain, aware = nn.Sequential(Conv(4, 4, 3), nn.Linear(4, 4)), nn.Sequential(Conv(4, 4, 3), nn.Linear(4, 4))
    initialise(plain)
    torch.manual_seed(0)
    initialise(aware, aware=True)
    assert not torch.equal(plain[0].weight, aware[0].weight)
    assert aware[1].weight.abs().max() <= (6 / 8) ** 0.5 and not aware[1].bias.any()
