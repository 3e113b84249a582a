"""A custom network is what its options say: sizes, curves, and what can't be put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from tests.networks.architectures.layers import chain, conv, counts, dense, residuals, ups
from understudy.errors import OptionInvalid
from understudy.networks.architectures.custom.model import Custom
from understudy.networks.architectures.custom.options import CustomOptions
from understudy.networks.catalog import build
from understudy.networks.face_model import parameter_count
from understudy.options import describe
from understudy.training.presets import PRESETS

SMALL: Mapping[str, Any] = {
    "size_px": 64,
    "enc_scaling": 3.2,
    "fs_original_depth": 3,
    "fs_original_min_filters": 16,
    "fs_original_max_filters": 32,
    "bottleneck_size": 16,
    "fc_min_filters": 24,
    "fc_max_filters": 32,
    "fc_gblock_min_nodes": 16,
    "fc_gblock_max_nodes": 24,
    "dec_min_filters": 8,
    "dec_max_filters": 24,
}
PLAIN: Mapping[str, Any] = {
    "enable_gblock": False,
    "split_decoders": True,
    "split_fc": False,
    "fc_upsampler": "subpixel",
    "dec_res_blocks": 0,
}


def small(**changes: Any) -> Custom:
    model = build("custom", {**SMALL, **changes})
    assert isinstance(model, Custom)
    return model


def on_paper(settings: Mapping[str, Any]) -> Custom:
    model = build("custom", settings, device="meta")
    assert isinstance(model, Custom)
    return model


@pytest.mark.parametrize(
    ("settings", "published"),
    [
        (dict(PLAIN, size_px=64, dec_max_filters=256, dec_filter_slope=-0.33), 82.1),
        (
            dict(PLAIN, size_px=64, dec_filters="512,256,128", fs_original_depth=3)
            | {"bottleneck_size": 512, "fc_max_filters": 512, "fc_upsample_filters": 256},
            51.1,
        ),
        (
            dict(PLAIN, size_px=128, dec_filters="512,256,128,64", dec_res_blocks=1)
            | {"dec_skip_last_residual": True},
            113.3,
        ),
        (
            dict(PLAIN, size_px=128, dec_filters="512,256,128", enc_scaling=13)
            | {"bottleneck_size": 512, "fc_max_filters": 512, "fc_dimensions": 8},
            107.7,
        ),
        (
            {"size_px": 64, "enable_gblock": False, "shared_fc": "full", "bottleneck_in_encoder": False}
            | {"fc_max_filters": 512, "fc_upsamples": 0, "dec_res_blocks": 0, "dec_filters": "512,256,128,64"},
            117.8,
        ),
    ],
    ids=["original", "lightweight", "dfaker", "dfl-h128", "iae"],
)
def test_settings_that_imitate_fixed_models_have_their_published_sizes(
    settings: Mapping[str, Any], published: float
) -> None:
    model = on_paper(settings)
    masks = [part.get_submodule("mask") for name, part in model.parts().items() if name.startswith("decoder")]
    without_masks = parameter_count(model) - sum(parameter_count(mask) for mask in masks)
    assert round(without_masks / 1e6, 1) == published


def g_block(width: int, row: int) -> int:
    """Three dense layers to a style of 512; a convolution, and two turns that each scale and shift by it and
    weigh noise; the second turn convolves again."""
    turn = 2 * dense(512, width) + conv(1, width, 1)
    return dense(row, 512) + 2 * dense(512, 512) + 2 * conv(width, width, 3) + 2 * turn


def decoder(code: int, face: tuple[int, ...], mask: tuple[int, ...]) -> int:
    """Doublings with a residual block each, and those of a mask a quarter as wide, in steps of 8."""
    painted = ups((code, *face)) + residuals(face, each=1) + conv(face[-1], 3, 5)
    return painted + ups((code, *mask)) + conv(mask[-1], 1, 5)


def test_every_part_of_the_defaults_has_the_layers_of_the_reference() -> None:
    """64 px through 128·(1, 2, 4, 8), a row of 1024, an inter's 4 x 4 x 1024 doubled without learning."""
    inter = dense(1024, 1024 * 4**2)
    assert counts(on_paper({})) == {
        "encoder": chain((3, 128, 256, 512, 1024), 5) + dense(1024 * 4**2, 1024),
        "style": dense(1024, 512) + 2 * dense(512, 512),
        "inter_src": inter,
        "inter_dst": inter,
        "g_block_both": g_block(1024, 512),
        "decoder_both": decoder(1024, (512, 256, 128, 64), (128, 64, 32, 16)),
    }


@pytest.mark.parametrize(
    ("preset", "widest", "scales"), [("custom-256", 1024, 1), ("custom-256-light", 512, 2)]
)
def test_every_part_of_256_px_on_6_gb_has_the_layers_of_the_reference(
    preset: str, widest: int, scales: int
) -> None:
    """EfficientNetV2-B0 leaves 4 x 4 x 1280 of 128 px; a norm with `scales` numbers a channel; a row of 512."""
    inter = dense(512, widest * 4**2)
    assert counts(on_paper(PRESETS[preset].network)) == {
        "encoder": 5_858_704 + scales * 1280 + dense(1280 * 4**2, 512),
        "style": 3 * dense(512, 512),
        "inter_src": inter,
        "inter_dst": inter,
        "g_block_both": g_block(widest, 512),
        "decoder_both": decoder(widest, (512, 328, 224, 152, 96, 64), (128, 80, 56, 32, 24, 16)),
    }


