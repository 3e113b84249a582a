"""Give a painted face the grain of the plate around it.

What is measured: in flat blocks of the plate, how strong noise is at each brightness, how it is correlated
between neighbouring pixels and between channels. What is made: Gaussian noise with these three, another one for
every frame, the same for the same frame. Blocks are flat where low frequencies are weak beside the others,
after the shading (a polynomial of degree 2) is taken away. Galerne, Gousseau and Morel, "Random phase
textures", IEEE TIP 20(1), 2011, for noise from a spectrum.

Pictures are float32 RGB of any range. Not here: which part of the frame is the plate (`composite`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import luma

Float32 = npt.NDArray[np.float32]

_BLOCK_PX = 16
_MOST_BLOCKS = 600
_FEWEST_BLOCKS = 12
_LEVELS = 6  # of brightness
_CALMEST_SHARE = 0.1
_CALM_UP_TO = 2.2  # times the calmest blocks' power
_LOW_UP_TO = 1.6  # times the calmest blocks' share of low frequencies
_MOST_OVER_CALM = 3.0  # times the calmest levels' deviation
_NO_POWER = 1e-10
_NO_SPREAD = 1e-20  # of a channel that is the same everywhere, as red and blue of a night-vision camera
_COARSE_PX = 4  # low frequencies are those of means over so many pixels


@dataclass(frozen=True, eq=False)
class Grain:
    """The noise of a picture."""

    levels_L: Float32  # brightness (luma)
    deviation_LC: Float32  # standard deviation at each
    kernel_KKC: Float32  # what turns white noise into this one, of sum of squares 1 in each channel
    correlation_CC: Float32  # between the channels

    def deviation(self, brightness_HW: Float32) -> Float32:
        """The standard deviation, (height, width, channels), at each pixel's brightness."""
        deviations = [np.interp(brightness_HW, self.levels_L, column) for column in self.deviation_LC.T]
        return np.stack(deviations, -1).astype(np.float32)

    def noise(self, height: int, width: int, rng: np.random.Generator) -> Float32:
        """Noise of deviation 1 with this grain's size and colour, (height, width, channels)."""
        pad = len(self.kernel_KKC)
        white = rng.standard_normal((height + pad, width + pad, 3), dtype=np.float32)
        shaped = [cv2.filter2D(white[..., c], -1, self.kernel_KKC[..., c].copy()) for c in range(3)]
        inner = np.stack(shaped, -1)[pad // 2 : pad // 2 + height, pad // 2 : pad // 2 + width]
        mixing = np.linalg.cholesky(self.correlation_CC + 1e-5 * np.eye(3, dtype=np.float32))
        return (inner @ mixing.T).astype(np.float32)


def grained(
    picture_HWC: Float32, mask_HW: Float32, plate_HWC: Float32, *, amount: float, seed: tuple[int, ...]
) -> Float32:
    """The picture, in which a face was painted through the mask, with the plate's grain where it is missing.

    In the mask's soft edge, where part of the plate's own grain is left, only the rest is added; so is it where
    the painted face has a grain of its own. `seed` decides the noise. A plate that is too small or has no flat
    place gives none.
    """
    if amount <= 0 or (plate := measured(plate_HWC)) is None:
        return picture_HWC
    brightness = luma(cv2.GaussianBlur(picture_HWC, (0, 0), 2))
    wanted = plate.deviation(brightness) ** 2
    has = ((1 - mask_HW) ** 2)[..., None] * wanted
    own = measured(picture_HWC, inside_HW=mask_HW > 0.98)
    if own is not None:
        has = has + (mask_HW**2)[..., None] * own.deviation(brightness) ** 2
    missing = np.sqrt(np.maximum(wanted - has, 0)) * (mask_HW > 0)[..., None]
    noise = plate.noise(mask_HW.shape[0], mask_HW.shape[1], np.random.default_rng([abs(part) for part in seed]))
    return (picture_HWC + amount * missing * noise).astype(np.float32)


def measured(picture_HWC: Float32, *, inside_HW: npt.NDArray[np.bool_] | None = None) -> Grain | None:
    """The grain of a picture, from blocks that lie wholly inside; None where too few of them are flat."""
    blocks_NCHW = _blocks(picture_HWC, inside_HW)
    brightness, blocks = luma(blocks_NCHW.mean((2, 3))), _without_shading(blocks_NCHW)
    power = (blocks**2).mean((1, 2, 3))
    flat = _flat(blocks, power)
    if len(flat) < _FEWEST_BLOCKS:
        return None
    flat = flat[np.argsort(brightness[flat])]
    levels, deviations, chosen = [], [], []
    for level in np.array_split(flat, min(_LEVELS, len(flat) // _FEWEST_BLOCKS)):
        calm = level[power[level] <= _CALM_UP_TO * np.quantile(power[level], _CALMEST_SHARE)]
        levels.append(np.median(brightness[calm]))
        deviations.append(np.sqrt(np.median((blocks[calm] ** 2).mean((2, 3)), axis=0)))
        chosen.append(calm)
    calm = np.concatenate(chosen)
    alike_NCHW = blocks[calm] / np.sqrt(power[calm])[:, None, None, None]
    kernel, gain = _kernel(alike_NCHW)
    return Grain(
        np.asarray(levels, np.float32),
        np.asarray(_without_outliers(np.asarray(deviations)) * gain, np.float32),
        kernel,
        _correlation(alike_NCHW),
    )


def _correlation(blocks_NCHW: Float32) -> Float32:
    spread = np.cov(blocks_NCHW.transpose(1, 0, 2, 3).reshape(3, -1))
    deviation = np.sqrt(np.maximum(np.diag(spread), _NO_SPREAD))
    return (spread / np.outer(deviation, deviation)).astype(np.float32)


def _flat(blocks_NCHW: Float32, power_N: Float32) -> npt.NDArray[np.intp]:
    """Indices of blocks that hold noise alone.

    Structure has more of its power in low frequencies than noise has, at whatever strength; what noise has is
    seen in the calmest blocks. Blocks without any, as in a frame's black bars, tell nothing.
    """
    alive = np.flatnonzero(power_N > _NO_POWER)
    if len(alive) < _FEWEST_BLOCKS:
        return alive
    cells = _BLOCK_PX // _COARSE_PX
    coarse = blocks_NCHW[alive].reshape(-1, 3, cells, _COARSE_PX, cells, _COARSE_PX).mean((3, 5))
    low = (coarse**2).mean((1, 2, 3)) / power_N[alive]
    calmest = np.argsort(power_N[alive])[: max(_FEWEST_BLOCKS, int(_CALMEST_SHARE * len(alive)))]
    return alive[low <= _LOW_UP_TO * np.median(low[calmest])]


def _without_outliers(deviations_LC: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each level the median of itself and its neighbours, and none far above the calm ones.

    A level may hold nothing but hair or stubble, whose finest part looks like noise.
    """
    padded = np.pad(deviations_LC, ((1, 1), (0, 0)), mode="edge")
    smooth = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return np.minimum(smooth, _MOST_OVER_CALM * np.quantile(smooth, 0.25, axis=0))


def _blocks(picture_HWC: Float32, inside_HW: npt.NDArray[np.bool_] | None) -> Float32:
    height, width = picture_HWC.shape[:2]
    if min(height, width) < _BLOCK_PX:
        return np.zeros((0, 3, _BLOCK_PX, _BLOCK_PX), np.float32)
    step = max(_BLOCK_PX // 2, int(np.ceil(np.sqrt(height * width / _MOST_BLOCKS))))
    size = (_BLOCK_PX, _BLOCK_PX)
    views = np.lib.stride_tricks.sliding_window_view(picture_HWC, size, (0, 1))[::step, ::step]
    blocks = views.reshape(-1, 3, *size)
    if inside_HW is None:
        return blocks
    inside = np.lib.stride_tricks.sliding_window_view(inside_HW, size)[::step, ::step]
    return blocks[inside.reshape(-1, _BLOCK_PX**2).all(1)]


def _without_shading(blocks_NCHW: Float32) -> Float32:
    place = np.linspace(-1, 1, _BLOCK_PX)
    x, y = np.broadcast_arrays(place[None, :], place[:, None])
    shapes = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], -1).reshape(-1, 6)
    basis = np.linalg.qr(shapes)[0].astype(np.float32)
    flat = blocks_NCHW.reshape(-1, _BLOCK_PX**2)
    return (flat - (flat @ basis) @ basis.T).reshape(blocks_NCHW.shape).astype(np.float32)


def _kernel(blocks_NCHW: Float32) -> tuple[Float32, Float32]:
    """The zero-phase filter whose squared spectrum is the blocks' mean power, and the noise's true deviation.

    The latter in units of the blocks' own: with the shading the lowest frequencies of the noise went as well,
    and are as strong as their neighbours.
    """
    window = np.hanning(_BLOCK_PX + 2)[1:-1].astype(np.float32)  # or strong frequencies leak into weak ones
    power_CHW = (np.abs(np.fft.fft2(blocks_NCHW * window * window[:, None])) ** 2).mean(0)
    left = np.maximum(power_CHW.sum((1, 2)), _NO_SPREAD)
    frequency = np.fft.fftfreq(_BLOCK_PX, 1 / _BLOCK_PX)
    away = np.hypot(frequency[:, None], frequency[None, :])
    hole, near, far = away < 2, (away >= 2) & (away < 3), (away >= 3) & (away < 4)
    # Grain has a smooth spectrum: what the shading took follows from two rings around it, as a Gaussian.
    logarithm = np.log(np.maximum(power_CHW, _NO_SPREAD))
    squared = away**2
    fall = logarithm[:, near].mean(1) - logarithm[:, far].mean(1)
    fall = np.maximum(fall, 0) / (squared[far].mean() - squared[near].mean())
    filled = logarithm[:, near].mean(1)[:, None] + fall[:, None] * (squared[near].mean() - squared[hole])
    power_CHW[:, hole] = np.maximum(power_CHW[:, hole], np.exp(filled))
    kernel = np.fft.fftshift(np.fft.ifft2(np.sqrt(power_CHW)).real, axes=(1, 2))
    kernel = kernel / np.sqrt((kernel**2).sum((1, 2), keepdims=True))
    gain = np.sqrt(power_CHW.sum((1, 2)) / left)
    return kernel.transpose(1, 2, 0).astype(np.float32), gain.astype(np.float32)
