"""What a file's metadata say about where the picture came from: IPTC's digital source type.

A machine-readable word that picture desks and search engines look for. It isn't signed: anybody can write or
remove it, so it is told beside the marks and never counts as one.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from understudy.provenance.still_parts import still_parts

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
# OpenEXR has no place for XMP: IPTC's word stands there as an attribute of its own, a string.
EXR_ATTRIBUTE = "Iptc4xmpExt:DigitalSourceType"
MOVIE_SUFFIXES = (".mp4", ".m4v", ".mov")  # that hold boxes of ISO/IEC 14496-12
_SEARCHED_BYTES = 4 << 20
_LARGEST_PART_BYTES = 64 << 20
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP part 3, §1.2.7.2
_TELLING_BOXES = (b"uuid", b"moov", b"meta")
_EXR_SAID = re.compile(rb":DigitalSourceType\0string\0(.{4})", re.DOTALL)
_PNG_HEAD = 33  # bytes of the signature and IHDR
_XMP_TAG, _BYTES = 700, 1  # TIFF's number for XMP, and its type of single bytes
# As attribute of a description, or as an element of it (XMP part 1, §7.9); any prefix may stand for IPTC's.
_SAID = re.compile(rb""":DigitalSourceType\s*(?:=\s*["']|>\s*)([^"'<\s]{1,300})""")
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"/></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


def packet() -> bytes:
    """The XMP packet that a finished file carries."""
    return _PACKET.encode("utf-8")


def with_packet(image: bytes) -> bytes:
    """A PNG or TIFF file with the packet; others as they are.

    PNG: an iTXt chunk before the picture (XMP part 3, §1.1.5). TIFF: tag 700 of the first directory (§1.1.8).
    """
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        text = b"XML:com.adobe.xmp\0\0\0\0\0" + packet()
        chunk = struct.pack(">I", len(text)) + b"iTXt" + text + struct.pack(">I", zlib.crc32(b"iTXt" + text))
        return image[:_PNG_HEAD] + chunk + image[_PNG_HEAD:]
    if image[:4] in (b"II*\0", b"MM\0*"):
        return _tiff_with_packet(image, "<" if image[:2] == b"II" else ">")
    return image


def append_packet(movie: Path) -> None:
    """Put the packet into a box of its own at the end of an MP4 or MOV (XMP part 3, §1.2.7), before signing.

    Raises ValueError for a file that isn't made of boxes, or whose last one has no end of its own.
    """
    box = _XMP_BOX + packet()
    with movie.open("r+b") as file:
        boxes = list(_boxes(file))
        end = file.seek(0, 2)
        if not boxes or boxes[-1].start + boxes[-1].size != end or not boxes[-1].is_closed:
            raise ValueError("it does not end with a closed box")
        file.write(struct.pack(">I", len(box) + 8) + b"uuid" + box)


def packet_appended(movie: Path) -> list[str]:
    """`append_packet`; what is to be known where the file has no place for it. Its credentials say the same."""
    try:
        append_packet(movie)
    except ValueError as error:
        return [f"{movie.name} does not name its source type beside its marks: {error}."]
    return []


class _Box(NamedTuple):
    kind: bytes
    start: int
    size: int  # with its head
    is_closed: bool  # else it goes on to the end of the file, whatever is added


def _boxes(file: BinaryIO) -> Iterator[_Box]:
    """The boxes of a file, one after the other; none where it isn't made of boxes."""
    end, start = file.seek(0, 2), 0
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        is_closed = size != 0
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        size = size or end - start
        if size < 8 or start + size > end or (start == 0 and kind != b"ftyp"):
            return
        yield _Box(kind, start, size, is_closed)
        start += size


def _tiff_with_packet(image: bytes, order: str) -> bytes:
    """The packet and a new first directory go to the end; only the pointer to that directory changes."""
    (start,) = struct.unpack_from(f"{order}I", image, 4)
    (count,) = struct.unpack_from(f"{order}H", image, start)
    entries = [image[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12)]
    following = image[start + 2 + 12 * count :][:4]
    image += b"\0" * (len(image) % 2)
    text = packet() + b"\0" * (len(packet()) % 2)
    entries.append(struct.pack(f"{order}HHII", _XMP_TAG, _BYTES, len(packet()), len(image)))
    entries.sort(key=lambda entry: struct.unpack_from(f"{order}H", entry))
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + following
    moved = struct.pack(f"{order}I", len(image) + len(text))
    return image[:4] + moved + image[8:] + text + directory


def source_type_in(path: Path) -> str:
    """The last word of the source type that the metadata name, e.g. trainedAlgorithmicMedia; empty without.

    Of a PNG, TIFF or EXR all but the pixels is looked into. Of others the first and last megabytes, where every
    format's writers put it, and of a movie the boxes that may hold it.
    """
    with path.open("rb", buffering=0) as file:  # what lies between the parts is not read
        for start, count in _searched(file):
            file.seek(start)
            if found := _said(file.read(count)):
                return found.decode("utf-8", "replace").rstrip("/").rpartition("/")[2]
    return ""


def _searched(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where in a file to look: start and how many bytes."""
    if (parts := still_parts(file)) is not None:
        yield from ((start, min(count, _LARGEST_PART_BYTES)) for start, count in parts)
        return
    size = file.seek(0, 2)
    yield 0, _SEARCHED_BYTES
    if size > _SEARCHED_BYTES:
        yield size - _SEARCHED_BYTES, _SEARCHED_BYTES
        for box in _boxes(file):
            if box.kind in _TELLING_BOXES and box.size <= _LARGEST_PART_BYTES:
                yield box.start, box.size


def _said(data: bytes) -> bytes:
    if found := _SAID.search(data):
        return found[1]
    if attribute := _EXR_SAID.search(data):
        (length,) = struct.unpack("<I", attribute[1])
        return data[attribute.end() : attribute.end() + min(length, 300)]
    return b""
