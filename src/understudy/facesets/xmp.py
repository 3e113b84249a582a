"""A face's record inside its own image file: an XMP packet in a JPEG or PNG, spliced in byte by byte.

Pixels are never decoded or touched, so writing a record costs microseconds and no quality. Other programs'
XMP properties in the same file are kept. Reading trusts nothing: a torn, foreign or hostile file has no
record, that is all. Not here: image codecs (`media.images`), and which files make a faceset (`store.py`).

Layouts: XMP Specification Part 3 (Adobe, 2016) for both files; ITU-T T.81 annex B for JPEG segments;
the PNG specification, section 11.3.3.4, for iTXt chunks.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator

from pydantic import ValidationError

from understudy.facesets.record import NAMESPACE, PACKET_LIMIT_BYTES, RECORD_VERSION, FaceRecord
from understudy.facesets.schema import schema_page
from understudy.facesets.splices import (
    JPEG_START,
    PNG_START,
    international_text,
    jpeg_segments,
    png_chunk,
    png_chunks,
    replaced,
)

__all__ = [
    "NAMESPACE",
    "PACKET_LIMIT_BYTES",
    "RecordTooLarge",
    "embed",
    "extract_record",
    "packets",
    "schema_page",
]

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_JPEG_EXIF = b"Exif\x00\x00"
_PNG_XMP = b"XML:com.adobe.xmp\x00"
_APP0, _APP1 = 0xE0, 0xE1
_BOM = "\ufeff"

# An own extraction instead of an XML parser: no entities are ever defined or expanded, so there are no bombs.
_NAME = r"[A-Za-z_][\w.-]{0,63}"
_DECLARED = re.compile(rf"""\sxmlns:({_NAME})\s*=\s*["']{re.escape(NAMESPACE)}["']""")
_RDF_END = re.compile(rf"</({_NAME}):RDF\s*>")
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class RecordTooLarge(ValueError):
    """A record is over the 64 kB that a JPEG can hold."""


def embed(image: bytes, record: FaceRecord) -> bytes:
    """The same JPEG or PNG file with `record` inside, in place of an older one.

    Raises ValueError when `image` is neither or is torn before its pixels, RecordTooLarge when the record is
    over the 64 kB that a JPEG can hold. XMP of other programs stays, unless it is no UTF-8 XMP or leaves no
    room.
    """
    old = next(packets(image), b"")
    packet = _joined(old, record)
    if len(packet) > PACKET_LIMIT_BYTES:
        packet = _joined(b"", record)
    if len(packet) > PACKET_LIMIT_BYTES:
        raise RecordTooLarge(f"a face record of {len(packet)} bytes is over the limit of {PACKET_LIMIT_BYTES}")
    if image.startswith(JPEG_START):
        return _spliced_jpeg(image, packet)
    if image.startswith(PNG_START):
        return _spliced_png(image, packet)
    raise ValueError("only JPEG and PNG files can hold a face record")


def extract_record(image: bytes) -> FaceRecord | None:
    """The record inside a JPEG or PNG file; None when there is none that is whole and valid."""
    for packet in packets(image):
        text = _property(packet)
        if text is None:
            continue
        try:
            record = FaceRecord.model_validate_json(text)
        except ValidationError:
            continue
        if record.version <= RECORD_VERSION:
            return record
    return None


def packets(image: bytes) -> Iterator[bytes]:
    """Every XMP packet of a JPEG or PNG file, in order; ends quietly where the file is torn."""
    if image.startswith(JPEG_START):
        for marker, start, stop in jpeg_segments(image):
            if marker == _APP1 and image.startswith(_JPEG_XMP, start, stop):
                yield image[start + len(_JPEG_XMP) : stop]
    elif image.startswith(PNG_START):
        for kind, start, stop in png_chunks(image):
            if kind == b"iTXt" and image.startswith(_PNG_XMP, start, stop):
                packet = international_text(image[start + len(_PNG_XMP) : stop])
                if packet is not None:
                    yield packet


# --- the packet


def _joined(old: bytes, record: FaceRecord) -> bytes:
    """An XMP packet with our record, and with what `old` says besides it."""
    text = json.dumps(record.as_json(), ensure_ascii=False, separators=(",", ":"))
    ours = (
        f'<rdf:Description rdf:about="" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        f' xmlns:understudy="{NAMESPACE}" understudy:record="{_escaped(text)}"/>'
    )
    kept = _without_ours(old)
    ends = list(_RDF_END.finditer(kept))
    if ends:
        return (kept[: ends[-1].start()] + ours + "\n" + kept[ends[-1].start() :]).encode()
    return (
        f'<?xpacket begin="{_BOM}" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        f"{ours}\n"
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()


def _without_ours(packet: bytes) -> str:
    """The packet's text without our property; empty when it is not UTF-8 or holds nothing but ours."""
    try:
        text = packet.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    for prefix in _prefixes(text):
        name = rf"{re.escape(prefix)}:record"
        text = re.sub(rf"""<rdf:Description[^<>]*\s{name}\s*=\s*"[^"<]*"\s*/>\s*""", _kept_description, text)
        text = re.sub(rf"""\s{name}\s*=\s*(?:"[^"<]*"|'[^'<]*')""", "", text)
        text = re.sub(rf"<{name}(?:\s[^<>]*)?>[^<]*</{name}\s*>", "", text)
    return text if re.search(r"<(?!/)(?!\?)(?!x:xmpmeta\b)(?!rdf:RDF\b)", text) else ""


def _kept_description(match: re.Match[str]) -> str:
    # Ours alone goes as a whole; one that another program joined with its own properties stays.
    properties = re.findall(rf"\s({_NAME}:{_NAME})\s*=", match.group())
    foreign = [p for p in properties if not p.startswith(("xmlns:", "rdf:")) and not p.endswith(":record")]
    return match.group() if foreign else ""


def _property(packet: bytes) -> str | None:
    """The JSON text of our property, as an attribute or an element under any prefix."""
    try:
        text = packet.decode("utf-8")
    except UnicodeDecodeError:
        return None
    for prefix in _prefixes(text):
        name = rf"{re.escape(prefix)}:record"
        found = re.search(rf"""\s{name}\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""", text) or re.search(
            rf"<{name}(?:\s[^<>]*)?>([^<]*)()</{name}\s*>", text
        )
        if found:
            return _unescaped(found.group(1) or found.group(2) or "")
    return None


def _prefixes(text: str) -> list[str]:
    return list(dict.fromkeys(_DECLARED.findall(text)))[:4]


def _escaped(text: str) -> str:
    for character, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(character, f"&{name};")
    return text


def _unescaped(text: str) -> str:
    if "&#" not in text:  # as we write it; a hundred thousand records have seven million marks
        for name, character in (("quot", '"'), ("lt", "<"), ("gt", ">"), ("apos", "'"), ("amp", "&")):
            text = text.replace(f"&{name};", character)
        return text
    return _unescaped_each(text)


def _unescaped_each(text: str) -> str:
    """The same of any text, one entity after the other."""

    def character(match: re.Match[str]) -> str:
        decimal, hexadecimal, name = match.groups()
        if name:
            return _NAMED[name]
        code = int(decimal) if decimal else int(hexadecimal, 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"

    return _ENTITY.sub(character, text)


# --- JPEG


def _spliced_jpeg(image: bytes, packet: bytes) -> bytes:
    goal = len(JPEG_START)
    old: list[tuple[int, int]] = []
    for marker, start, stop in jpeg_segments(image):
        if marker == _APP1 and image.startswith(_JPEG_XMP, start, stop):
            old.append((start - 4, stop))
        elif start - 4 == goal and (marker == _APP0 or image.startswith(_JPEG_EXIF, start, stop)):
            goal = stop  # JFIF and Exif want to come first
    segment = struct.pack(">BBH", 0xFF, _APP1, 2 + len(_JPEG_XMP) + len(packet)) + _JPEG_XMP + packet
    return replaced(image, old, goal, segment)


# --- PNG


def _spliced_png(image: bytes, packet: bytes) -> bytes:
    goal, old = 0, []
    for kind, start, stop in png_chunks(image):
        if kind == b"IHDR" and not goal:
            goal = stop + 4
        elif kind == b"iTXt" and image.startswith(_PNG_XMP, start, stop):
            old.append((start - 8, stop + 4))
    if not goal:
        raise ValueError("the PNG file is torn before its header")
    body = b"iTXt" + _PNG_XMP + b"\x00\x00\x00\x00" + packet
    return replaced(image, old, goal, png_chunk(body))
