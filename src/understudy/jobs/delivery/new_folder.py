"""That the folder of a finished file is yet to be made is said first: it may be a slip of the finger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.events import Notice


def new_folder_told(out: Path | None) -> Iterator[Notice]:
    """A warning where `out` is to go into a folder that is not there. Nothing is made here."""
    if out is not None and not (folder := out.absolute().parent).exists():
        yield Notice(
            f"There is no folder {folder} yet; it is made for the result. If that is a slip, stop this and say "
            "another -o.",
            level="warning",
        )
