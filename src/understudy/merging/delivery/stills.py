"""One frame of the finished shot as the bytes of an image file: PNG, 16-bit TIFF, or EXR with named layers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid
from understudy.media.clip import ClipInfo
from understudy.media.color_spaces import ColorSpace
from understudy.media.exr import encode_exr
from understudy.media.images import eight_bit, encode_png, scene_linear, sixteen_bit
from understudy.media.matrices import resolved_tags
from understudy.media.timecode import advanced
from understudy.merging.delivery.marking import carries_source_type
from understudy.merging.delivery.options import EncodeOptions, ImageFormat
from understudy.merging.delivery.shown import Shown, Window, premultiplied_face
from understudy.provenance.xmp import EXR_ATTRIBUTE, SOURCE_TYPE

SUFFIXES: dict[ImageFormat, str] = {"png": ".png", "png16": ".png", "tiff": ".tif", "exr": ".exr"}
# Code points of ITU-T H.273, tables 2 and 3.
_D65 = (0.3127, 0.3290)
_CHROMATICITIES: dict[int, tuple[float, ...]] = {
    1: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65),
    5: (0.640, 0.330, 0.290, 0.600, 0.150, 0.060, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}
_OTHER_CURVES = {9: "logarithmic", 10: "logarithmic", 16: "PQ (HDR)", 18: "HLG (HDR)"}
_LZW = [cv2.IMWRITE_TIFF_COMPRESSION, 5]


def format_for(options: EncodeOptions, info: ClipInfo) -> ImageFormat:
    """What is asked for, or what suits dst: EXR where it is scene-linear, else PNG."""
    return options.images or ("exr" if info.scene_linear else "png")


def still_of(
    shown: Shown,
    kind: ImageFormat,
    info: ClipInfo,
    options: EncodeOptions,
    *,
    space: ColorSpace | None = None,
) -> bytes:
    """The file of one frame. PNG and TIFF have straight alpha, EXR premultiplied, each as the format has it.

    PNG and TIFF have the clip's own numbers, EXR light: of integers by `space`, without one by sRGB's curve.
    """
    if kind == "exr":
        return _exr(shown, info, options, None if info.scene_linear else space)
    deep = kind != "png" or shown.rgb.dtype != np.uint8
    rgb = sixteen_bit(shown.rgb) if deep else eight_bit(shown.rgb)
    if shown.alpha_HW is None and kind != "tiff":
        return encode_png(rgb)
    stored: npt.NDArray[Any] = rgb[..., ::-1]
    if shown.alpha_HW is not None:
        most = float(np.iinfo(rgb.dtype.name).max)
        stored = np.dstack([stored, np.rint(shown.alpha_HW * most).astype(rgb.dtype)])
    ending, flags = (".tif", _LZW) if kind == "tiff" else (".png", [])
    well, data = cv2.imencode(ending, np.ascontiguousarray(stored), flags)
    if not well:
        raise ValueError(f"no {ending} can be made of {stored.dtype} {stored.shape}")
    return data.tobytes()


def require_known_curve(info: ClipInfo, space: ColorSpace | None, *, project: str) -> None:
    """Raise OptionInvalid for footage whose curve is far from sRGB's and not said: its light would be wrong.
    `project` is how commands that are said name the project."""
    if space is None and not info.scene_linear and (name := _OTHER_CURVES.get(info.color.transfer)):
        command = shlex.join(["understudy", "add", project, "--dst", str(info.path), "--color-space", "NAME"])
        raise OptionInvalid(
            f"dst is {name}, and EXR is made with sRGB's curve, so its light would be wrong. Say dst's colour "
            f"space with `{command}`, or take --images png16 or tiff, which keep the numbers.",
            info.path,
        )


def _chromaticities(info: ClipInfo, space: ColorSpace | None) -> tuple[float, ...] | None:
    """Of dst's primaries; None where they aren't known. Those that EXR files say go on."""
    if info.scene_linear:
        return info.chromaticities
    if info.kind == "images" or space is not None:  # a colour space's light has Rec.709's
        return _CHROMATICITIES[1]
    return _CHROMATICITIES.get(resolved_tags(info.color, lines=info.height).primaries)


def _exr(shown: Shown, info: ClipInfo, options: EncodeOptions, space: ColorSpace | None) -> bytes:
    """Scene-linear: the picture, and beside it plate, face and mask where the merge kept masks."""
    light = scene_linear if space is None else space.light_of
    layers: dict[str, npt.NDArray[np.floating[Any]]] = {}
    if options.content == "mask":
        layers[""] = light(shown.rgb) if shown.mask_HW is None else np.repeat(shown.mask_HW[..., None], 3, 2)
    elif options.content == "face" and shown.alpha_HW is not None:
        straight = shown.rgb
        finished = _laid_over(straight, shown)
        layers[""] = premultiplied_face(light(finished), light(shown.plate), shown.alpha_HW)
    else:
        picture, plate = light(shown.rgb), light(shown.plate)
        layers |= {"": picture, "plate": plate}
        if shown.mask_HW is not None:
            layers["face"] = premultiplied_face(picture, plate, shown.mask_HW)
            layers["mask"] = shown.mask_HW
    about = {"frame": shown.index, "swapped": shown.swapped, **_curve_of(info, space), **transform_of(shown)}
    source = {EXR_ATTRIBUTE: SOURCE_TYPE} if shown.swapped and carries_source_type(options) else {}
    return encode_exr(
        layers,
        half=info.bit_depth <= 16,
        metadata={"understudy": json.dumps(about), **source},
        pixel_aspect=float(info.pixel_aspect),
        frames_per_second=info.rate,
        timecode=advanced(info.timecode, shown.index, info.rate),
        chromaticities=_chromaticities(info, space),
    )


def _curve_of(info: ClipInfo, space: ColorSpace | None) -> dict[str, str]:
    return {} if info.scene_linear else {"made_linear_with": "sRGB" if space is None else space.name}


def _laid_over(straight: npt.NDArray[Any], shown: Shown) -> npt.NDArray[Any]:
    assert shown.alpha_HW is not None
    alpha = shown.alpha_HW[..., None]
    mixed = straight * alpha + shown.plate * (1 - alpha)
    return mixed.astype(np.float32) if straight.dtype.kind == "f" else np.rint(mixed).astype(straight.dtype)


def transform_of(shown: Shown) -> dict[str, Any]:
    """Where the window lies: corner and size in pixels from the frame's upper left corner, and a matrix.

    Also the crop of every painted face.
    """
    return place_of(shown.window, shown.crops)


def place_of(window: Window | None, crops: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The same of a window, where there is one, and of the crops in its frame."""
    told: dict[str, Any] = {"faces": list(crops)} if crops else {}
    if window is not None:
        x, y, width, height = window.x, window.y, window.width, window.height
        told |= {
            "window": {"x": x, "y": y, "width": width, "height": height},
            "frame_from_window": [[1, 0, x], [0, 1, y]],
        }
    return told
