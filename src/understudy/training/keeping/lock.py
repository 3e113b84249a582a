"""One trainer per model: an operating system's lock, gone by itself when its process dies.

The lock file also says who holds it. Its being there means nothing; the lock on it does.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from understudy.errors import ModelInUse
from understudy.files import said_plainly, try_lock, unlock

LOCK_NAME = "training.lock"


@contextlib.contextmanager
def model_lock(model_dir: Path) -> Iterator[None]:
    """Hold the model in `model_dir` for the length of the block. Raises ModelInUse, naming who has it."""
    path = model_dir / LOCK_NAME
    with said_plainly(path):
        model_dir.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    with file:
        if not try_lock(file):
            raise ModelInUse(
                f"Model {model_dir.name!r} is being trained by {_holder(path)}. Stop that first or take "
                "another model.",
                model_dir,
            )
        try:
            with said_plainly(path):
                _write_holder(file)
            yield
        finally:
            unlock(file)


def _write_holder(file: BinaryIO) -> None:
    about = {
        "process": os.getpid(),
        "host": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    file.truncate(0)
    file.write(json.dumps(about).encode())
    file.flush()


def _holder(path: Path) -> str:
    try:
        about = json.loads(path.read_bytes())
        return f"process {int(about['process'])} on {about['host']} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
