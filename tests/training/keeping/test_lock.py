"""A model has one trainer; a dead one leaves no lock behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from understudy.errors import ModelInUse
from understudy.training.keeping.lock import LOCK_NAME, holder_of, model_lock

HOLDER = """
import sys
from pathlib import Path
from understudy.training.keeping.lock import model_lock
with model_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_named_and_its_death_frees_the_model(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(ModelInUse, match=f"process {child.pid} on .* since"), model_lock(tmp_path):
            pass
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    with model_lock(tmp_path):
        pass


def test_who_holds_a_model_is_told_without_taking_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/understudy", "train", "shot"])
    assert holder_of(tmp_path) is None
    with model_lock(tmp_path):
        holder = holder_of(tmp_path)
        assert holder is not None
        assert holder.process == os.getpid()
        assert holder.command == "understudy train shot"
        assert f"process {os.getpid()} on" in holder.words
    assert (tmp_path / LOCK_NAME).exists()
    assert holder_of(tmp_path) is None, "the file of one who is gone is no lock"


def test_nobody_holds_a_model_on_a_disk_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    (tmp_path / LOCK_NAME).touch()
    monkeypatch.setattr(Path, "open", refused)
    assert holder_of(tmp_path) is None


def test_a_lock_file_without_a_holder_means_nothing(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text("left over")
    with model_lock(tmp_path):
        pass


def test_an_unreadable_lock_file_still_locks(tmp_path: Path) -> None:
    with model_lock(tmp_path):
        (tmp_path / LOCK_NAME).write_text("scribbled over")
        with pytest.raises(ModelInUse, match="another process"), model_lock(tmp_path):
            pass


def test_a_new_folder_in_which_nothing_was_made_is_gone_with_the_lock(tmp_path: Path) -> None:
    with model_lock(tmp_path / "m"):
        pass
    assert not (tmp_path / "m").exists()
    with model_lock(tmp_path / "m"):
        (tmp_path / "m" / "model.toml").touch()
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["model.toml", LOCK_NAME]
