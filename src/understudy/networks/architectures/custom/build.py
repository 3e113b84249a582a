"""A custom network from its options: sizes that follow from one another, and what can't be put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from understudy.errors import OptionInvalid
from understudy.networks.architectures.custom.bottleneck import CodeBottleneck
from understudy.networks.architectures.custom.decoder import CustomDecoder, LevelStyle, levels
from understudy.networks.architectures.custom.encoders import map_encoder, map_shape, seen_side_px
from understudy.networks.architectures.custom.filter_curve import filter_curve, floored
from understudy.networks.architectures.custom.g_block import GBlock, StyleFc
from understudy.networks.architectures.custom.inters import FcInter, FcUp, start_side_px
from understudy.networks.architectures.custom.model import Custom, CustomEncoder
from understudy.networks.architectures.custom.options import CustomOptions
from understudy.networks.options import require_multiple

_STEP_PX = 16


def custom(options: CustomOptions) -> Custom:
    """By default 128 px: faceswap's own encoder at 64 px, an inter for each performer, a G-block and a decoder
    for both. Raises OptionInvalid."""
    require_multiple(options.size_px, _STEP_PX)
    _require_two_performers(options)
    encoder, new_bottleneck, row = _encoder(options)
    layout = _layout(options, row)
    inter = partial(_inter, options, layout, row, new_bottleneck)
    new_block = partial(GBlock, layout.code_width, _style_sizes(options)[-1])
    inters = {name: inter() for name in _inter_names(options)}
    blocks = {f"g_block_{who}": new_block() for who in _owners(options.split_gblock)}
    style = StyleFc(
        row, bottleneck=new_bottleneck(), sizes=_style_sizes(options), dropout=options.fc_gblock_dropout
    )
    return Custom(
        options.size_px,
        encoder=encoder,
        inters=inters,
        beside={"none": None, "full": "inter_common", "half": "inter_dst"}[options.shared_fc],
        style=style if options.enable_gblock else None,
        g_blocks=blocks if options.enable_gblock else {},
        decoders={f"decoder_{who}": _decoder(options, layout) for who in _owners(options.split_decoders)},
    )


def _require_two_performers(options: CustomOptions) -> None:
    own_inters = options.split_fc and _inter_learns(options)
    own_block = options.enable_gblock and options.split_gblock
    if not (own_inters or own_block or options.split_decoders):
        raise OptionInvalid(
            "In this network nothing that learns tells the performers apart. Set split_fc (with fc_depth 1 or "
            "more), split_gblock or split_decoders."
        )
    if options.shared_fc != "none" and not options.split_fc:
        raise OptionInvalid(
            f"Option 'shared_fc' can't be {options.shared_fc!r} where both performers have one inter: set "
            "split_fc, or shared_fc to 'none'."
        )


def _inter_learns(options: CustomOptions) -> bool:
    ups = options.fc_upsamples > 0 and options.fc_upsampler != "upsample2d"
    own_bottleneck = not options.bottleneck_in_encoder and options.bottleneck_type == "dense"
    return options.fc_depth > 0 or options.dec_upscales_in_fc > 0 or ups or own_bottleneck


def _owners(split: bool) -> tuple[str, ...]:
    return ("src", "dst") if split else ("both",)


def _inter_names(options: CustomOptions) -> list[str]:
    names = [f"inter_{who}" for who in _owners(options.split_fc)]
    return [*names, "inter_common"] if options.shared_fc == "full" else names


def _encoder(options: CustomOptions) -> tuple[CustomEncoder, Callable[[], CodeBottleneck | None], int]:
    """The encoder, how to make a bottleneck outside it (None where it is inside), the row's length."""
    seen_px = seen_side_px(options.enc_architecture, options.enc_scaling)
    maps = map_encoder(
        options.enc_architecture,
        depth=options.fs_original_depth,
        narrowest=options.fs_original_min_filters,
        widest=options.fs_original_max_filters,
    )
    width, side = map_shape(maps, seen_px)
    if side < 1:
        raise OptionInvalid(
            f"Nothing is left of faces of {seen_px} px after {options.fs_original_depth} levels of the "
            "encoder. Take a higher enc_scaling or a lower fs_original_depth."
        )
    new = partial(
        CodeBottleneck,
        width,
        side,
        kind=options.bottleneck_type,
        norm=options.bottleneck_norm,
        size=options.bottleneck_size,
    )
    first = new()
    inside = first if options.bottleneck_in_encoder else None
    encoder = CustomEncoder(maps, inside, size_px=options.size_px, seen_px=seen_px)
    return encoder, ((lambda: None) if inside else new), first.size_out


