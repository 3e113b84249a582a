"""The pieces of JPEG and PNG files: walking over them and cutting some out or in, without touching a pixel.

Reading trusts nothing: a torn file simply ends early. Layouts: ITU-T T.81 annex B for JPEG segments; the PNG
specification, sections 5.3 and 11.3.3.4. What the pieces say is `xmp.py`'s and `exchange`'s.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

JPEG_START = b"\xff\xd8"
PNG_START = b"\x89PNG\r\n\x1a\n"
_SCAN, _END = 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_INFLATED_LIMIT_BYTES = 1 << 20


def jpeg_segments(image: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, stop) of the payload of every segment before the pixels."""
    at = len(JPEG_START)
    while at + 4 <= len(image) and image[at] == 0xFF:
        marker = image[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker in (_SCAN, _END):
            return
        if marker in _ALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", image, at + 2)
        stop = at + 2 + length
        if length < 2 or stop > len(image):
            return
        yield marker, at + 4, stop
        at = stop


def replaced(image: bytes, old: list[tuple[int, int]], goal: int, new: bytes) -> bytes:
    """`image` without the byte ranges `old` and with `new` at `goal`."""
    pieces, at = [], 0
    for start, stop in sorted([*old, (goal, goal)]):
        pieces.append(image[at:start])
        if start == stop == goal:
            pieces.append(new)
        at = stop
    return b"".join([*pieces, image[at:]])


def png_chunks(image: bytes, *, checked: frozenset[bytes] = frozenset()) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, stop) of every chunk's data; text chunks and `checked` only where their checksum holds."""
    at = len(PNG_START)
    while at + 12 <= len(image):
        length, kind = struct.unpack_from(">I4s", image, at)
        start, stop = at + 8, at + 8 + length
        if stop + 4 > len(image):
            return
        if kind == b"iTXt" or kind in checked:
            (checksum,) = struct.unpack_from(">I", image, stop)
            if checksum == zlib.crc32(image[at + 4 : stop]):
                yield kind, start, stop
        else:
            yield kind, start, stop
        at = stop + 4
        if kind == b"IEND":
            return


def international_text(data: bytes, *, limit_bytes: int = _INFLATED_LIMIT_BYTES) -> bytes | None:
    """The text of an iTXt chunk after its keyword, unpacked up to `limit_bytes`; None when it is malformed."""
    if len(data) < 4 or data[0] not in (0, 1) or data[1] != 0:
        return None
    parts = data[2:].split(b"\x00", 2)
    if len(parts) != 3:
        return None
    if data[0] == 0:
        return parts[2]
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(parts[2], limit_bytes)
    except zlib.error:
        return None
    return text if unpacking.eof else None


def png_chunk(body: bytes) -> bytes:
    """A whole PNG chunk of its four letters and its data."""
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
