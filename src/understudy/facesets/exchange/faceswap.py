"""faceswap's faces: one entry of an alignments file or of a face's PNG header, as a `ForeignFace` and back.

Landmarks are in frame pixels. Saved face pictures are always centred on the head; where that lies follows from
the landmarks (`head_crop`).
"""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np

from understudy.errors import ExchangeUnreadable
from understudy.facesets.exchange.foreign import (
    FARTHEST_PX,
    Array,
    ForeignFace,
    ForeignMask,
    checked_box,
    checked_name,
    checked_points,
    checked_transform,
)
from understudy.facesets.exchange.grids import points_for_them, points_from_theirs, transform_from_theirs
from understudy.geometry import MEAN_FACE_51_IN_UNIT, similarity_fit, transform_points

_MOST_MASK_PX = 1024
_MOST_MASKS = 32
# Its mean face is the common one moved so that the nose's bridge stands in the middle.
_MEAN_FACE = MEAN_FACE_51_IN_UNIT + np.array([0.009873, 0.0])
_HEAD_PADDING = 0.625
# A head in space, x to the image's right, y up, z towards the camera: ends of the brows, corners of the eyes,
# sides of the nose, corners of the mouth, its lower edge and the chin, of the usual anthropometric model of 14
# points, with their places among the 68.
_SPACE = np.array(
    [
        (6.825897, 6.760612, 4.402142), (1.330353, 7.122144, 6.903745), (-1.330353, 7.122144, 6.903745),
        (-6.825897, 6.760612, 4.402142), (5.311432, 5.485328, 3.987654), (1.789930, 5.393625, 4.413414),
        (-1.789930, 5.393625, 4.413414), (-5.311432, 5.485328, 3.987654), (2.005628, 1.409845, 6.165652),
        (-2.005628, 1.409845, 6.165652), (2.774015, -2.080775, 5.048531), (-2.774015, -2.080775, 5.048531),
        (0.0, -3.116408, 6.097667), (0.0, -7.415691, 4.070434),
    ]
)  # fmt: skip
_AMONG_68 = [26, 22, 21, 17, 45, 42, 39, 36, 35, 31, 54, 48, 57, 8]
_MIDDLE_OF_SKULL = np.array([[0.0, 0.0, -2.3]])
_FOCAL = 4.0


def face_of(entry: Any, *, name: str, source_name: str, number: int) -> ForeignFace:
    """The face of one entry, to be cut from its frame. Raises ExchangeUnreadable."""
    if not isinstance(entry, dict):
        raise ExchangeUnreadable("This face is no table of faceswap's fields.")
    landmarks = landmarks_of(entry.get("landmarks_xy", entry.get("landmarksXY")))
    masks = entry.get("mask") or {}
    if not isinstance(masks, dict) or len(masks) > _MOST_MASKS:
        raise ExchangeUnreadable("This face's masks are no table.")
    return ForeignFace(
        name=checked_name(name),
        source_name=checked_name(source_name, "frame's name"),
        number=number,
        landmarks_68=landmarks,
        box_xyxy=checked_box(_corners(entry), landmarks),
        masks={checked_name(key, "mask's name"): read_mask(mask) for key, mask in masks.items()},
    )


def landmarks_of(points: Any) -> Array:
    """68 landmarks, ours, of the 68 or 98 that an entry holds. Raises ExchangeUnreadable for other sets."""
    if isinstance(points, list | tuple | np.ndarray) and len(points) == 98:
        return points_from_theirs(_of_98(checked_points(points, "landmarks", count=98)))
    return points_from_theirs(checked_points(points, "landmarks", count=68))


def _of_98(points: Array) -> Array:
    """The 68 points nearest in meaning to the 98 of the WFLW layout."""
    jaw = points[:33].copy()
    jaw[2:32:2] = points[2:32:2] / 2 + (points[1:31:2] + points[3:33:2]) / 4
    jaw[16] = points[16]
    right = [points[33], *(points[[a, b]].mean(0) for a, b in ((34, 41), (35, 40), (36, 39), (37, 38)))]
    left = [*(points[[a, b]].mean(0) for a, b in ((42, 50), (43, 49), (44, 48), (45, 47))), points[46]]
    eyes = [60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75]
    return np.concatenate([jaw[::2], right, left, points[51:60], points[eyes], points[76:96]])


def _corners(entry: dict[str, Any]) -> list[float] | None:
    sides = [entry.get(key) for key in "xywh"]
    if not all(type(side) in (int, float) and abs(side) <= FARTHEST_PX for side in sides):  # type: ignore[arg-type]
        return None
    x, y, w, h = (float(side) for side in sides)  # type: ignore[arg-type]
    return [x, y, x + w, y + h]


