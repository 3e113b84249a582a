"""What killed processes left goes; what is being made stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

from understudy.files import folder_aside, machine_word
from understudy.workers import leftovers
from understudy.workers.leftovers import clear_half_built


def test_what_a_dead_process_left_goes_and_everything_else_stays(tmp_path: Path) -> None:
    here = machine_word()
    # no process has that number
    left = [tmp_path / f".shard.0.4194999{machine}.partial" for machine in ("", f"-{here}")]
    others = [
        tmp_path / name for name in (f".shard.0.{os.getpid()}.partial", ".mine.partial", "shard", "a.partial")
    ]
    others.append(folder_aside(tmp_path / "shard"))
    for folder in (*left, *others):
        (folder / "inside").mkdir(parents=True)
    clear_half_built(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    clear_half_built(tmp_path / "nowhere")


def test_what_another_machine_makes_on_a_shared_disk_stays_until_it_was_silent_very_long(
    tmp_path: Path,
) -> None:
    other = "0" * 6 if machine_word() != "0" * 6 else "1" * 6
    silent, written = (tmp_path / f".{name}.0.4194999-{other}.partial" for name in ("silent", "written"))
    long_ago = time.time() - leftovers.SILENT_S - 60
    for folder in (silent, written):
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "images.npy").write_bytes(b"half")
    for path in (silent, silent / "deep", silent / "deep/images.npy", written, written / "deep"):
        os.utime(path, (long_ago, long_ago))
    clear_half_built(tmp_path)
    assert list(tmp_path.iterdir()) == [written]
