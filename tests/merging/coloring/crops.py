"""Drawn crops of skin, and light on them, for every test of colours."""

from __future__ import annotations

import numpy as np

from understudy import color

SIZE, LIGHT_PX = 48, 8.0


def skin(seed: int = 0, *, size: int = SIZE) -> np.ndarray:
    """A textured patch in the middle of the colour range."""
    y, x = np.mgrid[0:size, 0:size] / size
    rng = np.random.default_rng(seed)
    detail = 0.06 * np.sin(40 * x + seed) * np.sin(37 * y) + 0.01 * rng.normal(size=(size, size))
    blush = 0.05 * np.sin(5 * x + seed)[..., None] * np.array([1, -1, 0.5])
    return (np.array([0.6, 0.45, 0.38]) + detail[..., None] + blush).astype(np.float32)


def disc(radius: float = 18) -> np.ndarray:
    """A round mask in the middle of the crop."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] - (SIZE - 1) / 2
    return (np.hypot(x, y) <= radius).astype(np.float32)


INSIDE = disc() > 0


def shading(size: int = SIZE) -> np.ndarray:
    """A light from the right: factors in linear light."""
    x = np.linspace(0, 1, size)[None, :, None]
    return np.broadcast_to(0.5 + 0.8 * x, (size, size, 3)).astype(np.float32)


def relit(rgb: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """A crop in another light."""
    return color.srgb_from_linear(color.linear_from_srgb(rgb) * factor)
