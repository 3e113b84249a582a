"""training.json: how the training that holds a model is doing right now, for whoever looks from outside.

Rewritten about every second and worth nothing once its process is gone. Not here: how far the model is in all
(checkpoints), what happened on its way (`milestones.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy.files import ASIDE_SUFFIX, file_aside, said_plainly
from understudy.training.keeping.lock import holder_of

STATUS_NAME = "training.json"


def write_status(model_dir: Path, figures: Mapping[str, Any]) -> None:
    """Say how it is doing; JSON-able. Raises DiskFull or FolderUnwritable."""
    path = model_dir / STATUS_NAME
    aside = file_aside(path)
    said = {"process": os.getpid(), "written_s": round(time.time(), 2), **figures}
    # No flush to the disk, which a step would wait for: after a power cut nobody asks how it was doing.
    with said_plainly(path):
        try:
            aside.write_text(json.dumps(said), encoding="utf-8")
            # Windows replaces nothing that somebody reads; a second later there is a newer one anyway.
            with contextlib.suppress(PermissionError):
                aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def clear_half_said(model_dir: Path) -> None:
    """Remove what a training that was killed left half-written; for the one that holds the model now."""
    name = Path(STATUS_NAME)
    for left in model_dir.glob(f".{name.stem}.*{ASIDE_SUFFIX}{name.suffix}"):
        left.unlink(missing_ok=True)


def read_status(model_dir: Path) -> dict[str, Any] | None:
    """What the training that holds the model now has said of itself; None where none does, or not yet."""
    holder = holder_of(model_dir)
    if holder is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        said = json.loads((model_dir / STATUS_NAME).read_bytes())
        if isinstance(said, dict) and said.get("process") == holder.process:
            return said
    return None
