"""Where DeepFaceLab keeps a face's data in its picture: an APP15 segment of a JPEG, a chunk `fcWp` of a PNG.

Both hold a bare pickle, read by our own reader (`pickles.py`). Pixels are never touched. What the data means
is in `dfl.py`.
"""

from __future__ import annotations

import struct
from typing import Any

from understudy.errors import ExchangeUnreadable
from understudy.facesets.splices import JPEG_START, PNG_START, jpeg_segments, png_chunks, replaced
from understudy.pickle_writer import write_pickle
from understudy.pickles import NUMPY, ORDERED_DICT, Names, read_pickle

MOST_DATA_BYTES = 65533  # of one JPEG segment, after its length
_APP0, _APP1, _APP15 = 0xE0, 0xE1, 0xEF
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_JFIF = struct.pack(">BBH5s2BB2H2B", 0xFF, _APP0, 16, b"JFIF\x00", 1, 1, 0, 1, 1, 0, 0)
_CHUNK = b"fcWp"
_MOST_CHUNK_BYTES = 16 << 20
FACE_NAMES: Names = {**NUMPY, "collections.OrderedDict": ORDERED_DICT}


def carried(image: bytes) -> bytes | None:
    """The pickle inside a JPEG or PNG; None where there is none."""
    if image.startswith(JPEG_START):
        segments = [image[start:stop] for marker, start, stop in jpeg_segments(image) if marker == _APP15]
        return segments[0] if segments else None
    if image.startswith(PNG_START):
        chunks = png_chunks(image, checked=frozenset({_CHUNK}))
        return next((image[start:stop] for kind, start, stop in chunks if kind == _CHUNK), None)
    return None


def read_values(pickled: bytes) -> dict[str, Any]:
    """The dict in a face's data. Raises UnsafeFile, and ExchangeUnreadable where it is another program's."""
    if len(pickled) > _MOST_CHUNK_BYTES:
        raise ExchangeUnreadable("This face's data is larger than any picture's of DeepFaceLab.")
    if not pickled.startswith((b"\x80", b"(", b"}")):
        raise ExchangeUnreadable("This picture's data is of another program than DeepFaceLab.")
    values = read_pickle(pickled, FACE_NAMES, subject="face's data")
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ExchangeUnreadable("This face's data is no table of DeepFaceLab's fields.")
    return values


def without_data(image: bytes) -> bytes:
    """The same picture file without DeepFaceLab's data."""
    if image.startswith(JPEG_START):
        old = [(start - 4, stop) for marker, start, stop in jpeg_segments(image) if marker == _APP15]
    else:
        old = [(start - 8, stop + 4) for kind, start, stop in png_chunks(image) if kind == _CHUNK]
    return replaced(image, old, 0, b"") if old else image


def with_data(jpeg: bytes, values: dict[str, Any]) -> bytes:
    """A JPEG with `values` as its only APP15, behind the last APPn, and without our own record.

    Fields that are None are left out. Raises ValueError where they take more than MOST_DATA_BYTES.
    """
    pickled = write_pickle({key: value for key, value in values.items() if value is not None})
    if len(pickled) > MOST_DATA_BYTES:
        raise ValueError(f"{len(pickled)} bytes are over the limit of {MOST_DATA_BYTES}")
    old, goal, jfif = [], len(JPEG_START), b"" if jpeg[2:4] == b"\xff\xe0" else _JFIF
    for marker, start, stop in jpeg_segments(jpeg):
        if marker == _APP15 or (marker == _APP1 and jpeg.startswith(_XMP, start, stop)):
            old.append((start - 4, stop))
        if _APP0 <= marker <= _APP15 and start - 4 == goal:
            goal = stop
    segment = struct.pack(">BBH", 0xFF, _APP15, 2 + len(pickled)) + pickled
    spliced = replaced(jpeg, old, goal, segment)
    # Its reader takes nothing for a JPEG that doesn't begin with JFIF.
    return replaced(spliced, [], len(JPEG_START), jfif) if jfif else spliced
