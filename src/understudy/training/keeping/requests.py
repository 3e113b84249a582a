"""What people ask of a training that runs: one small file for each wish in the model's folder.

Whoever asks (`understudy train --finish`, a key at the terminal, the studio) writes a file; the training looks
now and then, takes the file away and does it. A wish to a training that has ended meanwhile is forgotten, but
for `finish`, which the next training takes up. Not here: what follows from a wish.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from understudy.files import said_plainly, write_json

FOLDER_NAME = "requests"
Wish = Literal["save", "preview", "finish", "stop", "backup"]
_OUTLIVES_A_TRAINING: tuple[Wish, ...] = ("finish",)


@dataclass(frozen=True)
class Request:
    """One wish. `details` is JSON-able; `finish` takes `iterations` or `share`, how long to settle."""

    wish: Wish
    details: Mapping[str, Any] = field(default_factory=dict)


def ask(model_dir: Path, wish: Wish, **details: Any) -> Path:
    """Ask the training of the model in `model_dir`; the same wish again replaces the first.

    Returns the file that says so. Raises DiskFull or FolderUnwritable.
    """
    path = model_dir / FOLDER_NAME / f"{wish}.json"
    write_json(path, details)
    return path


def take_requests(model_dir: Path) -> list[Request]:
    """Everything asked since the last look, saving first and stopping last; it then counts as asked no more.

    Cheap enough to be called twice a second. A file that is torn or not ours is taken away without effect.
    """
    folder = model_dir / FOLDER_NAME
    if not folder.is_dir():
        return []
    found = []
    for wish in ("save", "backup", "preview", "finish", "stop"):
        path = folder / f"{wish}.json"
        try:
            details = json.loads(path.read_bytes())
        except FileNotFoundError:
            continue
        except ValueError:
            details = None
        with said_plainly(path):
            path.unlink(missing_ok=True)
        if isinstance(details, dict):
            found.append(Request(wish, details))
    return found


def forget_requests(model_dir: Path) -> None:
    """Take away what was asked of a training that is gone; called when the next one starts."""
    for wish in get_args(Wish):
        if wish not in _OUTLIVES_A_TRAINING:
            path = model_dir / FOLDER_NAME / f"{wish}.json"
            with said_plainly(path):
                path.unlink(missing_ok=True)
