"""How a training is doing is believed only of the process that holds the model."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from understudy.errors import DiskFull
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.status import STATUS_NAME, clear_half_said, read_status, write_status


def test_a_training_that_runs_says_how_it_is_doing(tmp_path: Path) -> None:
    with model_lock(tmp_path):
        assert read_status(tmp_path) is None
        write_status(tmp_path, {"rate": 2.5})
        write_status(tmp_path, {"rate": 3.5})
        said = read_status(tmp_path)
        assert said is not None and said["rate"] == 3.5
    assert sorted(path.name for path in tmp_path.iterdir()) == [STATUS_NAME, "training.lock"]


def test_threads_that_say_it_at_once_do_not_take_each_others_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, together = Path.write_text, threading.Barrier(2, timeout=30)

    def waiting(path: Path, text: str, **how: str) -> int:
        size = written(path, text, **how)
        together.wait()
        return size

    with model_lock(tmp_path):
        monkeypatch.setattr(Path, "write_text", waiting)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda rate: write_status(tmp_path, {"rate": rate}), (2.5, 3.5)))
        said = read_status(tmp_path)
    assert said is not None and said["rate"] in (2.5, 3.5)
    assert sorted(path.name for path in tmp_path.iterdir()) == [STATUS_NAME, "training.lock"]


def test_what_a_killed_training_left_half_said_goes_when_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Path, "replace", killed)
        patched.setattr(Path, "unlink", lambda *_, **__: None)
        write_status(tmp_path, {"rate": 2.5})
    (tmp_path / ".notes.1.2.partial.json").write_text("somebody else's")
    assert len(list(tmp_path.glob(".training.*"))) == 1
    clear_half_said(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".notes.1.2.partial.json"]


def test_a_status_that_cannot_be_put_in_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFull):
        write_status(tmp_path, {"rate": 2.5})
    assert not list(tmp_path.iterdir())


def test_a_status_that_is_being_read_on_windows_is_said_a_second_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_now(*_: object) -> None:
        raise PermissionError(13, "used by another process")

    with model_lock(tmp_path):
        write_status(tmp_path, {"rate": 2.5})
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", read_now)
            write_status(tmp_path, {"rate": 3.5})
        said = read_status(tmp_path)
        assert said is not None and said["rate"] == 2.5
        assert sorted(path.name for path in tmp_path.iterdir()) == [STATUS_NAME, "training.lock"]
        write_status(tmp_path, {"rate": 4.5})
        said = read_status(tmp_path)
        assert said is not None and said["rate"] == 4.5


def test_what_a_process_left_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    with model_lock(tmp_path):
        write_status(tmp_path, {"rate": 2.5})
    assert read_status(tmp_path) is None
    with model_lock(tmp_path):  # another process, as far as the file says
        said = json.loads((tmp_path / STATUS_NAME).read_text())
        (tmp_path / STATUS_NAME).write_text(json.dumps(said | {"process": -1}))
        assert read_status(tmp_path) is None
        (tmp_path / STATUS_NAME).write_text("{")
        assert read_status(tmp_path) is None
