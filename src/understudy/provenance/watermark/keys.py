"""The keys that spread watermarks: the program's open one, and private ones of a studio.

A private key lies in the user's data folder, closed to others, never in a project or a log; what it spread only
those can read who have it. `verify` tries every key that it knows. Not here: signing keys (`identity`).
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from understudy.errors import MarksUnreadable
from understudy.files import said_plainly, write_text
from understudy.options import meant
from understudy.provenance.identity import home_folder, write_private
from understudy.provenance.watermark.pattern import OPEN_KEY

OPEN_NAME = "open"
_FOLDER, _USED_NAME, _SUFFIX = "watermark-keys", "used", ".key"
_BYTES = 32
_FEWEST_BYTES, _MOST_BYTES = 16, 4096
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# Two keys never spread alike, not even where a file holds the open one.
_SALT = b"understudy private watermark 1\0"


@dataclass(frozen=True)
class SpreadKey:
    """A key by the name that it has on this machine."""

    name: str
    secret: bytes = field(repr=False)

    @property
    def is_open(self) -> bool:
        """Whether everybody who has the program has it."""
        return self.name == OPEN_NAME


OPEN = SpreadKey(OPEN_NAME, OPEN_KEY)


def key_in_use(home: Path | None = None) -> SpreadKey:
    """What new watermarks are spread with. Raises MarksUnreadable where the choice or its key is gone."""
    used = _folder(home) / _USED_NAME
    try:
        name = used.read_text("utf-8").strip() if used.is_file() else OPEN_NAME
    except (OSError, UnicodeError) as error:
        raise MarksUnreadable(
            "Which key spreads watermarks can't be read. Choose it anew with `understudy keys watermark NAME`.",
            used,
        ) from error
    return OPEN if name == OPEN_NAME else _read(name, home)


def known_keys(home: Path | None = None) -> list[SpreadKey]:
    """The open key, then the private ones of this machine by name; one that can't be read is passed over."""
    found = [OPEN]
    for path in sorted(_folder(home).glob(f"*{_SUFFIX}")):
        try:
            found.append(_read(path.stem, home))
        except MarksUnreadable:
            continue
    return found


def make_key(name: str, home: Path | None = None) -> SpreadKey:
    """A new private key. Raises MarksUnreadable where there is one of that name, or none can have it."""
    return _keep(name, secrets.token_bytes(_BYTES), home)


def take_key(name: str, file: Path, home: Path | None = None) -> SpreadKey:
    """Keep the key in a file of somebody else's under this name: all of its bytes count.

    Raises MarksUnreadable like `make_key`, and where the file isn't there, or is too short or long for a key.
    """
    if not file.is_file():
        raise MarksUnreadable("There is no such file. Name the one that holds the watermark key.", file)
    if not _FEWEST_BYTES <= file.stat().st_size <= _MOST_BYTES:
        raise MarksUnreadable(
            f"A watermark key is a file of {_FEWEST_BYTES} to {_MOST_BYTES} bytes. Name another one.", file
        )
    try:
        return _keep(name, file.read_bytes(), home)
    except OSError as error:
        raise MarksUnreadable("The watermark key can't be read from here.", file) from error


def use_key(name: str, home: Path | None = None) -> SpreadKey:
    """Spread new watermarks with this key from now on. Raises MarksUnreadable where there is no such key."""
    key = OPEN if name == OPEN_NAME else _read(name, home)
    write_text(_folder(home) / _USED_NAME, f"{name}\n")
    return key


def key_file(name: str, home: Path | None = None) -> Path:
    """Where a private key lies, for giving it to another machine of the studio."""
    return _folder(home) / f"{name}{_SUFFIX}"


def _folder(home: Path | None) -> Path:
    return (home or home_folder()) / _FOLDER


def _keep(name: str, material: bytes, home: Path | None) -> SpreadKey:
    if not _NAME.fullmatch(name) or name == OPEN_NAME:
        raise MarksUnreadable(
            f"A watermark key can't be called {name!r}. Take small letters, digits and hyphens, but not "
            f"{OPEN_NAME!r}."
        )
    path = key_file(name, home)
    if path.exists():
        raise MarksUnreadable(
            f"There is a watermark key called {name!r} already, and what it marked needs it. Take another "
            "name.",
            path,
        )
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.name != "nt":
            path.parent.chmod(0o700)
        write_private(path, material)
    return _read(name, home)


def _read(name: str, home: Path | None) -> SpreadKey:
    path = key_file(name, home)
    try:
        material = path.read_bytes() if _NAME.fullmatch(name) else b""
    except OSError as error:
        there = [key.name for key in known_keys(home)] if not path.exists() else []
        why = f"there are: {', '.join(there)}.{meant(name, there)}" if there else "its file can't be read."
        raise MarksUnreadable(f"No watermark key called {name!r} is known here; {why}", path) from error
    if not material:
        raise MarksUnreadable(f"No watermark key can be called {name!r}.")
    return SpreadKey(name, hashlib.sha256(_SALT + material).digest())