@dataclass(frozen=True)
class _Layout:
    """Sizes of what lies between the row of numbers and the face."""

    fc_widths: list[int]  # of the dense layers, as channels on the inter's map
    fc_side: int
    fc_width: int
    up_width: int  # after the inter's own doublings
    level_widths: list[int]
    levels_in_fc: int
    code_width: int  # of what the decoder takes


def _layout(options: CustomOptions, row: int) -> _Layout:
    side = start_side_px(options.size_px // 2**options.fc_upsamples, options.fc_dimensions)
    share = options.fc_dimensions**2 / side**2
    widths = [floored(width * share) for width in _fc_curve(options)]
    if not widths and row % side**2:
        raise OptionInvalid(
            f"Without dense layers (fc_depth 0) the {row} numbers of the bottleneck can't lie on a map of "
            f"{side} x {side}. Take fc_depth 1 or another bottleneck."
        )
    fc_width = widths[-1] if widths else row // side**2
    learned = options.fc_upsamples and options.fc_upsampler != "upsample2d"
    up_width = options.fc_upsample_filters if learned else fc_width
    doublings = (options.size_px // (side * 2**options.fc_upsamples)).bit_length() - 1
    level_widths = _level_widths(options, doublings)
    in_fc = min(options.dec_upscales_in_fc, doublings)
    own_width = level_widths[in_fc - 1] if in_fc else up_width
    code_width = own_width * (1 if options.shared_fc == "none" else 2)
    return _Layout(widths, side, fc_width, up_width, level_widths, in_fc, code_width)


def _fc_curve(options: CustomOptions) -> list[int]:
    if options.fc_depth < 2:
        return [options.fc_max_filters] * options.fc_depth
    return filter_curve(
        options.fc_min_filters, options.fc_max_filters, options.fc_depth, options.fc_filter_slope
    )


def _style_sizes(options: CustomOptions) -> list[int]:
    low, high = options.fc_gblock_min_nodes, options.fc_gblock_max_nodes
    if options.fc_gblock_depth == 1:
        return [high]
    return filter_curve(low, high, options.fc_gblock_depth, options.fc_gblock_filter_slope)


def _level_widths(options: CustomOptions, doublings: int) -> list[int]:
    if options.dec_filters:
        parts = [part.strip() for part in options.dec_filters.split(",")]
        if len(parts) != doublings or not all(part.isdecimal() and int(part) for part in parts):
            raise OptionInvalid(
                f"Option 'dec_filters' can't be {options.dec_filters!r}: it needs {doublings} whole numbers "
                "with commas between them, one for each doubling."
            )
        return [int(part) for part in parts]
    if not doublings:
        return []
    return filter_curve(
        options.dec_max_filters,
        options.dec_min_filters,
        doublings,
        options.dec_filter_slope,
        options.dec_slope_mode,
    )


def _level_style(options: CustomOptions) -> LevelStyle:
    return LevelStyle(
        options.dec_upscale_method, options.dec_norm, options.dec_res_blocks, options.dec_gaussian
    )


def _inter(
    options: CustomOptions, layout: _Layout, row: int, new_bottleneck: Callable[[], nn.Module | None]
) -> FcInter:
    count = layout.levels_in_fc
    all_in_fc = count == len(layout.level_widths)
    return FcInter(
        row,
        bottleneck=new_bottleneck(),
        widths=layout.fc_widths,
        side_px=layout.fc_side,
        dropout=options.fc_dropout,
        up=FcUp(options.fc_upsampler, options.fc_upsamples, layout.fc_width, options.fc_upsample_filters),
        levels=levels(
            layout.up_width,
            layout.level_widths[:count],
            _level_style(options),
            last_plain=options.dec_skip_last_residual and all_in_fc,
        ),
    )


def _decoder(options: CustomOptions, layout: _Layout) -> CustomDecoder:
    widths = layout.level_widths[layout.levels_in_fc :]
    face = levels(layout.code_width, widths, _level_style(options), last_plain=options.dec_skip_last_residual)
    return CustomDecoder(layout.code_width, face, widths, kernel=options.dec_output_kernel)
