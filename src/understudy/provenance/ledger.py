"""The ledger of an image sequence: one small JSON file with the SHA-256 of every frame in a folder.

The ledger is what gets signed, as a sidecar beside it; the images stay byte for byte what the writer made. A
frame that is changed, missing, added or renamed shows. Signing itself is `sign.py`'s matter.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from understudy.errors import MarksUnreadable
from understudy.files import sha256_of
from understudy.steps import answer_of

LEDGER_NAME = "frames.sha256.json"
_IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".exr", ".bmp", ".avif", ".gif"}
)
_LARGEST_LEDGER_BYTES = 64 << 20


class Ledger(BaseModel):
    """SHA-256 of each image of a folder by file name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1
    frames: dict[str, str]


def ledger_of(folder: Path) -> bytes:
    """The ledger of the images now in `folder`, as the bytes to be written. Hidden files don't count."""
    return answer_of(ledger_by_steps(folder))


def ledger_by_steps(folder: Path) -> Generator[float, None, bytes]:
    """The same, in steps: yields how much of the work, 0..1, is done."""
    images, ledger = images_in(folder), Ledger(frames={})
    for number, path in enumerate(images, 1):
        ledger.frames[path.name] = sha256_of(path)
        yield number / len(images)
    return (json.dumps(ledger.model_dump(), indent=0, ensure_ascii=False) + "\n").encode("utf-8")


def images_in(folder: Path) -> list[Path]:
    """The image files right inside `folder`, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def listed_in(folder: Path) -> dict[str, str]:
    """SHA-256 by file name, as the folder's ledger has them. Raises MarksUnreadable where it can't be read."""
    path = folder / LEDGER_NAME
    try:
        if path.stat().st_size > _LARGEST_LEDGER_BYTES:
            raise MarksUnreadable("This ledger of frames is too large to be one.", path)
        return Ledger.model_validate_json(path.read_bytes()).frames
    except (OSError, ValidationError) as error:
        raise MarksUnreadable("This ledger of frames can't be read.", path) from error


def differences(folder: Path) -> list[str]:
    """Sentences on how the folder's images differ from its ledger; empty when every frame is as written.

    Raises MarksUnreadable when the ledger cannot be understood.
    """
    listed = listed_in(folder)
    present = {image.name: image for image in images_in(folder)}
    changed = [name for name in listed if name in present and sha256_of(present[name]) != listed[name]]
    found = {
        "changed since it was signed": changed,
        "missing": [name for name in listed if name not in present],
        "not in the ledger": [name for name in present if name not in listed],
    }
    return [_sentence(names, what) for what, names in found.items() if names]


def _sentence(names: list[str], what: str) -> str:
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{len(names)} frame{'s are' if len(names) > 1 else ' is'} {what}: {shown}."
