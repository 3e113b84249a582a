"""The numbers that blending works on: encoded ones, as screens and models see them, or linear light.

A frame of integers is encoded (taken for sRGB); a frame of floats is scene-linear and may exceed 1. Models only
know 0..1 encoded; what a float frame has beyond that is kept beside and given back. Not here: HDR and log
curves (`curves`), other primaries (`media`).
"""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import as_share, linear_from_srgb, srgb_from_linear
from understudy.media.images import scene_linear, sixteen_bit

Float32 = npt.NDArray[np.float32]
LightName = Literal["encoded", "linear"]
Picture = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]


def in_light(frame: npt.NDArray[Any], light: LightName) -> Float32:
    """A frame, or a part of one, in the light that is worked in. Floats are not clipped."""
    if light == "linear":
        return scene_linear(frame)
    return srgb_from_linear(frame) if frame.dtype.kind == "f" else as_share(frame)


def from_encoded(picture: Float32, light: LightName) -> Float32:
    """What a model or a colour transfer made, in the light that is worked in."""
    return picture if light == "encoded" else linear_from_srgb(picture)


def to_encoded(picture: Float32, light: LightName) -> Float32:
    """The inverse of `from_encoded`."""
    return picture if light == "encoded" else srgb_from_linear(picture)


def stored(picture: Float32, light: LightName, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A picture as its frame has it: integers rounded and clipped, floats scene-linear and unclipped."""
    if dtype.kind == "f":
        return (picture if light == "linear" else linear_from_srgb(picture)).astype(dtype)
    steps = np.clip(to_encoded(picture, light), 0, 1)
    steps *= np.float32(np.iinfo(dtype).max)
    return np.rint(steps, out=steps).astype(dtype)


def lay_in(below: npt.NDArray[Any], picture: npt.NDArray[Any], inside_HW: npt.NDArray[np.bool_]) -> None:
    """Put the pixels of a picture into another of its type, or into a part of one, where it is to show."""
    cv2.copyTo(picture, inside_HW.view(np.uint8), below)  # numpy takes ten times as long


def shown(picture: Float32, like: npt.NDArray[Any]) -> Float32:
    """A painted picture kept within what a frame like this can show: 0..1, or from 0 up for floats."""
    return np.clip(picture, 0, None if like.dtype.kind == "f" else 1).astype(np.float32, copy=False)


def beyond_sight(frame: npt.NDArray[Any]) -> Float32 | None:
    """The part of scene-linear light that a model can't see, above 1 or below 0; None where there is none.

    A lamp's reflection on dst's face is brighter than white. The model paints it as white at most, so what is
    missing is the scene's own light, and it is added to the painted face again.
    """
    if frame.dtype.kind != "f":
        return None
    rest = (frame - np.clip(frame, 0, 1)).astype(np.float32)
    return rest if rest.any() else None


def with_rest(picture: Float32, rest: Float32 | None, light: LightName) -> Float32:
    """A picture with scene-linear light added to it."""
    if rest is None:
        return picture
    if light == "linear":
        return picture + rest
    return srgb_from_linear(linear_from_srgb(picture) + rest)


def sight(frame: npt.NDArray[Any]) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """A frame as a model can see it: integers as they are, floats encoded, clipped, in 16 bits."""
    return sixteen_bit(frame) if frame.dtype.kind == "f" else frame
