"""Write PNG files fast: deflated by ISA-L, every row as its difference to the row above.

A frame of 1080p takes about a tenth of the time OpenCV's writer takes for a file of the same size
(docs/decisions/0007). Not here: reading images (`images`), metadata inside them (`facesets`).
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2  # colour types of the PNG specification (W3C, third edition), 11.2.1
_UP = 2  # its filter that stores what a byte has more than the one above it, 9.2
_LEVEL = 1  # of ISA-L's 0 to 3: 0 makes files a tenth larger, 2 is slower and hardly smaller
_MOST_IN_A_CHUNK = 2**31 - 1


def png_of(picture: npt.NDArray[Any]) -> bytes:
    """PNG of RGB (height, width, 3) or grey (height, width), uint8 or uint16. Raises ValueError for others."""
    grey = picture.ndim == 2
    if (
        picture.dtype not in (np.uint8, np.uint16)
        or not (grey or picture.shape[2:] == (3,))
        or not picture.size
    ):
        raise ValueError(f"no PNG can be made of {picture.dtype} {picture.shape}")
    height, width = picture.shape[:2]
    head = struct.pack(">IIBBBBB", width, height, 8 * picture.itemsize, _GREY if grey else _RGB, 0, 0, 0)
    data = isal_zlib.compress(_filtered(picture), _LEVEL)
    parts = (data[at : at + _MOST_IN_A_CHUNK] for at in range(0, len(data), _MOST_IN_A_CHUNK))
    chunks = (_chunk(b"IHDR", head), *(_chunk(b"IDAT", part) for part in parts), _chunk(b"IEND", b""))
    return b"".join((_SIGNATURE, *chunks))


def _filtered(picture: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Rows of bytes, each behind the number of its filter."""
    big_endian = np.ascontiguousarray(picture, picture.dtype.newbyteorder(">"))
    rows = big_endian.view(np.uint8).reshape(len(picture), -1)
    filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join(
        (
            struct.pack(">I", len(data)),
            kind,
            data,
            struct.pack(">I", isal_zlib.crc32(data, isal_zlib.crc32(kind))),
        )
    )
