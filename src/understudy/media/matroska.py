"""Say in a finished Matroska file how wide its pixels are.

PyAV has no way to tell FFmpeg's Matroska writer, and AV1 and FFV1 say nothing of it in their own streams as
they are written here. So the head of the file is made anew, in the room that FFmpeg leaves behind the head's
index: no picture moves. Names and numbers: RFC 9559 (Matroska), RFC 8794 (EBML).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_HEAD_BYTES = 1 << 20  # more than any head; what follows the tracks is left alone
_SEGMENT, _SEEK_HEAD, _TRACKS = b"\x18\x53\x80\x67", b"\x11\x4d\x9b\x74", b"\x16\x54\xae\x6b"
_VOID, _CRC = b"\xec", b"\xbf"
_SEEK, _SEEK_POSITION = b"\x4d\xbb", b"\x53\xac"
_TRACK_ENTRY, _VIDEO = b"\xae", b"\xe0"
_PIXEL_WIDTH, _PIXEL_HEIGHT = b"\xb0", b"\xba"
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = b"\x54\xb0", b"\x54\xba", b"\x54\xb2"
_AS_A_RATIO = 3  # of DisplayUnit; without it width and height are pixels
_SMALLEST_VOID = 9


@dataclass(frozen=True)
class _Element:
    """Where one element lies: its name at `at`, what it holds from `body` up to `end`."""

    name: bytes
    at: int
    body: int
    end: int


def say_pixel_aspect(path: Path, aspect: Fraction) -> bool:
    """Write the pixels' width over their height into the file. False, and nothing written, without room for it.

    Raises OSError.
    """
    with path.open("r+b") as file:
        head = _with_aspect(file.read(_HEAD_BYTES), aspect)
        if head is None:
            return False
        file.seek(0)
        file.write(head)
    return True


def without_pixel_aspect(aspect: Fraction) -> str:
    """What to tell where `say_pixel_aspect` could not."""
    return (
        f"The pixel aspect of {aspect} could not be written into the .mkv, so players may show pixels as if "
        "they were square. Choose .mov or .mp4 to keep it."
    )


def _with_aspect(head: bytes, aspect: Fraction) -> bytes | None:
    """The head that says it, as long as before; None where it is laid out in another way than FFmpeg's."""
    segment = next((one for one in _elements(head, 0, len(head)) if one.name == _SEGMENT), None)
    if segment is None:
        return None
    first: dict[bytes, _Element] = {}
    for one in _elements(head, segment.body, len(head)):
        first.setdefault(one.name, one)
        if one.name == _TRACKS:
            break
    if list(first)[:2] != [_SEEK_HEAD, _VOID] or _TRACKS not in first:
        return None
    index, void, tracks = first[_SEEK_HEAD], first[_VOID], first[_TRACKS]
    made = _tracks_with_aspect(head, tracks, aspect)
    more = len(made) - (tracks.end - tracks.at)
    room = void.end - void.at - more
    if room < _SMALLEST_VOID or tracks.end > len(head):
        return None
    moved = _index_of_moved(head, index, range(void.end - segment.body, tracks.end - segment.body), by=-more)
    empty = _VOID + struct.pack(">Q", (1 << 56) | (room - _SMALLEST_VOID)) + bytes(room - _SMALLEST_VOID)
    parts = (head[: index.at], moved, head[index.end : void.at], empty, head[void.end : tracks.at], made)
    return b"".join((*parts, head[tracks.end :]))


def _tracks_with_aspect(head: bytes, tracks: _Element, aspect: Fraction) -> bytes:
    entries = [
        _made(_TRACK_ENTRY, b"".join(_of_entry(head, one, aspect)))
        if one.name == _TRACK_ENTRY
        else head[one.at : one.end]
        for one in _elements(head, tracks.body, tracks.end)
        if one.name != _CRC
    ]
    return _made(_TRACKS, _checked(b"".join(entries)))


def _of_entry(head: bytes, entry: _Element, aspect: Fraction) -> Iterator[bytes]:
    for one in _elements(head, entry.body, entry.end):
        yield _video_with_aspect(head, one, aspect) if one.name == _VIDEO else head[one.at : one.end]


def _video_with_aspect(head: bytes, video: _Element, aspect: Fraction) -> bytes:
    parts, size = list[bytes](), dict[bytes, int]()
    for one in _elements(head, video.body, video.end):
        if one.name in (_PIXEL_WIDTH, _PIXEL_HEIGHT):
            size[one.name] = int.from_bytes(head[one.body : one.end])
        if one.name not in (_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT):
            parts.append(head[one.at : one.end])
    width, height = size[_PIXEL_WIDTH] * aspect, size[_PIXEL_HEIGHT]
    if width.denominator == 1:
        shown = (_number(_DISPLAY_WIDTH, int(width)), _number(_DISPLAY_HEIGHT, height))
    else:  # whole pixels would round it
        ratio = width / height
        shown = (
            _number(_DISPLAY_WIDTH, ratio.numerator),
            _number(_DISPLAY_HEIGHT, ratio.denominator),
            _number(_DISPLAY_UNIT, _AS_A_RATIO),
        )
    return _made(_VIDEO, b"".join((*parts, *shown)))


def _index_of_moved(head: bytes, index: _Element, places: range, *, by: int) -> bytes:
    """The head's index, as long as before, of which the elements at `places` have moved."""
    made = bytearray(head[index.at : index.end])
    for seek in _elements(head, index.body, index.end):
        for one in _elements(head, seek.body, seek.end) if seek.name == _SEEK else ():
            place = int.from_bytes(head[one.body : one.end])
            if one.name == _SEEK_POSITION and place in places:
                made[one.body - index.at : one.end - index.at] = (place + by).to_bytes(one.end - one.body)
    body = index.body - index.at
    if head[index.body : index.body + 1] == _CRC:
        made[body:] = _checked(bytes(made[body + 6 :]))
    return bytes(made)


def _elements(head: bytes, at: int, end: int) -> Iterator[_Element]:
    """The elements between two places, as far as their heads can be read."""
    while at < end:
        body = at + _length_at(head, at)
        name = head[at:body]
        digits = _length_at(head, body)
        size = int.from_bytes(head[body : body + digits]) & ((1 << 7 * digits) - 1)
        body += digits
        if not name or body > len(head):
            return
        yield _Element(name, at, body, body + size)
        at = body + size


def _length_at(head: bytes, at: int) -> int:
    """How many bytes the number at a place has: one more than it has zeros in front."""
    return 9 - head[at].bit_length() if at < len(head) else 1


def _made(name: bytes, body: bytes) -> bytes:
    digits = next(n for n in range(1, 9) if len(body) < (1 << 7 * n) - 1)
    return name + ((1 << 7 * digits) | len(body)).to_bytes(digits) + body


def _number(name: bytes, value: int) -> bytes:
    return _made(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))


def _checked(body: bytes) -> bytes:
    """What an element holds, behind its checksum."""
    return _CRC + b"\x84" + struct.pack("<I", zlib.crc32(body)) + body
