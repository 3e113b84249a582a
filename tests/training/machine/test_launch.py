"""Processes are started together, stopped together, and started again a few times."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.errors import WorkerDied
from understudy.training.machine.launch import launch, own_command


@pytest.fixture(autouse=True)
def not_under_nohup() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def command(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_the_leaders_exit_code_is_that_of_all() -> None:
    rank = "import os, sys; sys.exit(2 if os.environ['RANK'] == '0' else 0)"
    assert launch(command(rank), 3) == 2


@pytest.mark.parametrize(("said", "threads"), [(None, "2"), ("4", "2"), ("3", "3")])
def test_several_processes_share_the_cores_unless_the_threads_were_said(
    monkeypatch: pytest.MonkeyPatch, said: str | None, threads: str
) -> None:
    """In a container of four cores a command says itself that torch starts four threads."""
    monkeypatch.setattr("understudy.training.machine.launch.cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    counted = f"import os, sys; sys.exit(os.environ['OMP_NUM_THREADS'] != '{threads}')"
    assert launch(command(counted), 2) == 0


def test_processes_that_are_lost_again_and_again_are_given_up_in_a_sentence() -> None:
    said: list[str] = []
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(WorkerDied, match="3 times"):
        launch(command(killed), 2, restarts=2, say=said.append)
    assert len(said) == 2


def test_a_leader_that_does_not_notice_is_ended_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.training.machine.launch._TO_SAVE_S", 0.5)
    stuck = "import os, sys, time; time.sleep(60) if os.environ['RANK'] == '0' else sys.exit(9)"
    began = time.monotonic()
    with pytest.raises(WorkerDied):
        launch(command(stuck), 2, restarts=0)
    assert time.monotonic() - began < 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_leader_which_decides_for_all(number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    patient = f"""
import os, pathlib, signal, sys, time
if os.environ["RANK"] == "0":
    signal.signal({int(number)}, lambda *_: sys.exit(130))
    pathlib.Path({str(ready)!r}).touch()
time.sleep(60)
"""

    def send() -> None:
        while not ready.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("understudy.training.machine.launch._TO_END_S", 0.3)
        assert launch(command(patient), 2) == 130


def test_a_run_again_has_the_words_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["understudy", "train", "p", "--processes", "2"])
    assert own_command()[1:] == ["-m", "understudy", "train", "p", "--processes", "2"]


def test_when_the_launcher_is_killed_the_leader_is_asked_to_stop(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = f"""
import os, pathlib, signal, sys, time
from understudy.training.machine.launch import stop_without_launcher
mark = pathlib.Path({str(mark)!r})
if os.environ["RANK"] == "0":
    signal.signal(signal.SIGTERM, lambda *_: (mark.write_text("asked"), sys.exit(0)))
    stop_without_launcher()
    mark.write_text("ready")
    time.sleep(60)
"""
    starter = "import sys; from understudy.training.machine.launch import launch; launch(sys.argv[1:], 2)"
    launcher = subprocess.Popen([sys.executable, "-c", starter, *command(process)])
    until = time.monotonic() + 120
    while not (mark.exists() and mark.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    launcher.kill()
    launcher.wait()
    until = time.monotonic() + 60
    while mark.read_text() != "asked" and time.monotonic() < until:
        time.sleep(0.05)
    assert mark.read_text() == "asked"
