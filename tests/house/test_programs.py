"""A program that is run by a test says how it ended, and leaves nothing behind when it takes too long."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.house.programs import ran

BEGINS_ANOTHER = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("child.new").write_text(str(child.pid))
pathlib.Path("child.new").rename("child")
time.sleep(600)
"""


def test_a_program_that_takes_too_long_ends_with_those_that_it_began(tmp_path: Path) -> None:
    for patience_s in (2, 20, 120):  # a busy machine is slow to begin a program
        with pytest.raises(subprocess.TimeoutExpired):
            ran([sys.executable, "-c", BEGINS_ANOTHER], cwd=tmp_path, timeout_s=patience_s)
        if (tmp_path / "child").exists():
            break
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 60
    while is_at_work(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_at_work(child)


def is_at_work(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # nobody may be there to bury it
    except psutil.NoSuchProcess:
        return False


def test_what_a_program_says_and_how_it_ends_is_told(tmp_path: Path) -> None:
    run = ran([sys.executable, "-c", "print('here'); raise SystemExit('why')"], cwd=tmp_path, timeout_s=60)
    assert (run.returncode, run.stdout, run.stderr) == (1, "here\n", "why\n")
