"""Which files in a faceset's folder are pictures, by their names and dates; none is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from understudy.files import said_plainly

ENDINGS = (".jpg", ".jpeg", ".png")


def count_pictures(folder: Path) -> int:
    """How many pictures a faceset's folder holds, without a look into them; 0 where there is none."""
    return sum(1 for _ in image_files(folder)) if folder.is_dir() else 0


def image_files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """(name, size, mtime_ns) of every picture in the folder; hidden and half-written files are no pictures."""
    with said_plainly(folder), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if not is_picture(name):
                continue
            try:
                status = entry.stat()
            except OSError:  # deleted between the listing and the look
                continue
            if entry.is_file():
                yield name, status.st_size, status.st_mtime_ns


def is_picture(name: str) -> bool:
    """Whether a file of that name can be a face."""
    is_one = not name.startswith(".") and name.lower().endswith(ENDINGS)
    return is_one and not {"/", "\\"} & set(name) and _is_text(name)


def _is_text(name: str) -> bool:
    # A name that is no valid UTF-8 arrives with surrogates, which neither SQLite nor JSON takes.
    return name.isascii() or not any(0xD800 <= ord(c) < 0xE000 for c in name)
