"""Claims about the processes that render."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from understudy.workers.begin import begin

_SCRIPT = """
import os, signal
from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render_frames

if __name__ == "__main__":
    import multiprocessing
    frames = render_frames(DEMO_SRC, [State()] * 40, size_px=16, processes=2)
    next(frames)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
def test_rendering_processes_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "film.py"
    script.write_text(_SCRIPT)
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    children = [int(pid) for pid in ended.stdout.split()]
    assert len(children) == 2
    until = time.monotonic() + 60  # one may only be beginning, and notices then
    while any(_lives(pid) for pid in children) and time.monotonic() < until:
        time.sleep(0.1)
    left = [pid for pid in children if _lives(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def test_a_rendering_process_leaves_stopping_to_its_parent() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin) as pool:
        worker = pool.submit(os.getpid).result()
        os.kill(worker, signal.SIGTERM)
        assert pool.submit(os.getpid).result() == worker
