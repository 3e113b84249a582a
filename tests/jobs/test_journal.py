"""Run again, a swap goes on; only a named length after a finished run trains more."""

from __future__ import annotations

import pytest

from understudy.files import write_json
from understudy.jobs.journal import DEFAULT_MINUTES, SwapJournal
from understudy.project.project import Project


def _checkpoint(project: Project, *, iteration: int, finished: bool, minutes: float | None = 10) -> None:
    plan = {"minutes": minutes, "iterations": None, "finished": finished}
    folder = project.model_folder("main") / "checkpoints" / f"{iteration:09d}"
    write_json(folder / "state.json", {"layout": 1, "iteration": iteration, "plan": plan})


def _left(project: Project, said: dict[str, float]) -> dict[str, float] | None:
    return SwapJournal(project, "main").training_left(said, {})


def test_a_new_model_trains_as_long_as_was_said(project: Project) -> None:
    assert _left(project, {"minutes": 10}) == {"minutes": 10}


def test_a_new_model_trains_the_default_when_nothing_was_said(project: Project) -> None:
    assert _left(project, {}) == {"minutes": DEFAULT_MINUTES}


def test_a_length_in_the_project_beats_the_default(project: Project) -> None:
    journal = SwapJournal(project, "main")
    assert journal.training_left({}, {"minutes": None, "iterations": 500}) == {"iterations": 500}


def test_an_interrupted_plan_is_finished_when_nothing_is_said(project: Project) -> None:
    _checkpoint(project, iteration=7, finished=False)
    assert _left(project, {}) == {"minutes": 10, "iterations": None}


def test_a_finished_model_trains_no_more_when_nothing_is_said(project: Project) -> None:
    _checkpoint(project, iteration=7, finished=True)
    assert _left(project, {}) is None


def test_a_job_killed_after_training_does_not_train_again(project: Project) -> None:
    journal = SwapJournal(project, "main")
    journal.begin({"minutes": 10})
    journal.trained()
    assert _left(project, {"minutes": 10}) is None


def test_the_same_length_after_a_finished_job_is_trained_once_more(project: Project) -> None:
    journal = SwapJournal(project, "main")
    journal.begin({"minutes": 10})
    journal.trained()
    journal.delivered()
    again = SwapJournal(project, "main")
    assert again.training_left({"minutes": 10}, {}) == {"minutes": 10}
    again.begin({"minutes": 10})
    assert SwapJournal(project, "main").training_left({"minutes": 10}, {}) == {"minutes": 10}


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_torn_journal_trains_what_is_said(project: Project, rubbish: bytes) -> None:
    project.logs_folder.mkdir()
    (project.logs_folder / "swap-main.json").write_bytes(rubbish)
    assert _left(project, {"minutes": 10}) == {"minutes": 10}
