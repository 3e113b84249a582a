"""train.log: what a person should know of a model's past, one dated sentence a line. Only ever grows."""

from __future__ import annotations

import time
from pathlib import Path

from understudy.files import require_no_link, said_plainly

LOG_NAME = "train.log"


def append_log(model_dir: Path, sentence: str) -> None:
    """Add a line. Raises DiskFull or FolderUnwritable."""
    path = model_dir / LOG_NAME
    require_no_link(path)
    with said_plainly(path), path.open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sentence}\n")