# One other value for every option, with what else has to be said for it to count.
OTHER: Mapping[str, Mapping[str, Any]] = {
    "size_px": {"size_px": 80},
    "enc_architecture": {"enc_architecture": "mobilenet_v2", "enc_scaling": 15},
    "enc_scaling": {"enc_scaling": 5},
    "fs_original_depth": {"fs_original_depth": 2},
    "fs_original_min_filters": {"fs_original_min_filters": 24},
    "fs_original_max_filters": {"fs_original_max_filters": 40},
    "bottleneck_type": {"bottleneck_type": "max_pooling"},
    "bottleneck_norm": {"bottleneck_norm": "layer"},
    "bottleneck_size": {"bottleneck_size": 24},
    "bottleneck_in_encoder": {"bottleneck_in_encoder": False},
    "split_fc": {"split_decoders": True, "split_fc": False},
    "shared_fc": {"shared_fc": "half"},
    "fc_depth": {"fc_depth": 2},
    "fc_min_filters": {"fc_depth": 2, "fc_min_filters": 16},
    "fc_max_filters": {"fc_max_filters": 40},
    "fc_dimensions": {"fc_dimensions": 2},
    "fc_filter_slope": {"fc_depth": 3, "fc_max_filters": 128, "fc_filter_slope": 0.5},
    "fc_dropout": {"fc_dropout": 0.5},
    "fc_upsampler": {"fc_upsampler": "upscale_hybrid"},
    "fc_upsamples": {"fc_upsamples": 0},
    "fc_upsample_filters": {"fc_upsampler": "subpixel", "fc_upsample_filters": 16},
    "enable_gblock": {"enable_gblock": False},
    "split_gblock": {"split_gblock": True},
    "fc_gblock_depth": {"fc_gblock_depth": 2},
    "fc_gblock_min_nodes": {"fc_gblock_min_nodes": 24},
    "fc_gblock_max_nodes": {"fc_gblock_max_nodes": 32},
    "fc_gblock_filter_slope": {"fc_gblock_max_nodes": 128, "fc_gblock_filter_slope": 0.5},
    "fc_gblock_dropout": {"fc_gblock_dropout": 0.5},
    "split_decoders": {"split_decoders": True},
    "dec_upscale_method": {"dec_upscale_method": "upscale_dny"},
    "dec_upscales_in_fc": {"dec_upscales_in_fc": 1},
    "dec_norm": {"dec_norm": "group"},
    "dec_filters": {"dec_filters": "24,16,16"},
    "dec_min_filters": {"dec_min_filters": 16},
    "dec_max_filters": {"dec_max_filters": 32},
    "dec_slope_mode": {"dec_max_filters": 64, "dec_slope_mode": "cap_max"},
    "dec_filter_slope": {"dec_max_filters": 64, "dec_filter_slope": 0.6},
    "dec_res_blocks": {"dec_res_blocks": 2},
    "dec_output_kernel": {"dec_output_kernel": 1},
    "dec_gaussian": {"dec_gaussian": True},
    "dec_skip_last_residual": {"dec_skip_last_residual": True},
}


def looks(model: Custom) -> tuple[int, dict[str, torch.Size]]:
    return model.seen_px, {name: value.shape for name, value in model.state_dict().items()}


@pytest.mark.parametrize("name", [info.name for info in describe(CustomOptions)])
def test_every_option_changes_the_network(name: str) -> None:
    beside = {key: value for key, value in OTHER[name].items() if key != name}
    before, after = small(**beside), small(**OTHER[name])
    if looks(before) != looks(after):
        return
    faces = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    painted = [model.reconstruct(faces, faces, torch.Generator()).src.faces_BCHW for model in (before, after)]
    assert not torch.allclose(*painted)


@pytest.mark.parametrize("size_px", [64, 112, 144, 240, 272])
def test_any_side_in_steps_of_16_is_painted(size_px: int) -> None:
    model = on_paper({**SMALL, "size_px": size_px})
    painted = model(torch.empty(1, 3, size_px, size_px, device="meta"), "src")
    assert painted.faces_BCHW.shape[-1] == painted.masks_B1HW.shape[-1] == size_px


def test_where_doublings_do_not_lead_to_a_side_the_inters_map_and_channels_fit_themselves_to_it() -> None:
    model = on_paper({**SMALL, "size_px": 112, "fc_max_filters": 256})
    inter = model.get_submodule("inter_src")
    # 112 = 2 · 7 · 2 · 2 · 2; 256 channels on 4 x 4 are about 83 on 7 x 7.
    assert inter.side_px == 7 and inter.dense[-1].out_features == 80 * 7**2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size_px": 72}, "multiple of 16"),
        ({"split_fc": False}, "nothing that learns tells"),
        ({"fc_depth": 0, "fc_dimensions": 1}, "nothing that learns tells"),
        ({"split_fc": False, "split_decoders": True, "shared_fc": "full"}, "shared_fc"),
        ({"dec_filters": "24,16"}, "3 whole numbers"),
        ({"dec_filters": "24,16,x"}, "3 whole numbers"),
        ({"dec_filters": "24,16,0"}, "3 whole numbers"),
        ({"enc_architecture": "fs_original_alt", "fs_original_depth": 6}, "Nothing is left"),
        ({"fc_depth": 0, "split_decoders": True, "bottleneck_size": 24}, "fc_depth 1"),
    ],
)
def test_what_cannot_be_put_together_is_refused(changes: Mapping[str, Any], words: str) -> None:
    with pytest.raises(OptionInvalid, match=words):
        small(**changes)


def test_an_inter_without_dense_layers_lays_the_row_out_as_it_is() -> None:
    model = small(fc_depth=0, split_decoders=True, bottleneck_size=64, fc_upsamples=0, enable_gblock=False)
    row = torch.rand(2, 64)
    assert torch.equal(model.inter(row, "src"), row.view(2, 4, 4, 4))
