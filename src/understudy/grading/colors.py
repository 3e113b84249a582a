"""Colour spaces for whole batches on the device; the same numbers as `understudy.color`, channels second.

Hue, saturation and value: Smith, "Color gamut transform pairs", SIGGRAPH 1978.
"""

from __future__ import annotations

import torch
from torch import Tensor

from understudy import color

_EPSILON = (6 / 29) ** 3


def lab_from_rgb(rgb_BCHW: Tensor) -> Tensor:
    """CIE Lab, L 0..100, from sRGB 0..1, (B, 3, …)."""
    linear = torch.where(
        rgb_BCHW <= 0.04045, rgb_BCHW / 12.92, ((rgb_BCHW.clamp(min=0) + 0.055) / 1.055) ** 2.4
    )
    to_xyz = _constant(color.XYZ_FROM_RGB / color.WHITE[:, None], rgb_BCHW)
    xyz = torch.einsum("ij,bj...->bi...", to_xyz, linear).clamp(min=0)
    # A cube root has no slope at black; such values take the straight part anyway.
    f = torch.where(xyz > _EPSILON, xyz.clamp(min=_EPSILON) ** (1 / 3), xyz * (841 / 108) + 4 / 29)
    fx, fy, fz = f.unbind(1)
    return torch.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], dim=1)


def rgb_from_lab(lab_BCHW: Tensor) -> Tensor:
    """sRGB from CIE Lab, (B, 3, …). Colours outside sRGB come out below 0 or above 1."""
    lightness, a, b = lab_BCHW.unbind(1)
    fy = (lightness + 16) / 116
    f = torch.stack([fy + a / 500, fy, fy - b / 200], dim=1)
    xyz = torch.where(f > 6 / 29, f**3, (f - 4 / 29) * (108 / 841))
    to_rgb = _constant(color.RGB_FROM_XYZ * color.WHITE, lab_BCHW)
    linear = torch.einsum("ij,bj...->bi...", to_rgb, xyz)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=1e-6) ** (1 / 2.4) - 0.055)


def hsv_from_rgb(rgb_BCHW: Tensor) -> Tensor:
    """Hue, saturation and value, each 0..1, (B, 3, H, W)."""
    value, place = rgb_BCHW.max(1)
    spread = value - rgb_BCHW.min(1).values
    safe = spread.clamp(min=1e-8)
    r, g, b = rgb_BCHW.unbind(1)
    sixths = torch.stack([(g - b) / safe, (b - r) / safe + 2, (r - g) / safe + 4], 1)
    hue = sixths.gather(1, place[:, None])[:, 0] / 6 % 1
    saturation = spread / value.clamp(min=1e-8)
    return torch.stack([hue, saturation, value], 1)


def rgb_from_hsv(hsv_BCHW: Tensor) -> Tensor:
    """Undo `hsv_from_rgb`; the hue goes round."""
    hue, saturation, value = hsv_BCHW.unbind(1)
    parts = []
    for turn in (5, 3, 1):
        k = (turn + hue * 6) % 6
        parts.append(value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(parts, 1)


def _constant(matrix: object, like: Tensor) -> Tensor:
    return torch.as_tensor(matrix, dtype=like.dtype, device=like.device)
