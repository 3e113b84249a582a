"""Make an understudy face of another program's: the same pixels where they serve, and a record in frame pixels.

The picture's bytes are kept and only spliced, never encoded again, unless a crop must be cut from its frame.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from pydantic import ValidationError

from understudy.errors import ExchangeUnreadable
from understudy.faces.align import crop
from understudy.faces.pose import pose_from_landmarks
from understudy.facesets.exchange.foreign import Array, ForeignFace, ForeignMask, UInt8
from understudy.facesets.exchange.grids import nearest_face_type
from understudy.facesets.exchange.places import Place
from understudy.facesets.extraction.finder import sharpness
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import ImageFormat
from understudy.facesets.xmp import embed
from understudy.geometry import FaceType, crop_from_frame
from understudy.media.images import decode_image, encode_jpeg, encode_png

_SMALLEST_MASK_PX = 16
_JUDGED_PX = 256
_MASK_LIMIT_CHARACTERS = 40_000
_JPEG_START = b"\xff\xd8"


@dataclass(frozen=True)
class Cut:
    """How a crop is cut where the other program's can't be used."""

    face_type: FaceType
    size_px: int
    image_format: ImageFormat


@dataclass(frozen=True)
class Adopted:
    """A face file ready to be stored. `coarser` counts masks that had to lose detail to fit into it."""

    data: bytes
    record: FaceRecord
    ending: ImageFormat
    coarser: int


def kept(face: ForeignFace, place: Place, *, clip: str) -> Adopted:
    """The face with its own picture. Raises ExchangeUnreadable and ImageUnreadable."""
    if face.image is None or face.crop_from_frame is None:
        raise ValueError("this face has no picture of its own")
    picture = decode_image(face.image)
    matrix = face.crop_from_frame
    face_type = face.face_type or nearest_face_type(face.landmarks_68, matrix, face.size_px)
    ending: ImageFormat = "jpg" if face.image.startswith(_JPEG_START) else "png"
    values = _values(face, place, picture, clip=clip, face_type=face_type, matrix=matrix)
    return _adopted(face.image, values, face.masks, ending)


def cut(face: ForeignFace, place: Place, frame_rgb: UInt8, *, clip: str, how: Cut) -> Adopted:
    """The face cut anew from its frame, (H, W, 3) RGB. Raises ExchangeUnreadable."""
    matrix = crop_from_frame(face.landmarks_68, face_type=how.face_type, size_px=how.size_px)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
        raise ExchangeUnreadable("This face's landmarks lie on one spot or line.")
    picture = crop(frame_rgb, matrix, how.size_px)
    encoded = encode_png(picture) if how.image_format == "png" else encode_jpeg(picture, quality=95)
    values = _values(face, place, picture, clip=clip, face_type=how.face_type, matrix=matrix)
    return _adopted(encoded, values, face.masks, how.image_format)


def _values(
    face: ForeignFace, place: Place, picture: UInt8, *, clip: str, face_type: FaceType, matrix: Array
) -> dict[str, Any]:
    pose = pose_from_landmarks(face.landmarks_68)
    whole = face_type == "mark-only"  # as extraction has it: judged by the face, stored as the frame
    full = crop_from_frame(face.landmarks_68, face_type="full", size_px=_JUDGED_PX)
    judged = crop(picture, full, _JUDGED_PX) if whole else picture
    return {
        "clip": clip,
        "frame": place.frame,
        "time_s": round(place.time_s, 6),
        "frame_size": place.frame_size,
        "box_xyxy": face.box_xyxy,
        "score": 1.0,
        "landmarks_68": np.round(face.landmarks_68, 3).tolist(),
        "face_type": face_type,
        "size_px": max(picture.shape[:2]),
        "crop_from_frame": np.round(matrix, 9).tolist(),
        "yaw_deg": round(pose.yaw_deg, 2),
        "pitch_deg": round(pose.pitch_deg, 2),
        "roll_deg": round(pose.roll_deg, 2),
        "person": face.number + 1,
        "sharpness": round(sharpness(judged), 3),
        "source_name": face.source_name,
        "brows_up": face.brows_up,
        "person_name": face.person_name,
        "original_name": face.name,
        "polygons": [
            {"kind": "include" if part.included else "exclude", "points": np.round(part.points, 2).tolist()}
            for part in face.polygons
        ],
    }


def _adopted(
    image: bytes, values: dict[str, Any], masks: dict[str, ForeignMask], ending: ImageFormat
) -> Adopted:
    """The face's file, with masks as fine as there is room for."""
    coarser, masks = 0, dict(masks)
    while True:
        stored = {name: _stored(mask) for name, mask in masks.items()}
        try:
            if sum(len(mask["png_base64"]) for mask in stored.values()) > _MASK_LIMIT_CHARACTERS:
                raise ValueError("the masks are larger than a face file can hold")
            record = FaceRecord.model_validate({**values, "masks": stored})
            return Adopted(embed(image, record), record, ending, coarser)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ExchangeUnreadable(
                f"This face can't be taken over: {where} {first['msg'].lower()}."
            ) from None
        except ValueError as error:
            finest = max(masks, key=lambda name: len(stored[name]["png_base64"]), default=None)
            if finest is None or len(masks[finest].grey) <= _SMALLEST_MASK_PX:
                raise ExchangeUnreadable(f"This face can't be taken over: {error}.") from None
            masks[finest] = _halved(masks[finest])
            coarser += 1


def _stored(mask: ForeignMask) -> dict[str, Any]:
    return {
        "size_px": len(mask.grey),
        "mask_from_frame": np.round(mask.mask_from_frame, 9).tolist(),
        "png_base64": base64.b64encode(encode_png(mask.grey)).decode("ascii"),
    }


def _halved(mask: ForeignMask) -> ForeignMask:
    side = len(mask.grey) // 2
    smaller = cv2.resize(mask.grey, (side, side), interpolation=cv2.INTER_AREA)
    return replace(
        mask, grey=np.asarray(smaller, np.uint8), mask_from_frame=mask.mask_from_frame * (side / len(mask.grey))
    )
