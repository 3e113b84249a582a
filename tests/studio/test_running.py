"""`studio/running.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from understudy.errors import StudioMissing
from understudy.files import read_json, write_json
from understudy.provenance.identity import HOME_VARIABLE
from understudy.studio.door import Door
from understudy.studio.running import left_token, links, noted, running, take_left_token
from understudy.workers.identity import mark_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder of this test alone."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_studio_is_found_as_long_as_it_runs(tmp_path: Path) -> None:
    with noted(8471, "http://127.0.0.1:8471", tmp_path):
        (note,) = running()
        assert (note.url, note.project) == ("http://127.0.0.1:8471", str(tmp_path))
        assert note.process["process"] == os.getpid()
    assert running() == []


def test_a_killed_studio_is_not_found_and_its_note_is_gone(home: Path) -> None:
    with noted(8471, "http://127.0.0.1:8471", None):
        (path,) = (home / "studios").glob("*.json")
        ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
        write_json(path, read_json(path) | {"process": mark_of(os.getpid()) | {"process": int(ended.stdout)}})
        assert running() == [] and not path.exists()


def test_another_process_that_got_its_number_is_no_studio(home: Path) -> None:
    with noted(8471, "http://127.0.0.1:8471", None):
        (path,) = (home / "studios").glob("*.json")
        write_json(path, read_json(path) | {"process": mark_of() | {"started": 1.0, "ticks": 1}})
        assert running() == []


def test_a_studio_is_found_when_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with noted(8471, "http://127.0.0.1:8471", None):
        told = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) + 7200)
        assert len(running()) == 1


def test_a_note_of_before_is_understood(home: Path) -> None:
    with noted(8471, "http://127.0.0.1:8471", None):
        (path,) = (home / "studios").glob("*.json")
        about = {"port": 8471, "url": "http://127.0.0.1:8471", "project": None, "pid": os.getpid()}
        write_json(path, about | {"started": psutil.Process().create_time()})
        assert len(running()) == 1
        write_json(path, about | {"started": 1.0})
        assert running() == []


def test_a_link_asked_for_elsewhere_lets_one_browser_in() -> None:
    door = Door(takes_left=lambda hashed: take_left_token(left_token(8471), hashed))
    with noted(8471, "http://127.0.0.1:8471", None):
        ((_, link),) = links()
        token = link.partition("token=")[2]
        assert door.enter("guess", "here") is None
        assert door.enter(token, "here")
        assert door.enter(token, "here") is None


def test_a_link_that_nobody_opened_is_worth_nothing_after_ten_minutes() -> None:
    door = Door(takes_left=lambda hashed: take_left_token(left_token(8471), hashed))
    with noted(8471, "http://127.0.0.1:8471", None):
        ((_, link),) = links()
        os.utime(left_token(8471), (1, 1))
        assert door.enter(link.partition("token=")[2], "here") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_only_this_user_sees_them_and_no_file_holds_the_token(home: Path) -> None:
    with noted(8471, "http://127.0.0.1:8471", None):
        ((_, link),) = links()
        assert (home / "studios").stat().st_mode & 0o077 == 0
        texts = [path.read_text() for path in (home / "studios").iterdir()]
        assert texts and not any(link.partition("token=")[2] in text for text in texts)


def test_a_project_without_a_studio_says_so(tmp_path: Path) -> None:
    with noted(8471, "http://127.0.0.1:8471", None), pytest.raises(StudioMissing, match="No studio runs"):
        links(tmp_path)
