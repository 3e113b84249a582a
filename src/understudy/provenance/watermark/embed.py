"""Put the watermark into finished frames, in encoded light, stronger where the picture hides it.

The same amount goes to red, green and blue, so it changes luma and no colour. How much follows from how busy
the picture is around a pixel: little in skies and skin, more in leaves, hair and cloth. Not here: reading.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import as_share, linear_from_srgb, srgb_from_linear
from understudy.media.clip import Picture
from understudy.media.color_spaces import ColorSpace
from understudy.media.images import eight_bit
from understudy.provenance.watermark.pattern import OPEN_KEY, Floats, pattern_for, tile_px

# In steps of an 8-bit picture, as standard deviations.
_IN_FLAT_PARTS = 0.55
_A_STEP_OF_ACTIVITY = 0.65
_STRONGEST = 5.0
_STRONGEST_ON_AVERAGE = 1.9  # 42.5 dB
_DIM = 64.0  # below this luma flat parts get less: the eye sees more there
_LEAST_IN_DIM_PARTS = 0.4
_AVERAGE_SIDE_PX = 640  # of frames that get just that; smaller ones have fewer chips and get more
_LEAST_BY_SIZE, _MOST_BY_SIZE = 0.5, 1.6
_SMALL = 8  # the strength is found in a picture smaller by this factor
_SLOPE_STEP = 2 / 255  # of a clip's own numbers, up and down, to see how much of that is seen


class Watermark:
    """One export's mark. `number` is what it carries (see `payload`), `key` spreads it."""

    def __init__(self, number: int, *, key: bytes = OPEN_KEY) -> None:
        self.number = number
        self._pattern = pattern_for(key)
        self._drawn = lru_cache(maxsize=2)(self._draw)

    def marked(
        self, rgb: Picture, *, alpha_HW: Floats | None = None, space: ColorSpace | None = None
    ) -> Picture:
        """The frame with the mark, in the depth it came in; at least 42 dB from what it was, as it is seen.

        `rgb` (height, width, 3) is uint8, uint16 over all its range, or scene-linear float, of which the
        ratios of colours stay; integers are sRGB, or of a `space`. Where `alpha_HW` (0..1) says transparent,
        nothing is changed.
        """
        if rgb.dtype.kind == "f":
            return _with_light(rgb, self._change(_seen(rgb), alpha_HW))
        luma = np.asarray(cv2.cvtColor(eight_bit(rgb), cv2.COLOR_RGB2GRAY), np.uint8)
        amount = strength(luma) if space is None else _strength_in(space, rgb, luma)
        if alpha_HW is not None:
            amount = amount * alpha_HW
        return _with_steps(rgb, amount, self._pattern_over(luma))

    def _change(self, luma: npt.NDArray[np.uint8], alpha_HW: Floats | None) -> Floats:
        """In steps of 8 bits."""
        change = strength(luma) * self._pattern_over(luma)
        return change if alpha_HW is None else change * alpha_HW

    def _pattern_over(self, luma: npt.NDArray[np.uint8]) -> Floats:
        height, width = luma.shape
        return self._drawn(width, height)

    def _draw(self, width: int, height: int) -> Floats:
        side = tile_px(width, height)
        tile = self._pattern.tile(self.number, side)
        return np.ascontiguousarray(np.tile(tile, (-(-height // side), -(-width // side)))[:height, :width])


def strength(luma: npt.NDArray[np.uint8]) -> Floats:
    """(height, width) how strong the mark may be at each pixel, in steps of an 8-bit picture."""
    height, width = luma.shape
    return _enlarged(_strength(_half(luma), width, height), width, height)


def _strength_in(space: ColorSpace, rgb: Picture, luma: npt.NDArray[np.uint8]) -> Floats:
    """`strength` in steps of numbers that are no sRGB: what may be seen, divided by how much a step is seen.

    A grade shows log footage with two or three times the contrast it has in the file, and the mark with it.
    Where the plain view shows nothing, above white, the mark is no stronger than the numbers alone allow.
    """
    height, width = luma.shape
    seen = _seen(space.light_of(_half(rgb)))
    wanted = _strength(seen, width, height)
    few = cv2.resize(as_share(rgb), _small(width, height), interpolation=cv2.INTER_AREA)
    small = np.asarray(few, np.float32)
    more, less = (_brightness(space.light_of(small + np.float32(step))) for step in (_SLOPE_STEP, -_SLOPE_STEP))
    slope = (more - less) / (2 * _SLOPE_STEP)
    own = np.minimum(wanted / np.maximum(slope, 1e-3), _strength(_half(luma), width, height))
    return _enlarged(own.astype(np.float32), width, height)


def _half(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    height, width = picture.shape[:2]
    size = max(1, width // 2), max(1, height // 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _small(width: int, height: int) -> tuple[int, int]:
    return max(1, width // _SMALL), max(1, height // _SMALL)


def _enlarged(small: Floats, width: int, height: int) -> Floats:
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _strength(half: npt.NDArray[np.uint8], width: int, height: int) -> Floats:
    """Of a frame of this size, an eighth as large; from its luma, half as large."""
    size = _small(width, height)
    detail = cv2.absdiff(half, cv2.blur(half, (5, 5))).astype(np.float32)
    activity = cv2.resize(detail, size, interpolation=cv2.INTER_AREA)
    # The least of the neighbourhood: flat parts beside an edge stay as clean as the others.
    activity = cv2.blur(cv2.erode(activity, np.ones((3, 3), np.uint8)), (3, 3))
    light = cv2.resize(half, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    base = _IN_FLAT_PARTS * np.clip(light / _DIM, _LEAST_IN_DIM_PARTS, 1)
    by_size = float(np.clip((_AVERAGE_SIDE_PX / min(height, width)) ** 0.8, _LEAST_BY_SIZE, _MOST_BY_SIZE))
    wanted = by_size * (base + _A_STEP_OF_ACTIVITY * activity)
    small = np.minimum(wanted, _STRONGEST).astype(np.float32)
    average = float(np.sqrt(np.mean(small * small)))
    return np.asarray(small * min(1.0, _STRONGEST_ON_AVERAGE / average), np.float32)


def _with_steps(rgb: Picture, amount: Floats, pattern: Floats) -> Picture:
    """What is added and what is taken away are multiplied out apart: both then fit the picture's own type."""
    depth, scale = (cv2.CV_8U, 1.0) if rgb.dtype == np.uint8 else (cv2.CV_16U, 257.0)
    more = cv2.multiply(amount, pattern, scale=scale, dtype=depth)
    less = cv2.multiply(amount, pattern, scale=-scale, dtype=depth)
    marked = cv2.subtract(cv2.add(rgb, cv2.merge([more] * 3)), cv2.merge([less] * 3))
    return np.asarray(marked, np.uint8) if rgb.dtype == np.uint8 else np.asarray(marked, np.uint16)


def _seen(linear: Picture) -> npt.NDArray[np.uint8]:
    """The luma of the sRGB view of scene-linear light."""
    return np.rint(255 * _brightness(linear)).astype(np.uint8)


def _brightness(linear: Picture) -> Floats:
    """The same, 0..1 and not rounded."""
    shown = np.fmax(linear, 0)  # what is no number, as some renderers write it, counts as black
    light = cv2.cvtColor(shown.astype(np.float32), cv2.COLOR_RGB2GRAY)
    return np.asarray(np.clip(srgb_from_linear(np.minimum(light, 1)), 0, 1), np.float32)


def _with_light(linear: Picture, change: Floats) -> Floats:
    """Scale each pixel's light so that the sRGB view of its luminance moves by `change` steps of 8 bits."""
    light = np.maximum(cv2.cvtColor(linear.astype(np.float32), cv2.COLOR_RGB2GRAY), 0)
    shown = np.asarray(srgb_from_linear(np.minimum(light, 1)))
    goal = np.asarray(linear_from_srgb(np.clip(shown + change / 255, 0, 1)))
    ratio = goal / np.maximum(np.minimum(light, 1), 1e-4)
    return np.asarray(linear * np.where(light > 1e-4, ratio, 1)[..., None], np.float32)
