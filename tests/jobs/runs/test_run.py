"""A run as its folder tells it."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from understudy.files import write_json
from understudy.jobs.runs.keeper import how_it_ended
from understudy.jobs.runs.run import (
    EVENTS,
    KEEPER,
    OUTPUT,
    PROCESS,
    RUN,
    STOP,
    read_run,
    this_process,
    write_end,
)


def _folder(tmp_path: Path, **files: object) -> Path:
    write_json(tmp_path / RUN, {"title": "Train", "words": ["train", "."], "created": 1.0})
    for name, value in files.items():
        write_json(tmp_path / f"{name}.json", value)
    return tmp_path


def test_a_run_waits_until_a_process_has_taken_it(tmp_path: Path) -> None:
    run = read_run(_folder(tmp_path))
    assert run is not None and run.state == "queued" and run.living and run.started is None


def test_it_runs_while_either_of_its_processes_does(tmp_path: Path) -> None:
    us, gone = this_process(os.getpid()), {**this_process(os.getpid()), "started": 0.0, "ticks": 0}
    for keeper, process in ((us, gone), (gone, us)):
        write_json(tmp_path / KEEPER, keeper)
        write_json(tmp_path / PROCESS, process)
        run = read_run(_folder(tmp_path))
        assert run is not None and run.state == "running"
    write_json(tmp_path / STOP, {"at": 2.0})
    run = read_run(tmp_path)
    assert run is not None and run.state == "stopping"


def test_one_of_another_computer_is_not_said_to_run_here(tmp_path: Path) -> None:
    there = {**this_process(os.getpid()), "host": "elsewhere"}
    run = read_run(_folder(tmp_path, keeper=there, process=there))
    assert run is not None and run.state == "lost" and run.sentence


def test_it_still_runs_when_the_clock_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path, keeper=this_process(os.getpid()), process=this_process(os.getpid()))
    told = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) - 7200)
    run = read_run(tmp_path)
    assert run is not None and run.state == "running"


def test_how_it_ended_counts_more_than_a_process(tmp_path: Path) -> None:
    _folder(tmp_path, keeper=this_process(os.getpid()))
    write_end(tmp_path, state="failed", sentence="There is no such clip.", exit_code=2)
    run = read_run(tmp_path)
    assert run is not None and (run.state, run.exit_code, run.sentence) == (
        "failed",
        2,
        "There is no such clip.",
    )


def test_one_that_kept_its_work_when_it_was_asked_to_stop_is_stopped_not_done(tmp_path: Path) -> None:
    assert how_it_ended(tmp_path, 0) == ("done", "")
    write_json(tmp_path / STOP, {"at": 2.0})
    assert how_it_ended(tmp_path, 0) == ("stopped", "")


@pytest.mark.parametrize(
    ("code", "log"), [(-2, ""), (-9, ""), (1, 'Traceback\n  File "abc.py", in __new__\nKeyboardInterrupt\n')]
)
def test_one_that_is_stopped_while_its_process_begins_is_stopped_and_not_told_as_a_fault(
    tmp_path: Path, code: int, log: str
) -> None:
    write_json(tmp_path / STOP, {"at": 2.0})
    (tmp_path / EVENTS).touch()
    (tmp_path / OUTPUT).write_text(log, encoding="utf-8")
    assert how_it_ended(tmp_path, code) == (
        "stopped",
        "Stopped before it began. Start it again when you want it.",
    )
    (tmp_path / OUTPUT).write_text("understudy: There is no such clip.\n", encoding="utf-8")
    assert how_it_ended(tmp_path, 2) == ("failed", "There is no such clip.")
    (tmp_path / EVENTS).write_text("{}\n", encoding="utf-8")
    assert how_it_ended(tmp_path, -9)[1].startswith("Ended at once")
    (tmp_path / OUTPUT).write_text("KeyboardInterrupt\n", encoding="utf-8")
    assert how_it_ended(tmp_path, 1)[0] == "stopped"
    (tmp_path / STOP).unlink()
    assert how_it_ended(tmp_path, 1) == ("failed", "KeyboardInterrupt")


def test_a_run_that_is_over_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _folder(tmp_path, keeper=this_process(os.getpid()))
    write_end(folder, state="done", exit_code=0)
    assert read_run(folder) is not None
    monkeypatch.setattr("understudy.jobs.runs.run.read_json", lambda _: pytest.fail("read again"))
    again = read_run(folder)
    assert again is not None and again.state == "done"


def test_a_folder_without_a_run_is_none(tmp_path: Path) -> None:
    assert read_run(tmp_path) is None
    (tmp_path / RUN).write_text('{"words": ', encoding="utf-8")
    assert read_run(tmp_path) is None


@pytest.mark.parametrize(
    "about",
    [
        {"words": ["train"], "created": None},
        {"words": ["train"], "created": "today"},
        {"words": ["train"], "after": 7},
        {"words": [7]},
        {"words": "train"},
        {},
        [],
    ],
)
@pytest.mark.parametrize("over", [False, True])
def test_what_is_no_run_is_passed_over(tmp_path: Path, about: object, over: bool) -> None:
    folder = _folder(tmp_path, **({"end": {}} if over else {}))
    assert read_run(folder) is not None
    read_run.__globals__["_run_that_is_over"].cache_clear()
    write_json(folder / RUN, about)
    assert read_run(folder) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("end", {"at": "now"}),
        ("end", {"exit_code": []}),
        ("process", {"process": "x", "at": 1}),
        ("keeper", {"at": []}),
    ],
)
def test_a_run_whose_process_or_end_says_nothing_sensible_is_passed_over(
    tmp_path: Path, name: str, said: object
) -> None:
    assert read_run(_folder(tmp_path, **{name: said})) is None


def test_a_run_that_ended_is_over_whatever_its_end_says(tmp_path: Path) -> None:
    run = read_run(_folder(tmp_path, end={"state": "running"}))
    assert run is not None and (run.state, run.living) == ("failed", False)
