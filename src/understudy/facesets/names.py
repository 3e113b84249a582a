"""File names that every operating system takes, made from whatever a clip or performer is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_OF_A_FACE = re.compile(r"(.+)-([0-9]{6,9})-([0-9]{1,4})(-[0-9]{1,5})?", re.DOTALL)
_LIMIT_BYTES = 120  # of the 255 that file systems allow, so that numbers and endings fit


class FreeNames:
    """Gives every file a name of its own: the one wished for, or the same with a number before its ending.

    `taken` are names that are given already. Capitals make no other name, because some systems don't tell them
    apart. Thousands of the same wish take no longer each than the first.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}
        self._last_number: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """A name that nobody has; from now on it is taken."""
        name, path = wish, Path(wish)
        number = self._last_number.get(wish.casefold(), 1)
        while name.casefold() in self._taken:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        self._last_number[wish.casefold()] = number
        self._taken.add(name.casefold())
        return name


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


@dataclass(frozen=True)
class FaceName:
    """What the name of a face's file says: its clip, the frame's index, and the person, from 1."""

    clip: str
    frame: int
    person: int


def face_stem(clip: str, frame: int, person: int) -> str:
    """The usual name of a face's file, without a number for a second one and without its ending."""
    return f"{safe_name(clip)}-{frame:06d}-{person}"


def face_name(stem: str) -> FaceName | None:
    """What a name of `face_stem`, with or without a number behind, says; None for other names."""
    found = _OF_A_FACE.fullmatch(stem)
    if found is None:
        return None
    clip, frame, person = found.group(1), int(found.group(2)), int(found.group(3))
    # What `face_stem` would not have written was named by somebody else.
    if not person or f"{clip}-{frame:06d}-{person}" != stem.removesuffix(found.group(4) or ""):
        return None
    return FaceName(clip, frame, person)