def read_mask(entry: Any) -> ForeignMask:
    """A stored mask. Raises ExchangeUnreadable; never unpacks more than the mask's own size."""
    if not isinstance(entry, dict):
        raise ExchangeUnreadable("This face's mask is no table of faceswap's fields.")
    side, packed = entry.get("stored_size", 128), entry.get("mask")
    if type(side) is not int or not 1 <= side <= _MOST_MASK_PX or not isinstance(packed, bytes):
        raise ExchangeUnreadable("This face's mask has no size or no pixels.")
    matrix = transform_from_theirs(checked_transform(entry.get("affine_matrix"), "mask's transform"))
    unpacked = unzipped(packed, most_bytes=side * side)
    if len(unpacked) != side * side:
        raise ExchangeUnreadable("This face's mask is not of the size it says.")
    return ForeignMask(np.frombuffer(unpacked, np.uint8).reshape(side, side), matrix)


def unzipped(packed: bytes, *, most_bytes: int) -> bytes:
    """What `packed` holds. Raises ExchangeUnreadable where that is more than `most_bytes`, or it is damaged."""
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, most_bytes + 1)
    except zlib.error:
        raise ExchangeUnreadable("Its packed part is damaged.") from None
    if len(data) > most_bytes:
        raise ExchangeUnreadable(f"Its packed part unpacks to more than {most_bytes:,} bytes.")
    if not unpacking.eof:
        raise ExchangeUnreadable("Its packed part ends early.")
    return data


def head_crop(landmarks_68: Array, size_px: int) -> Array:
    """crop_from_frame of a face picture centred on the head, of `size_px`, by our landmarks in the frame.

    Size and turn follow exactly from the fit of 51 points. The centre is the middle of the skull, projected
    from a head in space, for which we have 14 of the 26 points that faceswap poses by.
    """
    unit_from_frame = similarity_fit(points_for_them(landmarks_68)[17:], _MEAN_FACE)
    offset = _skull_in_unit(transform_points(unit_from_frame, points_for_them(landmarks_68))) - 0.5
    padding = round(size_px * _HEAD_PADDING / 2)
    core = size_px - 2 * padding
    matrix = unit_from_frame.copy()
    matrix[:, 2] -= offset
    matrix *= core
    matrix[:, 2] += padding
    return transform_from_theirs(matrix)


def _skull_in_unit(landmarks_in_unit: Array) -> Array:
    camera = np.array([[_FOCAL, 0, 0.5], [0, _FOCAL, 0.5], [0, 0, 1.0]])
    seen = np.ascontiguousarray(landmarks_in_unit[_AMONG_68])
    try:
        _, turn, shift = cv2.solvePnP(_SPACE, seen, camera, np.zeros(4), flags=cv2.SOLVEPNP_ITERATIVE)
        middle, _ = cv2.projectPoints(_MIDDLE_OF_SKULL, turn, shift, camera, np.zeros(4))
    except cv2.error:
        return np.array([0.5, 0.5])
    place = np.asarray(middle, float).reshape(2)
    # A face too odd to be posed keeps the middle of its features.
    return place if np.isfinite(place).all() and np.abs(place - 0.5).max() < 1.5 else np.array([0.5, 0.5])


def placed_by_mask(masks: Any, size_px: int) -> Array | None:
    """crop_from_frame of a face picture, exactly, from a mask that is centred on the head as the picture is."""
    entries = masks.values() if isinstance(masks, dict) else ()
    for entry in entries:
        if isinstance(entry, dict) and entry.get("stored_centering") == "head":
            side = entry.get("stored_size", 128)
            if type(side) is int and side > 0:
                matrix = transform_from_theirs(
                    checked_transform(entry.get("affine_matrix"), "mask's transform")
                )
                return matrix * (size_px / side)
    return None


def mask_entry(grey: Any, mask_from_frame_theirs: Array) -> dict[str, Any]:
    """A mask as faceswap stores it."""
    return {
        "mask": zlib.compress(np.ascontiguousarray(grey, np.uint8).tobytes()),
        "affine_matrix": mask_from_frame_theirs.tolist(),
        "interpolator": int(cv2.INTER_CUBIC),
        "stored_size": len(grey),
        "stored_centering": "head",
    }


def entry_of(landmarks_68: Array, box_xyxy: Any) -> dict[str, Any]:
    """The fields of a face without its masks."""
    left, top, right, bottom = (round(x) for x in box_xyxy)
    points = np.round(points_for_them(landmarks_68), 4).tolist()
    return {"x": left, "y": top, "w": right - left, "h": bottom - top, "landmarks_xy": points}
