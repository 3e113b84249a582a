"""Presets: an architecture, the faces it wants and the options it trains best with, under one name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.errors import ModelUnknown
from understudy.geometry import FaceType
from understudy.options import meant


@dataclass(frozen=True)
class Preset:
    """What a preset stands for.

    `train` and `network` hold what differs from the defaults of TrainOptions and of the architecture's options.
    """

    architecture: str  # a name in networks.catalog.ARCHITECTURES
    face_type: FaceType
    help: str
    train: Mapping[str, Any] = field(default_factory=dict)
    network: Mapping[str, Any] = field(default_factory=dict)


_CLASSIC: Mapping[str, Any] = {
    "optimizer": "adamw",
    "learning_rate": 5e-5,
    "ema_decay": 0.999,
    "preview_every": 500,
}

_HD: Mapping[str, Any] = {**_CLASSIC, "optimizer": "adabelief"}
# DeepFaceLab's quick96 lets only 30 % of the weights move in each step, from the first.
_QUICK96_TRAIN: Mapping[str, Any] = {
    **_CLASSIC,
    "optimizer": "rmsprop",
    "learning_rate": 2e-4,
    "lr_dropout": True,
    "lr_dropout_share": 0.3,
    "batch_size": 4,
}
_QUICK96: Mapping[str, Any] = {
    "size_px": 96,
    "archi": "df-ud",
    "ae_dims": 128,
    "e_dims": 64,
    "d_dims": 64,
    "d_mask_dims": 16,
}

# Faceswap++'s "256 px on 6 GB": EfficientNetV2-B0 sees 128 px, one decoder, an inter of each performer's own.
_CUSTOM_256: Mapping[str, Any] = {
    "size_px": 256,
    "enc_architecture": "efficientnet_v2_b0",
    "enc_scaling": 60.0,
    "bottleneck_norm": "rms",
    "bottleneck_size": 512,
    "fc_upsamples": 0,
    "dec_filters": "512,328,224,152,96,64",
}
# faceswap's "dny": after Naruniec et al., EGSR 2020.
_CUSTOM_DNY: Mapping[str, Any] = {
    "enc_architecture": "fs_original_alt",
    "fs_original_min_filters": 16,
    "fs_original_max_filters": 512,
    "bottleneck_size": 512,
    "split_fc": False,
    "fc_depth": 0,
    "fc_dimensions": 1,
    "fc_upsampler": "upscale_fast",
    "fc_upsamples": 2,
    "fc_upsample_filters": 128,
    "enable_gblock": False,
    "split_decoders": True,
    "dec_upscale_method": "upscale_dny",
    "dec_min_filters": 16,
    "dec_slope_mode": "cap_max",
    "dec_filter_slope": 0.5,
    "dec_res_blocks": 0,
    "dec_output_kernel": 1,
}

# What benchmarks/time_to_quality.py finds soonest at its bar; docs/log.md has each one's share. But for the
# stretch: with none it is sooner there, where both heads are of one maker. Others, whose proportions differ,
# need some. "Blinks" there says what it takes to blink with dst, and why faces are moved by less here.
# Twice as many steps with 8 faces each are worth more within minutes than half as many with 16. Swaps are asked
# to follow from the 300th iteration on: heads, eyes, light are truer for it (there, "only the code is asked").
_QUICK: Mapping[str, Any] = {
    "batch_size": 8,
    "learning_rate": 3e-3,
    "random_warp": 0.5,
    "random_stretch": 0.5,
    "random_shift": 0.3,
    "random_blink": 0.2,
    "rare_expressions": 0.2,
    "expression_weight": 0.1,
    "follow_weight": 20.0,
    "pose_pairing": 0.0,
}

PRESETS: dict[str, Preset] = {
    "quick": Preset(
        "quick", "full", "A small model for CPUs, first looks and demos: a likeness in minutes.", _QUICK
    ),
    "h64": Preset(
        "h64", "half", "The classic at 64 px: cheek to cheek, brow to chin.", {**_CLASSIC, "batch_size": 16}
    ),
    "df": Preset("df", "full", "128 px; keeps src's own features best.", {**_CLASSIC, "batch_size": 8}),
    "liaef128": Preset("liaef128", "full", "128 px; takes on dst's light best.", {**_CLASSIC, "batch_size": 8}),
    "h128": Preset("h128", "half", "H64 at 128 px.", {**_CLASSIC, "batch_size": 8}),
    "miaef128": Preset(
        "miaef128", "full", "128 px; the colours of a swap are those of dst.", {**_CLASSIC, "batch_size": 8}
    ),
    "sae": Preset(
        "sae",
        "full",
        "128 px in sizes of your choice, as of 2019. losses=dfl is what it was made for.",
        {**_CLASSIC, "batch_size": 4},
    ),
    "saehd": Preset(
        "saehd",
        "full",
        "64 to 640 px in sizes of your choice. losses=dfl is what it was made for.",
        {**_HD, "batch_size": 8},
    ),
    "quick96": Preset(
        "saehd",
        "full",
        "SAEHD's smallest, at 96 px; without DeepFaceLab's second look at every third batch, unbent.",
        _QUICK96_TRAIN,
        _QUICK96,
    ),
    "custom-256": Preset(
        "custom",
        "whole",
        "256 px on 6 GB: sees 128 px, paints with one decoder that each performer's inter restyles.",
        {**_CLASSIC, "batch_size": 8},
        _CUSTOM_256,
    ),
    "custom-256-light": Preset(
        "custom",
        "whole",
        "The same with half the channels between.",
        {**_CLASSIC, "batch_size": 8},
        {**_CUSTOM_256, "bottleneck_norm": "layer", "fc_max_filters": 512},
    ),
    "custom-dny-256": Preset(
        "custom",
        "whole",
        "256 px seen and painted through a row of 512 numbers; a decoder for each performer.",
        {**_CLASSIC, "batch_size": 8},
        {**_CUSTOM_DNY, "size_px": 256, "enc_scaling": 25.0, "fs_original_depth": 7},
    ),
    "custom-dny-512": Preset(
        "custom",
        "whole",
        "The same at 512 px.",
        {**_CLASSIC, "batch_size": 4},
        {**_CUSTOM_DNY, "size_px": 512, "enc_scaling": 50.0, "fs_original_depth": 8},
    ),
    "custom-stojo-256": Preset(
        "custom",
        "whole",
        "256 px; a large EfficientNet-B4 sees 224 px.",
        {**_CLASSIC, "batch_size": 8},
        {
            "size_px": 256,
            "enc_architecture": "efficientnet_b4",
            "enc_scaling": 60.0,
            "bottleneck_size": 512,
            "fc_dimensions": 8,
            "fc_max_filters": 1280,
            "fc_upsamples": 0,
            "dec_upscale_method": "resize_images",
            "dec_min_filters": 160,
            "dec_max_filters": 640,
            "dec_output_kernel": 3,
        },
    ),
    "custom-sym-384": Preset(
        "custom",
        "whole",
        "384 px; EfficientNetV2-S sees all of it, each performer has the first two doublings.",
        {**_CLASSIC, "batch_size": 4},
        {
            "size_px": 384,
            "enc_architecture": "efficientnet_v2_s",
            "enc_scaling": 100.0,
            "bottleneck_type": "max_pooling",
            "fc_dimensions": 3,
            "fc_max_filters": 1536,
            "fc_upsamples": 0,
            "dec_upscale_method": "upscale_dny",
            "dec_upscales_in_fc": 2,
            "dec_min_filters": 24,
            "dec_max_filters": 1536,
            "dec_slope_mode": "cap_max",
            "dec_filter_slope": 0.5,
            "dec_output_kernel": 3,
        },
    ),
    "amp": Preset(
        "amp",
        "whole",
        "224 px; blends from dst to src by any share. losses=amp is what it was made for.",
        {**_CLASSIC, "batch_size": 8},
    ),
    "avatar": Preset(
        "avatar",
        "head-no-align",
        "224 px: dst's expressions drive src's whole head. Three frames at a time.",
        {**_CLASSIC, "batch_size": 4},
    ),
    "avatar-full": Preset(
        "avatar",
        "full-no-align",
        "The same for the face alone.",
        {**_CLASSIC, "batch_size": 4},
        {"avatar_type": "full"},
    ),
    "avatar-source": Preset(
        "avatar",
        "full-no-align",
        "The same for src's whole frame; src is extracted as mark-only, and merged with plate.",
        {**_CLASSIC, "batch_size": 4, "src_flip": False},
        {"avatar_type": "source"},
    ),
    "recyclegan": Preset(
        "recyclegan",
        "head-no-align",
        "Archived: 64 px, translates clips unpaired, from three frames at a time.",
        {**_CLASSIC, "learning_rate": 2e-4, "batch_size": 10, "random_warp": 0.0, "random_stretch": 0.0}
        | {"color_jitter": 0.0, "src_flip": False, "pose_pairing": 0.0, "critic_rate": 2e-4},
    ),
    "ufm": Preset(
        "ufm",
        "full",
        "Archived: 128 px, a U-net; sharp early, and keeps more of dst than others.",
        {**_CLASSIC, "batch_size": 8},
    ),
}


def preset_named(name: str) -> Preset:
    """The preset of that name. Raises ModelUnknown."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ModelUnknown(
            f"There is no preset {name!r}. Take one of {', '.join(PRESETS)}.{meant(name, PRESETS)}"
        ) from None
