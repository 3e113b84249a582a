"""The options that a custom network is put together from. Names are those of Phaze-A."""

from __future__ import annotations

from typing import Literal

from understudy.networks.architectures.custom.choices import (
    BottleneckKind,
    CodeNorm,
    EncoderName,
    FcUpscaler,
    MapNorm,
    SlopeMode,
    Upscaler,
)
from understudy.networks.options import NetworkOptions
from understudy.options import option


class EncoderOptions(NetworkOptions):
    """How faces are seen."""

    enc_architecture: EncoderName = option(
        "fs_original",
        "What sees the faces: faceswap's own encoder, plain or deep, of the depth and widths below, or one of "
        "published sizes after EfficientNet or MobileNet. None of them starts from somebody else's faces.",
        when="create",
    )
    enc_scaling: float = option(
        7.0,
        "Side of the faces that the encoder sees, as a share of the one it was made for (1024 px for "
        "faceswap's own, 224 px for efficientnet_v2_b0). Rounded down to a multiple of 16 px.",
        low=1.0,
        high=200.0,
        unit="%",
        when="create",
    )
    fs_original_depth: int = option(
        4, "Levels of faceswap's own encoder; each halves the side.", low=2, high=10, when="create"
    )
    fs_original_min_filters: int = option(
        128, "Channels of the first level of faceswap's own encoder.", low=16, high=2048, when="create"
    )
    fs_original_max_filters: int = option(
        1024,
        "Most channels of faceswap's own encoder; each level doubles them until there.",
        low=16,
        high=8192,
        when="create",
    )


class BottleneckOptions(NetworkOptions):
    """What is kept of what was seen."""

    bottleneck_type: BottleneckKind = option(
        "dense",
        "How maps become one row of numbers: a dense layer, mean or largest of each channel, or all of it.",
        when="create",
    )
    bottleneck_norm: CodeNorm = option(
        "none", "What brings the encoder's maps to one scale before the bottleneck.", when="create"
    )
    bottleneck_size: int = option(
        1024, "Numbers that a dense bottleneck keeps.", low=16, high=4096, when="create"
    )
    bottleneck_in_encoder: bool = option(
        True, "One bottleneck for all. Without it each inter has its own.", when="create"
    )


class FcOptions(NetworkOptions):
    """The inters: from the row of numbers back to a map."""

    split_fc: bool = option(True, "An inter for each performer; without it one for both.", when="create")
    shared_fc: Literal["none", "full", "half"] = option(
        "none",
        "What stands beside each performer's own map: nothing; that of a third inter for both (full); that of "
        "dst's inter, dst's own being doubled (half).",
        when="create",
    )
    fc_depth: int = option(1, "Dense layers of an inter; 0 for none.", low=0, high=16, when="create")
    fc_min_filters: int = option(
        1024,
        "Channels that the first of several dense layers would have on the inter's map.",
        low=16,
        high=5120,
        when="create",
    )
    fc_max_filters: int = option(1024, "Channels of the inter's map.", low=16, high=5120, when="create")
    fc_dimensions: int = option(
        4,
        "Side of the inter's map. Where doublings don't lead from there to the face's side, the nearest that "
        "does is taken, with channels to fit.",
        low=1,
        high=16,
        unit="px",
        when="create",
    )
    fc_filter_slope: float = option(
        -0.5,
        "Bends the way from the first to the last dense layer's channels.",
        low=-0.99,
        high=0.99,
        when="create",
    )
    fc_dropout: float = option(
        0.0,
        "Share of numbers that are left out before each dense layer in training.",
        low=0.0,
        high=0.99,
        when="create",
    )
    fc_upsampler: FcUpscaler = option(
        "upsample2d", "How an inter doubles its map; upsample2d is bilinear and learns nothing.", when="create"
    )
    fc_upsamples: int = option(1, "How often an inter doubles its map.", low=0, high=4, when="create")
    fc_upsample_filters: int = option(
        512, "Channels after the inter's doublings, where they learn.", low=16, high=5120, when="create"
    )


class GBlockOptions(NetworkOptions):
    """The G-block: what is seen restyles the map of who is shown."""

    enable_gblock: bool = option(
        True, "Restyle the inter's map by what is seen, as a StyleGAN does.", when="create"
    )
    split_gblock: bool = option(False, "A G-block for each performer; else one for both.", when="create")
    fc_gblock_depth: int = option(
        3, "Dense layers before the G-block, for both performers.", low=1, high=16, when="create"
    )
    fc_gblock_min_nodes: int = option(
        512, "Numbers after the first of these layers.", low=16, high=5120, when="create"
    )
    fc_gblock_max_nodes: int = option(
        512, "Numbers after the last of these layers.", low=16, high=5120, when="create"
    )
    fc_gblock_filter_slope: float = option(
        -0.5, "Bends the way between them.", low=-0.99, high=0.99, when="create"
    )
    fc_gblock_dropout: float = option(
        0.0,
        "Share of numbers that are left out before each of these layers in training.",
        low=0.0,
        high=0.99,
        when="create",
    )


class DecoderOptions(NetworkOptions):
    """How a face is painted."""

    split_decoders: bool = option(False, "A decoder for each performer; else one for both.", when="create")
    dec_upscale_method: Upscaler = option(
        "subpixel",
        "How a decoder doubles the side: depth to space, resized and transposed convolution, or mixtures.",
        when="create",
    )
    dec_upscales_in_fc: int = option(
        0,
        "How many of the decoder's doublings belong to the inters, and so to each performer.",
        low=0,
        high=6,
        when="create",
    )
    dec_norm: MapNorm = option("none", "What brings maps to one scale after each doubling.", when="create")
    dec_filters: str = option(
        "",
        "Channels after each doubling, first to last, with commas between them. Empty: by the curve below.",
        when="create",
    )
    dec_min_filters: int = option(
        64, "Channels after the decoder's last doubling.", low=8, high=512, when="create"
    )
    dec_max_filters: int = option(
        512, "Channels after the decoder's first doubling.", low=8, high=5120, when="create"
    )
    dec_slope_mode: SlopeMode = option(
        "full",
        "How channels fall: along one curve; by a share at each level and late (cap_max), or early (cap_min).",
        when="create",
    )
    dec_filter_slope: float = option(
        -0.45, "Bends that curve, or is the share.", low=-0.99, high=0.99, when="create"
    )
    dec_res_blocks: int = option(1, "Residual blocks after each doubling.", low=0, high=8, when="create")
    dec_output_kernel: Literal[1, 3, 5, 7, 9] = option(
        5, "Side of the last convolution's filters.", when="create"
    )
    dec_gaussian: bool = option(False, "Add noise after each doubling in training.", when="create")
    dec_skip_last_residual: bool = option(
        False, "Leave the residual blocks out after the last doubling.", when="create"
    )


class CustomOptions(DecoderOptions, GBlockOptions, FcOptions, BottleneckOptions, EncoderOptions):
    """Everything that a custom network is put together from."""

    size_px: int = option(
        128, "Side of the face; a multiple of 16.", low=16, high=2048, unit="px", when="create"
    )
