"""The raw modes: what the model painted and its mask, as they are, for work in another program.

No erode, no feather, no colour transfer, no effects; the square's edge is as hard as a pixel can show it. Every
maker takes the frame and its faces and gives a picture, whatever the light; `watch` is shown the squares in
`light`. Not here: the modes that make finished frames (`composite`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.color import linear_from_srgb
from understudy.merging.blending.blend import overlay
from understudy.merging.blending.options import Mode
from understudy.merging.light import Float32, LightName, Picture, as_share, from_encoded, lay_in, stored
from understudy.merging.masking.mask import resized_mask
from understudy.merging.painted import PaintedFace
from understudy.merging.place import Place, far_first, place_in_frame
from understudy.merging.watching import Watch


def raw_rgb(frame: Picture, faces: Sequence[PaintedFace], light: LightName, watch: Watch) -> Picture:
    """The frame with the full painted squares laid over it."""
    result = frame.copy()
    for face in far_first(faces):
        place = place_in_frame(face, frame.shape)
        square, painted = _shown_square(face, place, light, watch)
        view = place.of(result)
        if frame.dtype.kind == "f":
            blended = overlay(view, linear_from_srgb(painted), square)
        else:
            blended = stored(overlay(as_share(view), painted, square), "encoded", frame.dtype)
        lay_in(view, blended, square > 0)
    return result


def raw_predict(frame: Picture, faces: Sequence[PaintedFace], light: LightName, watch: Watch) -> Picture:
    """The model's own square of the nearest face, as large as the model paints."""
    nearest = far_first(faces)[-1]
    size_px = len(nearest.painted_HWC)
    place = Place(0, 0, size_px, size_px, np.eye(2, 3))
    watch("mask", resized_mask(nearest.mask.area_HW, size_px), nearest, place)
    watch("square", np.ones((size_px, size_px), np.float32), nearest, place)
    watch("joined", from_encoded(nearest.painted_HWC, light), nearest, place)
    return stored(nearest.painted_HWC, "encoded", frame.dtype)


def raw_mask(frame: Picture, faces: Sequence[PaintedFace], light: LightName, watch: Watch) -> Picture:
    """The chosen masks, neither eroded nor feathered, white on black, as large as the frame."""
    together = np.zeros(frame.shape[:2], np.float32)
    for face in far_first(faces):
        place = place_in_frame(face, frame.shape)
        view = place.of(together)
        mask = _raw_mask(face, place)
        watch("mask", mask, face, place)
        view[...] = mask + view * (1 - mask)
    grey = np.repeat(together[..., None], 3, axis=-1)
    return grey if frame.dtype.kind == "f" else stored(grey, "encoded", frame.dtype)


def raw_layers(frame: Picture, faces: Sequence[PaintedFace], light: LightName, watch: Watch) -> Picture:
    """The frame as it is; the painted squares and their masks are kept as layers beside it."""
    for face in far_first(faces):
        _shown_square(face, place_in_frame(face, frame.shape), light, watch)
    return frame.copy()


RAW_MODES: dict[Mode, Callable[[Picture, Sequence[PaintedFace], LightName, Watch], Picture]] = {
    "raw-rgb": raw_rgb,
    "raw-predict": raw_predict,
    "raw-mask": raw_mask,
    "raw-layers": raw_layers,
}


def blank(mode: Mode, *, like: npt.NDArray[Any], crop_px: int) -> Picture | None:
    """What stands where a frame has no face: black for a crop or a mask, None where dst's own frame will do."""
    if mode == "raw-mask":
        return np.zeros_like(like)
    return np.zeros((crop_px, crop_px, 3), like.dtype) if mode == "raw-predict" else None


def _shown_square(face: PaintedFace, place: Place, light: LightName, watch: Watch) -> tuple[Float32, Float32]:
    """How much of every pixel of the box the square covers, and its colours there, encoded."""
    side_px = len(face.painted_HWC)
    square = place.warped_mask(np.ones((side_px, side_px), np.float32), painted_px=side_px)
    painted = place.warped(face.painted_HWC)
    watch("mask", _raw_mask(face, place), face, place)
    watch("square", square, face, place)
    watch("joined", from_encoded(painted, light), face, place)
    return square, painted


def _raw_mask(face: PaintedFace, place: Place) -> Float32:
    return place.warped_mask(face.mask.area_HW, painted_px=len(face.painted_HWC))
