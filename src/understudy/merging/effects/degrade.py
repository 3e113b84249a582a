"""Make the frame as plain as the face: less noise, less detail, fewer colours.

Frames are uint8, uint16 or scene-linear float32 (0..1 or beyond) and come out as they went in; an effect that
is off gives back the very frame. Not here: effects on the painted face (`sharpen`, `motion_blur`, `grain`).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from understudy.color import linear_from_srgb, srgb_from_linear
from understudy.merging.effects.options import EffectOptions

Frame = npt.NDArray[Any]

_COLORS = 256


def plain_plate(frame_HWC: Frame, options: EffectOptions) -> Frame:
    """The frame that the face goes into: denoised, then softened, as far as `options` say."""
    frame = frame_HWC
    if options.plate_denoise > 0:
        frame = softened(frame, passes=options.plate_denoise)
    if options.plate_bicubic > 0:
        frame = _smaller_and_back(frame, options.plate_bicubic)
    return frame


def softened(picture: npt.NDArray[Any], *, passes: float) -> npt.NDArray[Any]:
    """Medians of 5 x 5 pixels, one after another, the last in part. Keeps edges; uint8, uint16 or float32."""
    while passes > 0:
        median = cv2.medianBlur(picture, 5)
        if passes < 1:
            return cv2.addWeighted(picture, 1 - passes, median, passes, 0).astype(picture.dtype)
        picture, passes = median, passes - 1
    return picture


def fewer_colors(frame_HWC: Frame, options: EffectOptions) -> Frame:
    """The frame, mixed with itself in a palette of its own.

    The palette is Pillow's octree with dithering, on 8 encoded bits; its colours lie on a grid and so flicker
    less than those of a median cut. Only the change is added, in encoded light, so a deep frame keeps its finer
    steps and a scene-linear one what is beyond white.
    """
    if options.color_degrade <= 0:
        return frame_HWC
    if frame_HWC.dtype.kind == "f":
        encoded = srgb_from_linear(np.clip(frame_HWC, 0, 1))
        changed = encoded + np.float32(options.color_degrade) * _change_to_palette(encoded)
        return (frame_HWC + (linear_from_srgb(changed) - linear_from_srgb(encoded))).astype(frame_HWC.dtype)
    white = float(np.iinfo(frame_HWC.dtype).max)
    changed = frame_HWC + np.float32(options.color_degrade * white) * _change_to_palette(frame_HWC / white)
    return np.clip(np.rint(changed), 0, white).astype(frame_HWC.dtype)


def _change_to_palette(encoded_HWC: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """What to add to encoded values 0..1, seen in 8 bits, to have only the colours of their palette."""
    shown = np.rint(encoded_HWC * 255).astype(np.uint8)
    picture = Image.fromarray(shown)
    palette = picture.quantize(_COLORS, method=Image.Quantize.FASTOCTREE)
    degraded = np.asarray(picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB"))
    return (degraded.astype(np.float32) - shown) / np.float32(255)


def _smaller_and_back(frame_HWC: Frame, share: float) -> Frame:
    height, width = frame_HWC.shape[:2]
    small = (max(1, round(width * (1 - share))), max(1, round(height * (1 - share))))
    # Averaged on the way down, so that nothing aliases and crawls; cubic on the way up.
    less = cv2.resize(frame_HWC, small, interpolation=cv2.INTER_AREA)
    back = cv2.resize(less, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.maximum(back, 0).astype(frame_HWC.dtype) if frame_HWC.dtype.kind == "f" else back
