"""A studio that is closed lets go of all it opened: threads, watchers, clips, databases."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient

from tests.facesets.conftest import make_record, noise
from tests.jobs.conftest import write_wall
from understudy.jobs.clips.adding import add_clips
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio

# A room each; what they open stays open between requests.
ASKED = (
    "/api/project/state",
    "/api/project/runs",
    "/api/faces/table?faceset=src/main",
    "/api/faces/thumbs?faceset=src/main&keys=0000000000000000",
    "/api/frames/clip?clip=dst",
    "/api/frames/picture?clip=dst&frame=1",
    "/api/masks/desk",
    "/api/training/watch",
    "/api/merge/shot?clip=dst",
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "shot")
    for role in ("src", "dst"):
        write_wall(tmp_path / f"{role}.mp4")
    add_clips(made, src=[tmp_path / "src.mp4"], dst=[tmp_path / "dst.mp4"], consent="fictional")
    made.add_model("main", preset="quick")
    with made.faceset("src") as faceset:
        faceset.add(noise(64, seed=1), make_record(clip="src", frame=0, size_px=64))
    return made


def _used(project: Project) -> Studio:
    studio = Studio(project.folder)
    with TestClient(studio_app(studio)) as window:
        for address in ASKED:
            answer = window.get(address)
            assert answer.status_code == 200, answer.text
        assert studio.kept
    return studio


def _threads() -> Counter[str]:
    return Counter(one.name.rstrip("0123456789-_") for one in threading.enumerate())


def _settled(count: Callable[[], int], at_most: int) -> int:
    """Threads that were told to end need a moment."""
    until = time.monotonic() + 10
    while (now := count()) > at_most and time.monotonic() < until:
        gc.collect()
        time.sleep(0.05)
    return now


def test_a_studio_that_is_opened_and_closed_ten_times_leaves_no_threads_and_no_files(project: Project) -> None:
    process = psutil.Process()
    files = process.num_fds if sys.platform != "win32" else process.num_handles
    _used(project)  # what is opened once, as libraries do
    threads, handles = _threads(), files()
    for _ in range(10):
        assert _used(project).kept == {}
    _settled(lambda: _threads().total(), threads.total())
    assert _threads() - threads == Counter(), "threads are left"
    assert _settled(files, handles) <= handles, "files are left"


def test_what_cannot_be_closed_holds_nothing_else_up() -> None:
    studio, closed = Studio(None), []

    def fails() -> None:
        raise OSError("gone")

    studio.at_end(lambda: closed.append("first"))
    studio.at_end(fails)
    studio.at_end(lambda: closed.append("last"))
    studio.close()
    assert closed == ["last", "first"]
    studio.close()
    assert closed == ["last", "first"]
