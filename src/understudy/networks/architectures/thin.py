"""Convolutions to a few channels, such as the last layer of a decoder, with gradients of their own.

Libraries convolve in tiles of 64 outputs and more: of a layer that paints three colours they calculate all
the others in vain. The four such layers of `df` took a quarter of a step on an H100, for a hundredth of its
arithmetic (docs/log.md). Here the slopes that each pixel of the input had a part in are laid side by side, and
two products of matrices do the rest.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as nnf
from torch.utils.flop_counter import register_flop_formula

FEW = 4  # channels; more are tiles enough
_ALIGNED = 8  # numbers of two bytes that units for products read at once
_SHARES = 256  # of the sum over all pixels; enough for every unit of a large GPU


def convolve_to_few(x_BCHW: Tensor, filters_OCKK: Tensor, bias_O: Tensor | None, padding: int) -> Tensor:
    """`torch.nn.functional.conv2d` with stride 1: the same values to the last bit, and gradients that are the
    same but for rounding."""
    kind = x_BCHW.device.type
    if not torch.is_grad_enabled():
        return nnf.conv2d(x_BCHW, filters_OCKK, bias_O, padding=padding)
    if kind != "meta" and torch.is_autocast_enabled(kind):  # shapes alone have no number format
        number = torch.get_autocast_dtype(kind)
        x_BCHW, filters_OCKK = x_BCHW.to(number), filters_OCKK.to(number)
        bias_O = None if bias_O is None else bias_O.to(number)
    return _ToFew.apply(x_BCHW, filters_OCKK, bias_O, padding)


class _ToFew(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_BCHW: Tensor, filters_OCKK: Tensor, bias_O: Tensor | None, padding: int) -> Tensor:
        ctx.save_for_backward(x_BCHW, filters_OCKK)
        ctx.padding = padding
        return nnf.conv2d(x_BCHW, filters_OCKK, bias_O, padding=padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope_BOHW: Tensor) -> tuple[Tensor, Tensor, Tensor | None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x_BCHW, filters_OCKK = ctx.saved_tensors
        slope_x, slope_filters = _slopes(slope_BOHW, x_BCHW, filters_OCKK, ctx.padding)
        return slope_x, slope_filters, slope_BOHW.sum((0, 2, 3)) if ctx.needs_input_grad[2] else None, None


# An operation of its own, since compilers that look inside make something slower of it.
@torch.library.custom_op("understudy::slopes_of_few", mutates_args=())
def _slopes(slope_BOHW: Tensor, x_BCHW: Tensor, filters_OCKK: Tensor, padding: int) -> tuple[Tensor, Tensor]:
    """The gradients of the maps, channels last, and of the filters."""
    seen = _windows(slope_BOHW, filters_OCKK.shape[-1], padding)
    slope_x = _slope_of_input(seen, filters_OCKK, x_BCHW).contiguous(memory_format=torch.channels_last)
    return slope_x, torch.empty_like(filters_OCKK).copy_(_slope_of_filters(seen, filters_OCKK, x_BCHW))


@_slopes.register_fake
def _(slope_BOHW: Tensor, x_BCHW: Tensor, filters_OCKK: Tensor, padding: int) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x_BCHW, memory_format=torch.channels_last), torch.empty_like(filters_OCKK)


@register_flop_formula(torch.ops.understudy.slopes_of_few)
def _(slope_shape: Any, x_shape: Any, filters_shape: Any, *_: Any, **__: Any) -> int:
    """As those of any convolution: one product as large as the forward one for each of the two."""
    return 2 * 2 * math.prod(filters_shape) * slope_shape[0] * slope_shape[2] * slope_shape[3]


def _row(kernel: int, channels: int) -> int:
    """Numbers that stand for one row of a window: as many as it has, filled up."""
    return math.ceil(kernel * channels / _ALIGNED) * _ALIGNED


def _windows(slope_BOHW: Tensor, kernel: int, padding: int) -> Tensor:
    """(pixels of the input, kernel x row): the slopes that each pixel of the input had a part in, row by row of
    its window. The last numbers of a row, which only fill it up, are whatever lies behind it."""
    batch, channels, height, width = slope_BOHW.shape
    rim = kernel - 1 - padding
    tall, wide = height + 2 * rim, width + 2 * rim
    row = _row(kernel, channels)
    held = slope_BOHW.new_zeros(batch * tall * wide * channels + row)
    inside = held[: batch * tall * wide * channels].view(batch, tall, wide, channels)
    inside[:, rim : rim + height, rim : rim + width] = slope_BOHW.permute(0, 2, 3, 1)
    line = wide * channels
    windows = held.as_strided(
        (batch, tall - kernel + 1, wide - kernel + 1, kernel, row), (tall * line, line, channels, line, 1)
    )
    return windows.reshape(-1, kernel * row)


def _slope_of_input(seen: Tensor, filters_OCKK: Tensor, x_BCHW: Tensor) -> Tensor:
    channels, width_in, kernel, _ = filters_OCKK.shape
    turned = filters_OCKK.flip(2, 3).permute(2, 3, 0, 1).reshape(kernel, kernel * channels, width_in)
    filled = nnf.pad(turned, (0, 0, 0, _row(kernel, channels) - kernel * channels))
    batch, _, height, width = x_BCHW.shape
    slope = seen @ filled.reshape(-1, width_in)
    return slope.view(batch, height, width, width_in).permute(0, 3, 1, 2)


def _slope_of_filters(seen: Tensor, filters_OCKK: Tensor, x_BCHW: Tensor) -> Tensor:
    channels, width_in, kernel, _ = filters_OCKK.shape
    x = x_BCHW.permute(0, 2, 3, 1).reshape(-1, width_in)
    count = math.gcd(len(x), _SHARES)
    shares = seen.view(count, len(x) // count, seen.shape[1]).mT @ x.view(count, len(x) // count, width_in)
    total = shares.sum(0, dtype=torch.promote_types(shares.dtype, torch.float32))
    rows = total.view(kernel, -1, width_in)[:, : kernel * channels]
    return rows.reshape(kernel, kernel, channels, width_in).permute(2, 3, 0, 1).flip(2, 3)
