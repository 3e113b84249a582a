"""How alike two pictures are in structure: the SSIM family. All are 0 for equal pictures, and float32.

Pictures are (B, C, H, W), square, 0..1; what should not count is the same in both.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as nnf

_C1, _C2 = 0.01**2, 0.03**2
_SMALL_WINDOW_PX, _SMALL_SIGMA_PX = 5, 0.9
_SIGMA_PX = 1.5
_LARGE_SHARE, _FINE_SHARE = 11.6, 23.2  # windows are these parts of the side
_TWO_WINDOWS_FROM_PX = 256
_SCALE_WINDOW_PX = 11
_SCALE_POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_GRADIENT_C = 170 / 255**2


def dssim(a_BCHW: Tensor, b_BCHW: Tensor, window_px: int, sigma_px: float) -> Tensor:
    """Structural dissimilarity, 0 for equal pictures to 1: Wang et al., "Image quality assessment: from error
    visibility to structural similarity", IEEE TIP 13(4), 2004. Windows lie wholly inside the picture."""
    light, contrast = _likeness(a_BCHW, b_BCHW, window_px, sigma_px)
    return ((1 - light * contrast) / 2).mean()


def _likeness(a: Tensor, b: Tensor, window_px: int, sigma_px: float) -> tuple[Tensor, Tensor]:
    """Maps of SSIM's first factor (means) and second one (spreads)."""
    band = _gaussian_band(a.shape[-1], window_px, sigma_px, a.device)
    # A Gaussian filter is a product with a banded matrix on each side: faster than so thin a convolution. The
    # goal's own mean stands apart, since no slope has to go back through it.
    mean_b = band.T @ b @ band
    stack = torch.cat([a, a**2 + b**2, a * b], dim=1)
    mean_a, squares, products = (band.T @ stack @ band).chunk(3, dim=1)
    both, common = mean_a**2 + mean_b**2, mean_a * mean_b
    return (2 * common + _C1) / (both + _C1), (2 * (products - common) + _C2) / (squares - both + _C2)


@cache  # for good: a recorded step reads from this memory
def _gaussian_band(size_px: int, window_px: int, sigma_px: float, device: torch.device) -> Tensor:
    """(size, size - window + 1): column k averages `window_px` pixels from pixel k on."""
    away = torch.arange(window_px) - (window_px - 1) / 2
    weights = torch.exp(-(away**2) / (2 * sigma_px**2))
    weights /= weights.sum()
    band = torch.zeros(size_px, size_px - window_px + 1)
    for k in range(band.shape[1]):
        band[k : k + window_px, k] = weights
    return band.to(device)


def pyramid(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """The mean of DSSIM with a small window at full and at half size."""
    full = dssim(a_BCHW, b_BCHW, _SMALL_WINDOW_PX, _SMALL_SIGMA_PX)
    a_half, b_half = nnf.avg_pool2d(a_BCHW, 2), nnf.avg_pool2d(b_BCHW, 2)
    return (full + dssim(a_half, b_half, _SMALL_WINDOW_PX, _SMALL_SIGMA_PX)) / 2


def windows(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """DSSIM as DeepFaceLab has it: a window of the side / 11.6, from 256 px on the mean of that and / 23.2."""
    size_px = a_BCHW.shape[-1]
    large = dssim(a_BCHW, b_BCHW, window_for(size_px, _LARGE_SHARE), _SIGMA_PX)
    if size_px < _TWO_WINDOWS_FROM_PX:
        return large
    return (large + dssim(a_BCHW, b_BCHW, window_for(size_px, _FINE_SHARE), _SIGMA_PX)) / 2


def both_windows(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """The mean over both of DeepFaceLab's windows at every size, as its AMP is trained."""
    size_px = a_BCHW.shape[-1]
    sides = (window_for(size_px, share) for share in (_LARGE_SHARE, _FINE_SHARE))
    return torch.stack([dssim(a_BCHW, b_BCHW, side, _SIGMA_PX) for side in sides]).mean()


def window_for(size_px: int, share: float) -> int:
    """Side of a window in pixels; never so small that it sees no spread."""
    return max(3, int(size_px / share))


def scales(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """1 - MS-SSIM: Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality
    assessment", 2003. Scales smaller than the window are left out and the powers of the others grow
    accordingly. 0..1."""
    count = sum(a_BCHW.shape[-1] >> scale >= _SCALE_WINDOW_PX for scale in range(len(_SCALE_POWERS)))
    powers = torch.tensor(_SCALE_POWERS[: max(1, count)])
    powers = (powers / powers.sum()).tolist()
    likeness = torch.ones(a_BCHW.shape[:2], device=a_BCHW.device)
    window_px = min(_SCALE_WINDOW_PX, a_BCHW.shape[-1])
    for scale, power in enumerate(powers):
        light, contrast = _likeness(a_BCHW, b_BCHW, window_px, _SIGMA_PX)
        last = scale == len(powers) - 1
        seen = (light * contrast if last else contrast).mean(dim=(2, 3))
        # Below 0 a power is no number, at 0 its slope is endless.
        likeness = likeness * seen.clamp_min(1e-4) ** power
        a_BCHW, b_BCHW = nnf.avg_pool2d(a_BCHW, 2), nnf.avg_pool2d(b_BCHW, 2)
    return (1 - likeness).mean()


def edges(a_BCHW: Tensor, b_BCHW: Tensor) -> Tensor:
    """How unevenly the pictures' edges agree: Xue et al., "Gradient magnitude similarity deviation", IEEE TIP
    23(2), 2014. 0 to about 0.35."""
    a, b = _edge_strength(nnf.avg_pool2d(a_BCHW, 2)), _edge_strength(nnf.avg_pool2d(b_BCHW, 2))
    agreement = (2 * a * b + _GRADIENT_C) / (a**2 + b**2 + _GRADIENT_C)
    spread = agreement.var(dim=(1, 2, 3), correction=0)
    return ((spread + 1e-8).sqrt() - 1e-4).mean()  # a plain root has no slope at 0


def _edge_strength(pictures_BCHW: Tensor) -> Tensor:
    """Prewitt's gradient of the grey picture, (B, 1, H - 2, W - 2)."""
    grey = pictures_BCHW.mean(1, keepdim=True)
    # Not by filters: a recorded step has no place for numbers that are brought to the device.
    along, down = grey[..., 2:] - grey[..., :-2], grey[..., 2:, :] - grey[..., :-2, :]
    across_rows = along[..., :-2, :] + along[..., 1:-1, :] + along[..., 2:, :]
    across_columns = down[..., :-2] + down[..., 1:-1] + down[..., 2:]
    return ((across_rows.square() + across_columns.square()) / 9 + 1e-12).sqrt()


STRUCTURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "pyramid": pyramid,
    "windows": windows,
    "both_windows": both_windows,
    "scales": scales,
    "edges": edges,
}
