"""What killed processes left goes; what is being made stays."""

from __future__ import annotations

import os
from pathlib import Path

from understudy.workers.leftovers import clear_half_built


def test_what_a_dead_process_left_goes_and_everything_else_stays(tmp_path: Path) -> None:
    left = tmp_path / ".shard.0.4194999.partial"  # no process has that number
    others = [
        tmp_path / name for name in (f".shard.0.{os.getpid()}.partial", ".mine.partial", "shard", "a.partial")
    ]
    for folder in (left, *others):
        (folder / "inside").mkdir(parents=True)
    clear_half_built(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    clear_half_built(tmp_path / "nowhere")
