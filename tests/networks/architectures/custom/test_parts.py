"""The smaller parts: norms, upscalers, G-block, chance, masks."""

from __future__ import annotations

from typing import Any, get_args

import pytest
import torch

from understudy.networks.architectures.custom.bottleneck import CodeBottleneck
from understudy.networks.architectures.custom.chance import Chance
from understudy.networks.architectures.custom.choices import MapNorm
from understudy.networks.architectures.custom.g_block import GBlock
from understudy.networks.architectures.custom.inters import FcUp
from understudy.networks.architectures.custom.norms import groups, map_norm
from understudy.networks.architectures.custom.upscalers import UPSCALERS, upscaler


def chance(seed: int = 0) -> Chance:
    return Chance(torch.Generator().manual_seed(seed), torch.device("cpu"))


@pytest.mark.parametrize("name", UPSCALERS)
def test_every_upscaler_doubles_the_side(name: Any) -> None:
    torch.manual_seed(0)
    maps = torch.rand(1, 4, 3, 3)
    assert upscaler(name, 4, 6)(maps).shape == (1, 6, 6, 6)
    bare, activated = (upscaler(name, 4, 6, activated=a) for a in (False, True))
    activated.load_state_dict(bare.state_dict())
    plain, rectified = bare(maps), activated(maps)
    torch.testing.assert_close(rectified[plain > 0], plain[plain > 0])
    assert bool((rectified[plain < 0] > plain[plain < 0]).all()) and bool((plain < 0).any())


def test_upsample2d_doubles_several_times_at_once_without_learning() -> None:
    up = FcUp("upsample2d", 2, 3, 8)
    assert up(torch.rand(1, 3, 2, 2)).shape == (1, 3, 8, 8) and not list(up.parameters())
    assert FcUp("subpixel", 2, 3, 8)(torch.rand(1, 3, 2, 2)).shape == (1, 8, 8, 8)


@pytest.mark.parametrize("name", get_args(MapNorm))
def test_norms_bring_maps_to_one_scale_over_what_their_name_says(name: Any) -> None:
    maps = torch.randn(3, 8, 5, 5, generator=torch.Generator().manual_seed(0)) * 7 + 3
    normed = map_norm(name, 8)(maps)
    axes = {"batch": (0, 2, 3), "group": (2, 3), "instance": (2, 3), "layer": (1,), "rms": (1,)}
    if name == "none":
        assert torch.equal(normed, maps)
        return
    power = normed.square().mean(axes[name])
    torch.testing.assert_close(power, torch.ones_like(power), atol=1e-3, rtol=0)
    if name != "rms":
        mean = normed.mean(axes[name])
        torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("width", "count"), [(64, 32), (48, 24), (8, 8), (1280, 32), (37, 1), (152, 19)])
def test_groups_share_channels_out_evenly(width: int, count: int) -> None:
    assert groups(width) == count


@pytest.mark.parametrize("name", get_args(MapNorm))
@pytest.mark.filterwarnings("error")  # libraries say so where they can't take their quick way
def test_norms_take_the_shorter_number_format_and_say_the_same(name: Any) -> None:
    torch.manual_seed(0)
    maps, norm = torch.randn(2, 8, 4, 4).bfloat16(), map_norm(name, 8)
    with torch.autocast("cpu", torch.bfloat16):
        short = norm(maps)
    torch.testing.assert_close(short.float(), norm(maps.float()), atol=0.02, rtol=0.02)


@pytest.mark.parametrize(("kind", "size"), [("dense", 7), ("average_pooling", 4), ("max_pooling", 4)])
def test_a_bottleneck_keeps_as_many_numbers_as_it_says(kind: Any, size: int) -> None:
    bottleneck = CodeBottleneck(4, 3, kind=kind, norm="none", size=7)
    maps = torch.rand(2, 4, 3, 3)
    row = bottleneck(maps)
    assert row.shape == (2, size) and bottleneck.size_out == size
    expected = {"average_pooling": maps.mean((2, 3)), "max_pooling": maps.amax((2, 3))}
    if kind in expected:
        torch.testing.assert_close(row, expected[kind])


def test_a_flat_bottleneck_keeps_everything() -> None:
    maps = torch.rand(2, 4, 3, 3)
    assert torch.equal(CodeBottleneck(4, 3, kind="flatten", norm="none", size=7)(maps), maps.flatten(1))


def test_a_g_block_takes_mean_and_spread_of_each_channel_from_the_style() -> None:
    torch.manual_seed(0)
    block = GBlock(6, 4)
    for turn in block.turns:
        turn.start()
    maps, style = torch.rand(1, 6, 8, 8), torch.rand(1, 4)
    torch.testing.assert_close(block(maps * 3, style, None), block(maps, style, None), atol=0.3, rtol=0.3)
    assert not torch.allclose(block(maps, style, None), block(maps, -style, None))


def test_noise_of_a_g_block_is_in_training_alone() -> None:
    torch.manual_seed(0)
    block = GBlock(6, 4)
    maps, style = torch.rand(1, 6, 4, 4), torch.rand(1, 4)
    assert torch.equal(block(maps, style, None), block(maps, style, None))
    assert not torch.allclose(block(maps, style, chance(1)), block(maps, style, None))


def test_dropout_leaves_out_the_share_and_keeps_the_sum() -> None:
    ones = torch.ones(40_000)
    dropped = chance().dropped(ones, 0.25)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float(dropped.mean()) == pytest.approx(1, abs=0.02)
    assert chance().dropped(ones, 0.0) is ones


def test_the_same_generator_gives_the_same_noise_and_goes_on_afterwards() -> None:
    like = torch.empty(1000)
    assert torch.equal(chance(3).noise(like), chance(3).noise(like))
    generator = torch.Generator().manual_seed(3)
    first, second = (Chance(generator, torch.device("cpu")).noise(like) for _ in range(2))
    assert not torch.equal(first, second)
    assert float(first.std()) == pytest.approx(1, abs=0.1)
