"""Folders that killed processes left half-made among others: `files.folder_written_aside` names them."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from understudy.files import ASIDE_SUFFIX


def clear_half_built(folder: Path) -> None:
    """Remove what killed processes left in `folder`; what one of this machine makes now stays."""
    for left in folder.glob(f".*{ASIDE_SUFFIX}"):
        process = left.name.removesuffix(ASIDE_SUFFIX).rpartition(".")[2]
        if process.isdigit() and not psutil.pid_exists(int(process)):
            shutil.rmtree(left, ignore_errors=True)
