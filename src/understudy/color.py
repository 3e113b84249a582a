"""Colour spaces: sRGB, linear light, CIE Lab. Numpy, float, channels last.

Not here: the YCbCr matrices of video (`media`), colour transfer between faces (`merging`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

# IEC 61966-2-1, D65.
XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]],
    dtype=np.float32,
)
WHITE = XYZ_FROM_RGB.sum(1)
RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB).astype(np.float32)
_EPSILON = (6 / 29) ** 3


def as_share(picture: npt.NDArray[np.generic]) -> Array:
    """float32 0..1: uint8 and uint16 are divided by their largest value, floats are taken as they are.

    Raises TypeError for other numbers.
    """
    if picture.dtype == np.uint8:
        return np.divide(picture, np.float32(255), dtype=np.float32)
    if picture.dtype == np.uint16:
        return np.divide(picture, np.float32(65535), dtype=np.float32)
    if np.issubdtype(picture.dtype, np.floating):
        return picture.astype(np.float32)
    raise TypeError(f"pictures are uint8, uint16 or float, not {picture.dtype}")


def linear_from_srgb(srgb: npt.ArrayLike) -> Array:
    """Undo the sRGB curve. Values 0..1, any shape."""
    v = np.asarray(srgb, np.float32)
    return np.where(v <= 0.04045, v / 12.92, ((np.maximum(v, 0) + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_from_linear(linear: npt.ArrayLike) -> Array:
    """Apply the sRGB curve. Values 0..1, any shape."""
    v = np.asarray(linear, np.float32)
    bent = 1.055 * np.maximum(v, 0) ** (1 / 2.4) - 0.055
    return np.where(v <= 0.0031308, v * 12.92, bent).astype(np.float32)


def lab_from_rgb(rgb: npt.ArrayLike) -> Array:
    """CIE Lab (L 0..100, a and b about -127..127) from sRGB 0..1, shape (..., 3). CIE 15:2004."""
    xyz = linear_from_srgb(rgb) @ XYZ_FROM_RGB.T / WHITE
    f = np.where(xyz > _EPSILON, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    lightness = 116 * f[..., 1] - 16
    return np.stack([lightness, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1).astype(
        np.float32
    )


def rgb_from_lab(lab: npt.ArrayLike) -> Array:
    """sRGB from CIE Lab, shape (..., 3). Colours outside sRGB come out below 0 or above 1: clip last."""
    v = np.asarray(lab, np.float32)
    fy = (v[..., 0] + 16) / 116
    f = np.stack([fy + v[..., 1] / 500, fy, fy - v[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * (108 / 841)) * WHITE
    return srgb_from_linear(xyz @ RGB_FROM_XYZ.T)


def luma(rgb: npt.ArrayLike) -> Array:
    """BT.709 luma of encoded RGB, shape (..., 3) to (...)."""
    return np.asarray(rgb, np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
