"""A visible label in a corner, for footage that must say on its face what it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import as_share, linear_from_srgb, srgb_from_linear
from understudy.media.clip import Float32, Picture
from understudy.media.color_spaces import ColorSpace
from understudy.merging.delivery.options import EncodeOptions, LabelPlace

_SMALLEST_PX = 10
_WEIGHT = 400  # as in CSS: regular
_DARK = 0.45  # how much the ground under the words is darkened


class Label:
    """Words drawn once and laid over many frames of one size. Nothing is drawn for no words.

    They are as white as a page in whatever `space` the frames are; without one it is sRGB, of floats linear
    light.
    """

    def __init__(
        self, options: EncodeOptions, *, width: int, height: int, space: ColorSpace | None = None
    ) -> None:
        self._space = space
        self._cover: npt.NDArray[np.float32] | None = None
        self._seconds = options.label_seconds
        words = options.label_words()
        if not words:
            return
        # OpenCV's own font has the letters of all languages; Pillow's lacks accents.
        font = cv2.FontFace("sans")
        size = _fitting_size(words, round(options.label_size * height), font, width)
        _, _, wide, _ = cv2.getTextSize((0, 0), words, (0, 0), font, size, weight=_WEIGHT)
        left, top = _place(options.label_place, wide, size, (width, height))
        foot = (left, top + size)
        picture = np.zeros((height, width), np.uint8)
        cv2.putText(picture, words, foot, (255,), font, size, weight=_WEIGHT)
        x, y, wide, high = cv2.getTextSize((0, 0), words, foot, font, size, weight=_WEIGHT)
        pad = size // 3
        x0, y0 = max(0, x - pad), max(0, y - pad)
        x1, y1 = min(width, x + wide + pad), min(height, y + high + pad)
        self._box = (slice(y0, y1), slice(x0, x1))
        self._cover = picture[self._box].astype(np.float32)[..., None] / np.float32(255)

    def drawn(self, rgb: Picture, *, time_s: float = 0.0) -> Picture:
        """The frame with the label, in the depth it came in: white words on darkened ground.

        `time_s` counts from the clip's start.
        """
        if self._cover is None or (self._seconds and time_s >= self._seconds):
            return rgb
        out = rgb.copy()
        # A log curve's greatest number is a hundred times as bright as white, and PQ's blinds.
        ground = np.clip(_seen(rgb[self._box], self._space), 0, 1) * np.float32(1 - _DARK)
        out[self._box] = _own(ground * (1 - self._cover) + self._cover, rgb.dtype, self._space)
        return out


def _seen(picture: Picture, space: ColorSpace | None) -> Float32:
    """The sRGB view, unclipped."""
    if space is None and picture.dtype.kind != "f":
        return as_share(picture)
    return srgb_from_linear(picture if space is None else space.light_of(picture))


def _own(seen: Float32, dtype: np.dtype[Any], space: ColorSpace | None) -> Picture:
    """The inverse."""
    if space is not None:
        return space.from_light(linear_from_srgb(seen), dtype)
    if dtype.kind == "f":
        return linear_from_srgb(seen)
    return np.rint(seen * np.float32(np.iinfo(dtype).max)).astype(dtype)


def _fitting_size(words: str, wanted_px: int, font: cv2.FontFace, frame_px: int) -> int:
    """Smaller letters where the words and a letter's height beside them are wider than the frame."""
    size = max(_SMALLEST_PX, wanted_px)
    _, _, wide, _ = cv2.getTextSize((0, 0), words, (0, 0), font, size, weight=_WEIGHT)
    return max(_SMALLEST_PX, min(size, int(frame_px / (wide / size + 2))))


def _place(place: LabelPlace, wide_px: int, size_px: int, frame: tuple[int, int]) -> tuple[int, int]:
    """The upper left corner of the words, a letter's height from the frame's edges."""
    width, height = frame
    left = {"left": size_px, "right": width - size_px - wide_px, "middle": (width - wide_px) // 2}
    top = size_px if place.startswith("upper") else height - 2 * size_px
    return max(0, left[place.partition("-")[2]]), top
