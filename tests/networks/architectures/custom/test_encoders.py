"""Encoders have their published sizes and see the share of a face that they are told."""

from __future__ import annotations

import pytest
import torch

from understudy.networks.architectures.custom.choices import EncoderName
from understudy.networks.architectures.custom.efficient import PLANS, EfficientEncoder, Excitation
from understudy.networks.architectures.custom.encoders import map_encoder, map_shape, seen_side_px
from understudy.networks.face_model import parameter_count

# Learned numbers of the published networks without their classifiers.
PUBLISHED = {
    "efficientnet_v2_b0": 5_858_704,
    "efficientnet_v2_b1": 6_860_052,
    "efficientnet_v2_b2": 8_687_086,
    "efficientnet_v2_s": 20_177_488,
    "efficientnet_b0": 4_007_548,
    "efficientnet_b4": 17_548_616,
    "mobilenet_v2": 2_223_872,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_encoders_have_their_published_sizes(name: str) -> None:
    with torch.device("meta"):
        assert parameter_count(EfficientEncoder(PLANS[name])) == PUBLISHED[name]


@pytest.mark.parametrize("name", ["fs_original", "fs_original_alt", *PLANS])
def test_maps_have_the_shape_that_an_encoder_announces(name: EncoderName) -> None:
    with torch.device("meta"):
        encoder = map_encoder(name, depth=4, narrowest=8, widest=32)
        for seen_px in (64, 112):
            maps = encoder(torch.empty(1, 3, seen_px, seen_px))
            assert (maps.shape[1], maps.shape[2]) == map_shape(encoder, seen_px)


@pytest.mark.parametrize(
    ("name", "percent", "seen_px"),
    [
        ("fs_original", 7, 64),
        ("fs_original", 13, 128),
        ("fs_original_alt", 25, 256),
        ("efficientnet_v2_b0", 60, 128),
        ("efficientnet_b4", 60, 224),
        ("efficientnet_v2_s", 100, 384),
        ("fs_original", 1, 16),
    ],
)
def test_scaling_is_a_share_of_the_side_an_encoder_was_made_for(
    name: EncoderName, percent: float, seen_px: int
) -> None:
    assert seen_side_px(name, percent) == seen_px


def test_excitation_weighs_channels_between_nothing_and_all_by_what_is_seen_everywhere() -> None:
    torch.manual_seed(0)
    block = Excitation(6, 2, torch.nn.functional.silu)
    maps = torch.rand(2, 6, 4, 4) + 1
    weights = block(maps) / maps
    assert bool((weights > 0).all()) and bool((weights < 1).all())
    torch.testing.assert_close(weights, weights[:, :, :1, :1].expand_as(weights))


def test_an_encoder_sees_each_face_for_itself() -> None:
    torch.manual_seed(0)
    encoder = map_encoder("mobilenet_v2", depth=1, narrowest=16, widest=16)
    faces = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(encoder(faces)[1:], encoder(faces[1:]), atol=1e-4, rtol=1e-4)
