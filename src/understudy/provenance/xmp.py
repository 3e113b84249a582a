"""What a still's XMP says about where the picture came from: IPTC's digital source type.

A machine-readable word that picture desks and search engines look for. It isn't signed: anybody can write or
remove it, so it is told beside the marks and never counts as one.
"""

from __future__ import annotations

import re
from pathlib import Path

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_SEARCHED_BYTES = 4 << 20
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
