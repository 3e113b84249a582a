"""What killed processes left half-made among others: `files.folder_aside` and `files.file_aside` name it.

A process's number says nothing on another computer, and a disk may be shared: what one of those left is told by
its long silence alone.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psutil

from understudy.files import ASIDE_SUFFIX, machine_word, stat_of

SILENT_S = 3 * 86_400.0  # longer than any machine fills one folder or file without writing into it


def clear_half_built(folder: Path) -> None:
    """Remove what killed processes left in `folder`; what is made now, here or on another machine, stays."""
    for left in folder.glob(f".*{ASIDE_SUFFIX}"):
        if is_left_behind(left, left.name.removesuffix(ASIDE_SUFFIX).rpartition(".")[2]):
            shutil.rmtree(left, ignore_errors=True)


def is_left_behind(path: Path, process: str) -> bool:
    """Whether nobody makes what lies at `path` any more, by the word for a process in its name. One without a
    word for its machine is of an earlier version, and is taken for one of this machine."""
    number, _, machine = process.partition("-")
    if not number.isdecimal():
        return False
    if machine in ("", machine_word()):
        return not psutil.pid_exists(int(number))
    return time.time() - _last_written_s(path) > SILENT_S


def _last_written_s(path: Path) -> float:
    below = (Path(parent, name) for parent, _, names in os.walk(path) for name in names)
    return max(stat_of(one)[0] for one in (path, *below)) / 1e9
