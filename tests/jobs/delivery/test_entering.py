"""What is finished is entered in its project's ledger, and every ledger in the user's list."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from understudy.jobs.delivery.entering import enter
from understudy.project.project import Project
from understudy.provenance import exports
from understudy.provenance.exports import Export, breaks_in, known_ledgers


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def line(name: str) -> Export:
    return Export(at=datetime.now(UTC), file=name, sha256="0" * 64, marks=[], recast={})


def test_two_projects_that_finish_at_once_are_both_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects = [Project.create(tmp_path / name) for name in ("one", "other")]
    both_have_read, read = threading.Barrier(2), exports._remembered

    def read_and_wait(home: Path | None) -> dict:
        known = read(home)
        with contextlib.suppress(threading.BrokenBarrierError):  # the other waits for its turn, as it should
            both_have_read.wait(timeout=0.5)
        return known

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr(exports, "_remembered", read_and_wait)
        list(pool.map(enter, projects, [line("one.mp4"), line("other.mp4")]))
    assert set(known_ledgers()) == {project.exports_ledger for project in projects}


def test_what_can_not_be_remembered_is_not_entered_either(tmp_path: Path, home: Path) -> None:
    project = Project.create(tmp_path / "one")
    home.write_text("a file stands where the folder should be")
    with pytest.raises(Exception, match="can't be written to"):
        enter(project, line("one.mp4"))
    assert not project.exports_ledger.exists()
    home.unlink()
    enter(project, line("one.mp4"))
    assert breaks_in(project.exports_ledger) == [] and known_ledgers() == [project.exports_ledger]
