"""File names that every operating system takes, made from whatever a clip or performer is called."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_LIMIT_BYTES = 120  # of the 255 that file systems allow, so that numbers and endings fit


def safe_name(text: str) -> str:
    """`text` as part of a file name: letters of all scripts stay, what a system forbids becomes "_".

    Two different texts may give one name; who needs uniqueness adds a number.
    """
    normal = unicodedata.normalize("NFC", text)
    visible = "".join("_" if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in normal)
    name = _FORBIDDEN.sub("_", visible).strip(" .")
    while len(name.encode("utf-8", "replace")) > _LIMIT_BYTES:
        name = name[:-1]
    name = name.rstrip(" .") or "_"
    return f"_{name}" if _RESERVED.match(name) else name
