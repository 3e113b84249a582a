"""Where a painted face lies in its frame, and its mask there. Not here: what it looks like (`composite`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.faces.align import warp_to_frame
from understudy.merging.blending.blend import SMALLEST_SIDE_PX, BlendFailed
from understudy.merging.masking.mask import cut_noise, faded_at_border, resized_mask
from understudy.merging.painted import Float32, Float64, PaintedFace

_SMALLEST_SHOWN_PX = 8
_RIM_PX = 2  # who looks for a mask's end must find it within the part


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

    def around(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The view of the box and half of its size on every side, as far as the picture goes."""
        wide, high = self.width // 2, self.height // 2
        return picture[max(0, self.y0 - high) : self.y1 + high, max(0, self.x0 - wide) : self.x1 + wide]

    def around_mask(self, mask_HW: Float32) -> tuple[Place, Float32]:
        """The part of the box that a mask in it covers, with a rim of nothing, and the mask there."""
        x, y, width, height = _box_of(mask_HW)
        x0, y0 = max(0, x - _RIM_PX), max(0, y - _RIM_PX)
        part = np.s_[y0 : y + height + _RIM_PX, x0 : x + width + _RIM_PX]
        mask = np.ascontiguousarray(mask_HW[part])
        high, wide = mask.shape
        box_from_paste = self.box_from_paste.copy()
        box_from_paste[:, 2] -= (x0, y0)
        x0, y0 = self.x0 + x0, self.y0 + y0
        return replace(self, x0=x0, y0=y0, x1=x0 + wide, y1=y0 + high, box_from_paste=box_from_paste), mask

    def warped(self, crop: Float32) -> Float32:
        """A crop's colours (h, w, C) laid into the box; beyond it its edge goes on, for a mask to hide."""
        return warp_to_frame(crop, self.box_from_paste, self.width, self.height, outside="edge")

    def warped_mask(self, mask_HW: Float32, *, painted_px: int) -> Float32:
        """A square mask of any size that covers the painted crop, laid into the box, 0..1; beyond it 0."""
        box_from_mask = self.box_from_paste.copy()
        box_from_mask[:, :2] *= painted_px / len(mask_HW)
        return np.clip(warp_to_frame(mask_HW, box_from_mask, self.width, self.height), 0, 1)


def place_in_frame(face: PaintedFace, frame_shape: tuple[int, ...]) -> Place:
    """The box of the frame that the face's crop touches. Raises BlendFailed where that is hardly anything."""
    side = len(face.painted_HWC)
    frame_from_paste = geometry.inverse(face.paste_from_frame)
    corners = geometry.transform_points(frame_from_paste, [[0, 0], [side, 0], [side, side], [0, side]])
    low = np.floor(corners.min(0)).astype(int)
    high = np.ceil(corners.max(0)).astype(int)
    x0, y0 = max(0, int(low[0])), max(0, int(low[1]))
    x1, y1 = min(frame_shape[1], int(high[0])), min(frame_shape[0], int(high[1]))
    if x1 - x0 < SMALLEST_SIDE_PX or y1 - y0 < SMALLEST_SIDE_PX:
        raise BlendFailed("the face lies outside the frame")
    frame_from_paste[:, 2] -= (x0, y0)
    return Place(x0, y0, x1, y1, frame_from_paste)


def mask_in_frame(face: PaintedFace, place: Place) -> Float32:
    """The soft mask in the place's box. Raises BlendFailed where it covers hardly anything."""
    if face.fills_frame:
        return np.ones((place.height, place.width), np.float32)
    return _warped(face.mask.soft_HW, face, place)


def seam_in_frame(face: PaintedFace, place: Place) -> Float32:
    """Where colours flow in, in the place's box. Raises BlendFailed where it covers hardly anything."""
    return _warped(face.mask.seam_HW, face, place)


def _warped(mask: Float32, face: PaintedFace, place: Place) -> Float32:
    shown_px = max(_SMALLEST_SHOWN_PX, round(face.side_in_frame_px))
    if shown_px < len(mask):
        # Averaging lets the zero border grow thinner than a frame's pixel, so it is put on again.
        mask = faded_at_border(resized_mask(mask, shown_px), 2)
    mask = cut_noise(place.warped_mask(mask, painted_px=len(face.painted_HWC)))
    least = SMALLEST_SIDE_PX
    if min(_box_of(mask)[2:]) < least:
        raise BlendFailed(f"the face's mask covers less than {least} x {least} pixels of the frame")
    return mask


def _box_of(mask_HW: Float32) -> tuple[int, int, int, int]:
    """x, y, width and height of what is more than 0."""
    x, y, width, height = cv2.boundingRect((mask_HW > 0).view(np.uint8))
    return x, y, width, height


def far_first(faces: Iterable[PaintedFace]) -> list[PaintedFace]:
    """Smaller faces before larger ones: whoever is nearer covers the others, in whatever order they came."""

    def nearness(face: PaintedFace) -> tuple[float, float, float]:
        place = geometry.inverse(face.paste_from_frame)[:, 2]
        return face.side_in_frame_px, float(place[0]), float(place[1])

    return sorted(faces, key=nearness)
