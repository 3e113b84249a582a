"""Windows are told of runs, whoever started them."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project
from understudy.studio import run_watch
from understudy.studio.open_studio import Studio
from understudy.studio.run_watch import RunWatch


class _Heard:
    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def say(self, topic: str, **facts: Any) -> None:
        self.said.append({"topic": topic, **facts})


def test_a_run_of_somebody_else_is_told_until_it_is_over_and_then_no_more(tmp_path: Path) -> None:
    project, heard = Project.create(tmp_path / "project"), _Heard()
    watch = RunWatch(Studio(project.folder, live=heard))  # type: ignore[arg-type]
    watch.look()
    assert heard.said == []
    program = (sys.executable, "-c", "import sys; sys.stdin.read(); print('a word')")
    run = RunBook(project, program=program).start(["extract"])
    end = time.monotonic() + 120
    while not any(said["state"] == "done" for said in heard.said):
        assert time.monotonic() < end
        watch.look()
        time.sleep(0.02)
    assert {(said["topic"], said["id"]) for said in heard.said} == {("runs", run.id)}
    heard.said.clear()
    watch.look()
    assert heard.said == []


def test_without_a_project_there_is_nothing_to_tell() -> None:
    heard = _Heard()
    RunWatch(Studio(None, live=heard)).look()  # type: ignore[arg-type]
    assert heard.said == []


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
def test_the_queue_goes_on_when_a_run_and_who_kept_it_were_killed(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "project")
    watch = RunWatch(Studio(project.folder, live=_Heard()))  # type: ignore[arg-type]
    book = RunBook(project, program=(sys.executable, "-c", "import time; time.sleep(60)"))
    first, second = book.start(["wait"]), book.queue(["advise"])
    end = time.monotonic() + 120
    while (process := book.get(first.id).process) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    watch.look()
    keeper = json.loads((book.folder / first.id / "keeper.json").read_text())["process"]
    os.kill(keeper, signal.SIGKILL)
    os.kill(process, signal.SIGKILL)
    while book.get(second.id).state == "queued":
        assert time.monotonic() < end, "it waits for ever"
        watch.look()
        time.sleep(0.02)
    book.stop(second.id, at_once=True)


def test_a_run_that_nobody_can_read_ends_no_news_of_the_others(tmp_path: Path) -> None:
    project, heard = Project.create(tmp_path / "project"), _Heard()
    runs = project.logs_folder / "runs"
    for name, created in (("a", None), ("b", 1.0)):
        (runs / name).mkdir(parents=True)
        (runs / name / "run.json").write_text(json.dumps({"words": ["status"], "created": created}))
        (runs / name / "end.json").write_text("{}")
    RunWatch(Studio(project.folder, live=heard)).look()  # type: ignore[arg-type]
    assert [said["id"] for said in heard.said] == ["b"]


def test_a_bug_is_written_down_and_the_watch_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, ending, looks = Project.create(tmp_path / "project"), threading.Event(), list[int]()

    def look(_: RunWatch) -> None:
        looks.append(1)
        if len(looks) == 1:
            raise TypeError("a bug")
        ending.set()

    monkeypatch.setattr(RunWatch, "look", look)
    monkeypatch.setattr(run_watch, "_LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(run_watch, "_AFTER_BUG_S", 0.01)
    studio = Studio(project.folder)
    run_watch._watch(studio, ending)
    assert len(looks) == 2
    assert "a bug" in studio.log().read_text("utf-8")
