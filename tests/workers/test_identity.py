"""`workers/identity.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from understudy.workers import identity
from understudy.workers.identity import found_by, lives, mark_of

_ON_LINUX = sys.platform == "linux"


@pytest.fixture(params=["ticks", "clock"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """By the ticks that Linux tells, and as other systems have it."""
    if request.param == "clock":
        monkeypatch.setattr(identity, "_SYSTEM", tmp_path)
    elif not _ON_LINUX:
        pytest.skip("only Linux tells ticks")
    return request.param


def test_a_process_is_known_again(way: str) -> None:
    mark = mark_of()
    assert ("ticks" in mark) == (way == "ticks")
    found = found_by(mark)
    assert found is not None and found.pid == os.getpid() and lives(mark)


def test_it_is_known_again_when_the_clock_was_set(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, parents = mark_of(), mark_of(os.getppid())
    told = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) + 7200)
    assert lives(ours) and lives(parents)


def test_another_one_with_its_number_is_not_taken_for_it(way: str) -> None:
    mark = mark_of()
    earlier = {"ticks": mark["ticks"] - 1} if way == "ticks" else {"started": mark["started"] - 3}
    assert not lives(mark | earlier)
    if way == "ticks":
        assert not lives(mark | {"boot": "before the computer was switched off"})


def test_one_that_ended_is_gone_also_before_anybody_took_note(way: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mark = mark_of(process.pid)
        assert lives(mark)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not lives(mark)
    assert not lives(mark)
    assert not lives(mark_of(process.pid)), "of one that is gone the number alone is known"


def test_a_mark_without_ticks_is_told_by_the_clock_and_one_without_a_start_by_the_number() -> None:
    mark = mark_of()
    old = {"process": mark["process"], "started": psutil.Process().create_time()}
    assert lives(old) and not lives(old | {"started": 1.0})
    assert lives({"process": mark["process"]}) and lives({"process": mark["process"], "started": None})


@pytest.mark.parametrize("mark", [{}, {"process": None}, {"process": "x"}, {"process": -1}])
def test_what_is_no_mark_is_no_process(mark: dict[str, object]) -> None:
    assert not lives(mark)


def test_one_that_is_not_ours_to_ask_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_process: psutil.Process) -> str:
        raise psutil.AccessDenied(1)

    mark = mark_of()
    monkeypatch.setattr(psutil.Process, "status", refused)
    assert lives(mark)
    with pytest.raises(psutil.AccessDenied):
        found_by(mark)
