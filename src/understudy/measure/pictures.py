"""How near one picture is to another: PSNR and SSIM, over the whole picture or inside a mask.

Pure numbers on arrays. Not here: reading clips and finding faces (`shots`), drawing (`sheet`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import as_share, luma

Float32 = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32] | npt.NDArray[np.float64]

_WINDOW_PX = 11
_WINDOW_SIGMA_PX = 1.5
_C1, _C2 = 0.01**2, 0.03**2
PSNR_OF_EQUALS_DB = 100.0  # said instead of infinity, so that means and JSON stay finite


def psnr(a: Picture, b: Picture, mask: npt.ArrayLike | None = None) -> float:
    """Peak signal-to-noise ratio in dB of two pictures (height, width, 3) with peak 1.

    The squared error is averaged over channels and pixels, weighted by `mask` (height, width), 0..1. Equal
    pictures give PSNR_OF_EQUALS_DB. Raises ValueError where shapes differ or the mask is empty.
    """
    x, y, weight = _prepared(a, b, mask)
    error = ((x - y).astype(np.float64) ** 2).mean(-1)
    mse = float((error * weight).sum() / weight.sum())
    return min(PSNR_OF_EQUALS_DB, -10 * float(np.log10(max(mse, 1e-30))))


def ssim(a: Picture, b: Picture, mask: npt.ArrayLike | None = None) -> float:
    """Structural similarity of the BT.709 luma of two pictures (height, width, 3); 1 where they are equal.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 13(4), 2004: Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03. The
    map is computed over the whole picture and then averaged with `mask` (height, width) as weights, so a
    pixel near the mask's edge also sees up to 5 pixels beyond it. Raises ValueError like `psnr`.
    """
    x, y, weight = _prepared(a, b, mask)
    return float((ssim_map(luma(x), luma(y)) * weight).sum() / weight.sum())


def ssim_map(a_HW: npt.ArrayLike, b_HW: npt.ArrayLike) -> Float32:
    """SSIM at every pixel of two single-channel pictures 0..1; borders see the picture mirrored."""
    x, y = np.asarray(a_HW, np.float32), np.asarray(b_HW, np.float32)
    mean_x, mean_y = _windowed(x), _windowed(y)
    var_x = np.maximum(_windowed(x * x) - mean_x**2, 0)
    var_y = np.maximum(_windowed(y * y) - mean_y**2, 0)
    covariance = _windowed(x * y) - mean_x * mean_y
    likeness = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    ssim = likeness / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))
    return ssim.astype(np.float32)


def _windowed(x: Float32) -> npt.NDArray[np.float64]:
    size = (_WINDOW_PX, _WINDOW_PX)
    # 64 bits: the variance is a small difference of large numbers.
    return cv2.GaussianBlur(
        x.astype(np.float64), size, _WINDOW_SIGMA_PX, borderType=cv2.BORDER_REFLECT_101
    ).astype(np.float64)


def _prepared(
    a: Picture, b: Picture, mask: npt.ArrayLike | None
) -> tuple[Float32, Float32, npt.NDArray[np.float64]]:
    x, y = as_share(a), as_share(b)
    if x.shape != y.shape or x.ndim != 3:
        raise ValueError(f"pictures to compare have shapes {x.shape} and {y.shape}")
    weight = np.ones(x.shape[:2]) if mask is None else np.asarray(mask, np.float64)
    if weight.shape != x.shape[:2]:
        raise ValueError(f"the mask has shape {weight.shape}, the pictures {x.shape[:2]}")
    if not weight.sum() > 0:
        raise ValueError("the mask is empty")
    return x, y, weight
