"""What a still's XMP says about where the picture came from: IPTC's digital source type.

A machine-readable word that picture desks and search engines look for. It isn't signed: anybody can write or
remove it, so it is told beside the marks and never counts as one.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_SEARCHED_BYTES = 4 << 20
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
    """The XMP packet that a finished still carries."""
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


def source_type_in(image: Path) -> str:
    """The last word of the source type that a file's XMP names, e.g. trainedAlgorithmicMedia; empty without.

    Looks for the packet in the first and last megabytes, where every format's writers put it.
    """
    with image.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        found = _SAID.search(file.read(_SEARCHED_BYTES))
        if found is None and size > _SEARCHED_BYTES:
            file.seek(size - _SEARCHED_BYTES)
            found = _SAID.search(file.read())
    return "" if found is None else found[1].decode("utf-8", "replace").rstrip("/").rpartition("/")[2]
