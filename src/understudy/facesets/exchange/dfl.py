"""DeepFaceLab's fields of a face, of every era from 2018 to 2022, as a `ForeignFace`.

Fields that an era lacks are worked out from the others: where the crop lies from the landmarks in both places,
the landmarks in the frame from the crop. A face that knows nothing of its frame has its crop for one.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from understudy.errors import ExchangeUnreadable, ImageUnreadable
from understudy.facesets.exchange.dfl_carriers import carried, read_values, without_data
from understudy.facesets.exchange.foreign import (
    MOST_CORNERS,
    Array,
    ForeignFace,
    ForeignMask,
    ForeignPolygon,
    UInt8,
    checked_box,
    checked_name,
    checked_number,
    checked_points,
    checked_transform,
)
from understudy.facesets.exchange.grids import points_from_theirs, transform_between, transform_from_theirs
from understudy.geometry import FaceType, inverse, resized_crop, transform_points
from understudy.media.images import decode_image

# How they are written, and the numbers that stand for them in a pak.
FACE_TYPE_OF: dict[str, FaceType] = {
    "half_face": "half",
    "midfull_face": "mid-full",
    "full_face": "full",
    "full_face_no_align": "full-no-align",
    "whole_face": "whole",
    "head": "head",
    "head_no_align": "head-no-align",
    "mark_only": "mark-only",
}
TYPE_NUMBER: dict[str, int] = {
    "half_face": 0,
    "midfull_face": 1,
    "full_face": 2,
    "full_face_no_align": 3,
    "whole_face": 4,
    "head": 10,
    "head_no_align": 20,
    "mark_only": 100,
}
_MASKS = {"xseg_mask": "xseg", "fanseg_mask": "fanseg"}
_POLYGONS = ("seg_ie_polys", "ie_polys")
_LARGEST_MASK_PX = 1024


def read_face(image: bytes, name: str, values: dict[str, Any] | None = None) -> ForeignFace:
    """The face in a JPEG or PNG of DeepFaceLab; `values` where its data lies elsewhere (pak, meta.dat).

    Raises UnsafeFile, ExchangeUnreadable and ImageUnreadable.
    """
    if values is None:
        pickled = carried(image)
        if pickled is None:
            raise ExchangeUnreadable("This picture holds no face data of DeepFaceLab.")
        values = read_values(pickled)
    height, width = decode_image(image).shape[:2]
    return face_of(values, without_data(image), name, width=width, height=height)


def face_of(values: dict[str, Any], image: bytes, name: str, *, width: int, height: int) -> ForeignFace:
    """The face that DeepFaceLab's fields describe, whose picture has the given size."""
    face_type = _face_type(values.get("face_type", "full_face"))
    if face_type == "mark-only":
        return _whole_frame(values, image, name, width=width, height=height)
    if width != height:
        raise ExchangeUnreadable(f"A face's picture is square; this one is {width} x {height} pixels.")
    saved_side = _saved_side(values, width)
    scale = width / saved_side
    crop_from_frame, landmarks, knows_frame = _placed(values)
    crop_from_frame = crop_from_frame * scale
    frame_from_crop = inverse(crop_from_frame)
    return ForeignFace(
        name=checked_name(name),
        source_name=checked_name(values.get("source_filename"), "frame's name"),
        number=_number_in(name),
        landmarks_68=landmarks,
        box_xyxy=checked_box(values.get("source_rect") if knows_frame else None, landmarks),
        image=image,
        size_px=width,
        crop_from_frame=crop_from_frame,
        face_type=face_type,
        frame_known=knows_frame,
        frame_size=(0, 0) if knows_frame else (round(saved_side), round(saved_side)),
        polygons=_polygons(values, frame_from_crop, scale),
        masks=_masks(values, crop_from_frame, width),
        brows_up=checked_number(values.get("eyebrows_expand_mod"), 1.0, low=-4, high=4),
        person_name=checked_name(values.get("person_name"), "person's name"),
    )


def _face_type(value: Any) -> FaceType | None:
    """None for a type that only one version had; its crop says how much it shows."""
    if isinstance(value, str):
        return FACE_TYPE_OF.get(value)
    name = next((name for name, number in TYPE_NUMBER.items() if type(value) is int and number == value), None)
    return FACE_TYPE_OF[name] if name else None


def _saved_side(values: dict[str, Any], width: int) -> float:
    """The side that the landmarks were written for; a picture may have been made larger or smaller since."""
    shape = values.get("shape")
    if isinstance(shape, list | tuple) and len(shape) >= 2 and all(type(n) is int for n in shape[:2]):
        if shape[0] != shape[1] or not 0 < shape[0] <= 16384:
            raise ExchangeUnreadable("This face's picture was not square when it was saved.")
        return float(shape[0])
    return float(width)


