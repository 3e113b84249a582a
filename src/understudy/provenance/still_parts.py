"""Where in an image's file its metadata lie: all that is no pixels, so that a folder of images is looked
through without reading them whole.

PNG (ISO/IEC 15948, §5.3), TIFF 6.0 (§2) and OpenEXR ("File Layout"). Of other formats, and of files that
don't hold to theirs, nothing is told: they are to be searched as a whole. What the metadata say is `xmp`'s.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

Part = tuple[int, int]  # start, and how many bytes

_PNG = b"\x89PNG\r\n\x1a\n"
_EXR = b"\x76\x2f\x31\x01"
_EXR_OF_PARTS = 0x1000
_LARGEST_HEAD_BYTES = 4 << 20
_MOST_CHUNKS = 1_000_000
_MOST_DIRECTORIES = 1000
_TIFF_BELOW = (330, 34665)  # tags of further directories: SubIFDs, Exif
_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


def still_parts(file: BinaryIO) -> list[Part] | None:
    """The stretches of an open image that are no pixels, in the file's order; None where that is not known."""
    end = file.seek(0, 2)
    file.seek(0)
    head = file.read(8)
    try:
        if head == _PNG:
            return _png_parts(file, end)
        if head[:4] in (b"II*\0", b"MM\0*"):
            return _tiff_parts(file, end, "<" if head[:2] == b"II" else ">")
        if head[:4] == _EXR:
            return _exr_parts(file, of_parts=bool(struct.unpack("<I", head[4:])[0] & _EXR_OF_PARTS))
    except (struct.error, ValueError):
        return None  # cut off, or not what it begins as
    return None


def _png_parts(file: BinaryIO, end: int) -> list[Part]:
    """Every chunk but IDAT, and what lies behind the last. Raises ValueError, struct.error."""
    parts, at = list[Part](), len(_PNG)
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if at + 12 + size > end:
            raise ValueError
        if kind != b"IDAT":
            parts.append((at + 8, size))
        at += 12 + size
        if kind == b"IEND":
            return [*parts, (at, end - at)]
    raise ValueError


def _tiff_parts(file: BinaryIO, end: int, order: str) -> list[Part]:
    """Every directory, those below others too, and the values that their entries point at; strips and tiles of
    pixels are none. Raises ValueError, struct.error."""
    parts, seen = list[Part](), set[int]()
    file.seek(4)
    left = [*struct.unpack(f"{order}I", file.read(4))]
    while left:
        at = left.pop()
        if not at or at in seen:
            continue
        if len(seen) > _MOST_DIRECTORIES:
            raise ValueError
        seen.add(at)
        file.seek(at)
        (count,) = struct.unpack(f"{order}H", file.read(2))
        entries = file.read(12 * count + 4)
        parts.append((at, 2 + len(entries)))
        for number in range(count):
            tag, kind, values, place = struct.unpack_from(f"{order}HHII", entries, 12 * number)
            size = _TIFF_SIZES.get(kind, 1) * values
            if size > 4 and place + size > end:
                raise ValueError
            if size > 4:
                parts.append((place, size))
            if tag in _TIFF_BELOW:
                if values > _MOST_DIRECTORIES:
                    raise ValueError
                file.seek(place)
                left += struct.unpack(f"{order}{values}I", file.read(size)) if values > 1 else [place]
        left += struct.unpack_from(f"{order}I", entries, 12 * count)
    return _joined(parts)


def _joined(parts: list[Part]) -> list[Part]:
    """In the file's order, those that overlap as one: entries may all point at the same megabytes."""
    joined = list[Part]()
    for start, count in sorted(parts):
        first, so_far = joined[-1] if joined else (0, 0)
        if joined and start < first + so_far:
            joined[-1] = (first, max(so_far, start + count - first))
        else:
            joined.append((start, count))
    return joined


def _exr_parts(file: BinaryIO, *, of_parts: bool) -> list[Part]:
    """The head, or those of all parts. Raises ValueError, struct.error."""
    file.seek(0)
    data, at = b"", 8
    while len(data) < _LARGEST_HEAD_BYTES:
        before = len(data)
        data += file.read(max(64 << 10, before))
        if (stop := _exr_head_end(data, at, of_parts=of_parts)) is not None:
            return [(0, stop)]
        if len(data) == before:
            break
    raise ValueError


def _exr_head_end(data: bytes, at: int, *, of_parts: bool) -> int | None:
    """Where the attributes end that begin at `at`; None where that lies behind these bytes."""
    is_first = True
    while at < len(data):
        if data[at] == 0:  # the end of a head, and of all of them where none begins behind it
            at += 1
            if not of_parts or is_first:
                return at
            is_first = True
            continue
        name = data.find(b"\0", at)
        kind = data.find(b"\0", name + 1) if name >= 0 else -1
        if kind < 0 or kind + 5 > len(data):
            return None
        (size,) = struct.unpack_from("<I", data, kind + 1)
        at, is_first = kind + 5 + size, False
    return None
