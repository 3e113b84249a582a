"""The order of operations, from painted faces to one finished frame. Pure.

The first half happens per face, in the crop, before the frame is composed (`painted.painted_face`):

1. dst's own face is cut out, and the model paints src in its place;
2. the mask is chosen, eroded, faded at the crop's border and feathered: here, once;
3. the colour transfer is measured, and steadied over the face's track (`painted.steadied`).

The second half is `composite`, below, and reads in its order. A step is a call into its room (`coloring`,
`blending`, `effects`); what a step does is decided there. Not here: reading, predicting, writing (`merge`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.faces.align import warp_to_frame
from understudy.merging.blending import blend
from understudy.merging.blending.options import HISTOGRAM_MODES
from understudy.merging.coloring import tone
from understudy.merging.effects.degrade import fewer_colors, plain_plate
from understudy.merging.effects.sharpen import sharpened
from understudy.merging.masking.mask import cut_noise, faded_at_border, resized_mask
from understudy.merging.options import MergeOptions
from understudy.merging.painted import Float32, Float64, Frame, PaintedFace, as_share

_SMALLEST_SHOWN_PX = 8


@dataclass(frozen=True, eq=False)
class Place:
    """Where a face lies: a box of whole frame pixels, and how its crop comes to lie in it."""

    x0: int
    y0: int
    x1: int
    y1: int
    box_from_paste: Float64  # 2 x 3: the painted crop's pixels to the box's pixels

    @property
    def width(self) -> int:
        """Of the box, in frame pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Of the box, in frame pixels."""
        return self.y1 - self.y0

    def of(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The box's view of a frame-sized picture (H, W[, C]); writing into it writes into the picture."""
        return picture[self.y0 : self.y1, self.x0 : self.x1]


class Watch(Protocol):
    """Is shown what every step made, so that it can be explained or kept as a layer."""

    def __call__(self, step: str, picture: npt.NDArray[Any], face: PaintedFace, place: Place) -> None: ...


def unwatched(step: str, picture: npt.NDArray[Any], face: PaintedFace, place: Place) -> None:
    """Nobody looks."""


def composite(
    frame_rgb: Frame, faces: Sequence[PaintedFace], options: MergeOptions, *, watch: Watch = unwatched
) -> Frame:
    """The frame with every face painted in; pixels outside all masks keep their exact values.

    uint8 and uint16 frames come out as they went in; between, all arithmetic is float32 0..1. Every face is
    made from the original frame. Smaller faces go first, so the order of `faces` does not matter. `watch` is
    shown every step's picture. Raises BlendFailed where a face has no visible mask in the frame.
    """
    result = plain_plate(frame_rgb, options)
    result = result.copy() if result is frame_rgb else result
    for face in _far_first(faces):
        place = place_in_frame(face, frame_rgb.shape)
        mask = mask_in_frame(face, place)
        watch("mask", mask, face, place)

        crop = transferred(face, options)
        watch("transferred", crop, face, place)
        crop = with_histogram(crop, face, options)
        watch("histogram", crop, face, place)
        crop = sharpened(crop, options, face_px=face.width_px)
        watch("effects", crop, face, place)

        plate = as_share(place.of(frame_rgb))
        painted = warp_to_frame(
            np.clip(crop, 0, 1), place.box_from_paste, place.width, place.height, outside="edge"
        )
        watch("warped", painted, face, place)
        painted = joined(plate, painted, mask, options)
        watch("joined", painted, face, place)

        below = as_share(place.of(result))
        blended = blend.overlay(below, painted, mask)
        watch("blended", blended, face, place)
        _put_back(place.of(result), blended, mask > 0)
    return fewer_colors(result, options)


def transferred(face: PaintedFace, options: MergeOptions) -> Float32:
    """The painted crop after its colour transfer. May leave 0..1."""
    return tone.recolored(face.painted_HWC, face.tone, options)


def with_histogram(crop_HWC: Float32, face: PaintedFace, options: MergeOptions) -> Float32:
    """The crop with the histogram of dst's own face, in the modes that ask for it."""
    return tone.with_histogram(crop_HWC, face.tone, options) if options.mode in HISTOGRAM_MODES else crop_HWC


def joined(plate_HWC: Float32, painted_HWC: Float32, mask_HW: Float32, options: MergeOptions) -> Float32:
    """The painted face as it is to be blended: in seamless modes with the plate's colours flowing in."""
    if options.mode != "seamless":
        return painted_HWC
    return np.clip(blend.seamless(plate_HWC, painted_HWC, mask_HW), 0, 1)


def place_in_frame(face: PaintedFace, frame_shape: tuple[int, ...]) -> Place:
    """The box of the frame that the face's crop touches. Raises BlendFailed where that is hardly anything."""
    side = len(face.painted_HWC)
    frame_from_paste = geometry.inverse(face.paste_from_frame)
    corners = geometry.transform_points(frame_from_paste, [[0, 0], [side, 0], [side, side], [0, side]])
    low = np.floor(corners.min(0)).astype(int)
    high = np.ceil(corners.max(0)).astype(int)
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(frame_shape[1], int(high[0])), min(frame_shape[0], int(high[1]))
    if x1 - x0 < blend.SMALLEST_SIDE_PX or y1 - y0 < blend.SMALLEST_SIDE_PX:
        raise blend.BlendFailed("the face lies outside the frame")
    frame_from_paste[:, 2] -= (x0, y0)
    return Place(x0, y0, x1, y1, frame_from_paste)


def mask_in_frame(face: PaintedFace, place: Place) -> Float32:
    """The soft mask in the place's box. Raises BlendFailed where it covers hardly anything."""
    mask = face.mask_HW
    shown_px = max(_SMALLEST_SHOWN_PX, round(face.side_in_frame_px))
    if shown_px < len(mask):
        # Averaging lets the zero border grow thinner than a frame's pixel, so it is put on again.
        mask = faded_at_border(resized_mask(mask, shown_px), 2)
    box_from_mask = place.box_from_paste.copy()
    box_from_mask[:, :2] *= len(face.painted_HWC) / len(mask)
    mask = cut_noise(np.clip(warp_to_frame(mask, box_from_mask, place.width, place.height), 0, 1))
    rows, columns = np.nonzero(mask)
    least = blend.SMALLEST_SIDE_PX
    if not rows.size or np.ptp(rows) + 1 < least or np.ptp(columns) + 1 < least:
        raise blend.BlendFailed(f"the face's mask covers less than {least} x {least} pixels of the frame")
    return mask


def _put_back(view: npt.NDArray[Any], blended_HWC: Float32, inside: npt.NDArray[np.bool_]) -> None:
    """Write inside pixels alone, in the frame's own depth."""
    most = float(np.iinfo(view.dtype).max)
    view[inside] = np.rint(blended_HWC * most).astype(view.dtype)[inside]


def _far_first(faces: Iterable[PaintedFace]) -> list[PaintedFace]:
    def nearness(face: PaintedFace) -> tuple[float, float, float]:
        place = geometry.inverse(face.paste_from_frame)[:, 2]
        return face.side_in_frame_px, float(place[0]), float(place[1])

    return sorted(faces, key=nearness)
