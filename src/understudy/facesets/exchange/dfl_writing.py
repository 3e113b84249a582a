"""Our faces as DeepFaceLab of 2020 to 2022 wants them: JPEGs with APP15, in a folder or in a pak.

A JPEG's pixels are kept. Masks are stored as it stores them: 256 x 256, black or white, a PNG, or a JPEG of
falling quality where that takes more than 50,000 bytes.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from understudy.errors import ExchangeRefused
from understudy.facesets.exchange.dfl import FACE_TYPE_OF, TYPE_NUMBER
from understudy.facesets.exchange.dfl_carriers import with_data
from understudy.facesets.exchange.foreign import UInt8
from understudy.facesets.exchange.grids import points_for_them, transform_for_them
from understudy.facesets.face_mask import chosen_mask, mask_seen
from understudy.facesets.outlines import outlined
from understudy.facesets.record import FaceRecord, StoredMask
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import resized_crop, transform_points
from understudy.media.images import encode_jpeg, encode_png

_MASK_PX = 256
_MOST_MASK_BYTES = 50_000
_NAME_OF = {ours: theirs for theirs, ours in FACE_TYPE_OF.items()}


@dataclass(frozen=True)
class DflFace:
    """One face ready to be written: its JPEG with the data inside, and the fields of that data."""

    name: str
    jpeg: bytes
    values: dict[str, Any]
    person_name: str
    size: tuple[int, int]  # width and height of the picture


def dfl_face(
    faceset: Faceset, face: StoredFace, *, mask: str, jpeg_quality: int, name: str, frame_name: str
) -> DflFace:
    """A face of ours in DeepFaceLab's form. Raises ExchangeRefused and ImageUnreadable."""
    size = face.record.picture_size
    values = dfl_values(face.record, chosen_mask(face.record, mask), frame_name=frame_name)
    try:
        jpeg = with_data(_jpeg(faceset, face, jpeg_quality), values)
    except ValueError as error:
        raise ExchangeRefused(f"Its mask and polygons take more room than a JPEG has: {error}.") from None
    return DflFace(name, jpeg, values, face.record.person_name, size)


def _jpeg(faceset: Faceset, face: StoredFace, quality: int) -> bytes:
    """The stored file where it is a JPEG of the record's size and upright, or else its pixels encoded."""
    data = face.path.read_bytes()
    if data.startswith(b"\xff\xd8") and b"Exif\x00\x00" not in data[:4096]:
        with contextlib.suppress(OSError), Image.open(io.BytesIO(data), formats=("JPEG",)) as stored:
            if stored.size == face.record.picture_size:
                return data
    return encode_jpeg(faceset.image(face), quality=quality)


def dfl_values(record: FaceRecord, mask: StoredMask | None, *, frame_name: str) -> dict[str, Any]:
    """DeepFaceLab's fields of a record. `image_to_face_mat`, old as it is, keeps the crop exact."""
    matrix = transform_for_them(record.crop_matrix())
    in_frame = points_for_them(record.landmarks())
    return {
        "face_type": _NAME_OF[record.face_type],
        "landmarks": transform_points(matrix, in_frame).tolist(),
        "source_filename": frame_name,
        "source_rect": [round(x) for x in record.box_xyxy],
        "source_landmarks": in_frame.tolist(),
        "image_to_face_mat": matrix,
        "eyebrows_expand_mod": float(record.brows_up),
        "seg_ie_polys": _polygons(record),
        "xseg_mask": None if mask is None else shrunk(mask_in_crop(record, mask, _MASK_PX)),
    }


def _polygons(record: FaceRecord) -> dict[str, Any] | None:
    polygons = []
    for polygon in outlined(record) if record.painted is not None else record.polygons:
        corners = points_for_them(transform_points(record.crop_matrix(), polygon.points))
        polygons.append({"type": int(polygon.kind == "include"), "pts": corners.astype(np.float32)})
    return {"polys": polygons} if polygons else None


def mask_in_crop(record: FaceRecord, mask: StoredMask, size_px: int) -> UInt8:
    """A stored mask laid over the face's picture, (size_px, size_px), 0 or 255."""
    wanted = resized_crop(record.crop_matrix(), from_px=record.size_px, to_px=size_px)
    return np.where(mask_seen(mask, wanted, size_px) >= 128, np.uint8(255), np.uint8(0))


def shrunk(mask: UInt8) -> Any:
    """A mask as the bytes of an image file that fits beside a face's other data, uint8."""
    data = encode_png(mask)
    for quality in range(100, -1, -1):
        if len(data) <= _MOST_MASK_BYTES:
            break
        out = io.BytesIO()
        Image.fromarray(mask).save(out, "JPEG", quality=quality)
        data = out.getvalue()
    return np.frombuffer(data, np.uint8).copy()


def pak_config(face: DflFace) -> dict[str, Any]:
    """The table of a face in a pak. Choices are their plain numbers, which compare as the choices do."""
    width, height = face.size
    values = face.values
    return {
        "sample_type": 1,  # a face, rather than a plain image
        "filename": face.name,
        "face_type": TYPE_NUMBER[values["face_type"]],
        "shape": (height, width, 3),
        "landmarks": values["landmarks"],
        "seg_ie_polys": values["seg_ie_polys"],
        "xseg_mask": None,
        "xseg_mask_compressed": values["xseg_mask"],
        "eyebrows_expand_mod": values["eyebrows_expand_mod"],
        "source_filename": values["source_filename"],
        "person_name": face.person_name or None,
    }