def _placed(values: dict[str, Any]) -> tuple[Array, Array, bool]:
    """crop_from_frame, landmarks in the frame, and whether the frame is known."""
    in_crop = values.get("landmarks")
    in_frame = values.get("source_landmarks")
    matrix = values.get("image_to_face_mat")
    if in_crop is not None:
        in_crop = checked_points(in_crop, "landmarks", count=68)
    if in_frame is not None:
        in_frame = checked_points(in_frame, "landmarks in the frame", count=68)
    if matrix is not None:
        matrix = checked_transform(matrix, "transform")
    if in_frame is not None and in_crop is not None:
        # Faces that were resized kept their old transform, so the landmarks have the last word.
        off_px = np.inf if matrix is None else np.abs(transform_points(matrix, in_frame) - in_crop).max()
        matrix = matrix if off_px < 1.0 else _fitted(in_frame, in_crop)
    if in_frame is None and matrix is not None and in_crop is not None:
        in_frame = transform_points(inverse(matrix), in_crop)
    if in_frame is not None and matrix is not None:
        return transform_from_theirs(matrix), points_from_theirs(in_frame), True
    if in_crop is None:
        raise ExchangeUnreadable("This face has no landmarks.")
    return np.array([[1.0, 0, 0], [0, 1.0, 0]]), points_from_theirs(in_crop), False


def _fitted(in_frame: Array, in_crop: Array) -> Array:
    try:
        matrix = transform_between(in_frame, in_crop)
    except ValueError:
        raise ExchangeUnreadable("This face's landmarks lie on one line.") from None
    return checked_transform(matrix, "place in the frame")


def _whole_frame(values: dict[str, Any], image: bytes, name: str, *, width: int, height: int) -> ForeignFace:
    """A marked face: the picture is the whole frame."""
    points = values.get("source_landmarks")
    points = checked_points(values.get("landmarks") if points is None else points, "landmarks", count=68)
    landmarks = points_from_theirs(points)
    identity = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    return ForeignFace(
        name=checked_name(name),
        source_name=checked_name(values.get("source_filename"), "frame's name"),
        number=_number_in(name),
        landmarks_68=landmarks,
        box_xyxy=checked_box(values.get("source_rect"), landmarks),
        image=image,
        size_px=max(width, height),
        crop_from_frame=identity,
        face_type="mark-only",
        frame_size=(width, height),
        polygons=_polygons(values, identity, 1.0),
        brows_up=checked_number(values.get("eyebrows_expand_mod"), 1.0, low=-4, high=4),
    )


def _number_in(name: str) -> int:
    """Which face of its frame: the `_1` of `00012_1.jpg`."""
    digits = name.rpartition(".")[0].rpartition("_")[2]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 3 and "_" in name else 0


def _polygons(values: dict[str, Any], frame_from_crop: Array, scale: float) -> list[ForeignPolygon]:
    """Regions of the XSeg editor (2020 on) or the mask editor (2019), moved into the frame."""
    found = next((values[key] for key in _POLYGONS if values.get(key) is not None), [])
    if isinstance(found, dict):
        found = found.get("polys", [])
    if not isinstance(found, list | tuple) or len(found) > MOST_CORNERS:
        raise ExchangeUnreadable("This face's polygons are no list.")
    polygons = []
    for entry in found:
        if isinstance(entry, dict):
            kind, points = entry.get("type"), entry.get("pts")
        elif isinstance(entry, list | tuple) and len(entry) == 2:
            kind, points = entry
        else:
            raise ExchangeUnreadable("This face has a polygon without a kind or corners.")
        if points is None or not isinstance(points, list | tuple | np.ndarray) or len(points) < 3:
            continue  # begun in the editor and never closed
        if kind not in (0, 1):
            raise ExchangeUnreadable("This face has a polygon of an unknown kind.")
        corners = points_from_theirs(checked_points(points, "polygons")) * scale
        polygons.append(ForeignPolygon(kind == 1, transform_points(frame_from_crop, corners)))
    # Includes are filled first, then excludes are taken away.
    return sorted(polygons, key=lambda polygon: not polygon.included)


def _masks(values: dict[str, Any], crop_from_frame: Array, size_px: int) -> dict[str, ForeignMask]:
    masks = {}
    compressed = values.get("xseg_mask_compressed")
    for key, name in _MASKS.items():
        value = values.get(key)
        value = compressed if value is None and key == "xseg_mask" else value
        if value is not None:
            grey = decode_mask(value)
            matrix = resized_crop(crop_from_frame, from_px=size_px, to_px=len(grey))
            masks[name] = ForeignMask(grey, matrix)
    return masks


def decode_mask(value: Any) -> UInt8:
    """An applied mask, (n, n) uint8, from the bytes of an image file or from its plain numbers."""
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 1:
        value = value.tobytes()
    if isinstance(value, bytes):
        try:
            grey = decode_image(value)[:, :, 0]
        except ImageUnreadable:
            raise ExchangeUnreadable("This face's mask is damaged.") from None
    elif isinstance(value, np.ndarray) and value.ndim in (2, 3) and value.size:
        plane = value.reshape(*value.shape[:2], -1)[:, :, 0]
        top = 255.0 if plane.dtype == np.uint8 else 1.0
        grey = np.round(np.clip(np.nan_to_num(plane.astype(float)) / top, 0, 1) * 255).astype(np.uint8)
    else:
        raise ExchangeUnreadable("This face's mask is no picture.")
    side = min(_LARGEST_MASK_PX, max(grey.shape))
    if grey.shape != (side, side):
        grey = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(grey, np.uint8)
