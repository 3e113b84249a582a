"""A project whose runs are done by a small program that does as its words say."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from understudy.jobs.runs.book import RunBook
from understudy.jobs.runs.run import Run
from understudy.project.project import Project

_PROGRAM = """
import json, pathlib, signal, sys, time
word = sys.argv[1]
def say(**event):
    print(json.dumps(event), flush=True)
if word == "wait":
    asked = []
    signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    say(event="StageStarted", stage="wait", unit="frames", total=10, done=0, why="")
    say(event="Progress", stage="wait", done=3, total=10, rate=1.5, seconds_left=4.0)
    print("what a library prints", flush=True)
    while not asked:
        time.sleep(0.01)
    sys.exit("understudy: Stopped. What was finished is kept." if sys.argv[2] == "badly" else 130)
if word == "deaf":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    say(event="StageStarted", stage="deaf", unit="frames", total=None, done=0, why="")
    time.sleep(60)
if word == "refuse":
    print("understudy: There is no such clip.", file=sys.stderr)
    sys.exit(2)
if "--fail" in sys.argv:  # as soon as it is told to
    while not pathlib.Path("../fail").exists():
        time.sleep(0.01)
    sys.exit("understudy: No.")
if word == "break":
    raise ValueError("a bug")
say(event="StageFinished", stage=word, summary={}, skipped=False)
"""


@pytest.fixture
def book(tmp_path: Path) -> Iterator[RunBook]:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM, encoding="utf-8")
    made = RunBook(Project.create(tmp_path / "project"), program=(sys.executable, str(program)))
    yield made
    for run in made.all():
        made.stop(run.id, at_once=True)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Wait until something is true; only a failure takes two minutes."""

    def wait(true: Callable[[], object]) -> None:
        end = time.monotonic() + 120
        while not true():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.02)

    return wait


@pytest.fixture
def ended(book: RunBook, until: Callable[[Callable[[], object]], None]) -> Callable[[str], Run]:
    """The run of that name when it is over."""

    def end_of(id: str) -> Run:
        until(lambda: not book.get(id).living)
        return book.get(id)

    return end_of
