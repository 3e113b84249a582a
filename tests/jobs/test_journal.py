"""Run again, a swap goes on; only a named length after a finished run trains more."""

from __future__ import annotations

import pytest
import torch

from understudy.jobs.journal import DEFAULT_MINUTES, SwapJournal
from understudy.project.project import Project
from understudy.training.keeping.checkpoint import Checkpoint, save_checkpoint
from understudy.training.steering.plan import Plan


def _checkpoint(project: Project, *, iteration: int, finished: bool, minutes: float | None = 10) -> None:
    """A real checkpoint of a plan that is finished or not."""
    seconds = 60 * minutes if finished and minutes else 1.0
    plan = Plan(minutes=minutes, iterations=None, done_seconds=seconds, done_iterations=iteration)
    weights = {"a": torch.zeros(1)}
    save_checkpoint(
        project.model_folder("main"),
        Checkpoint(
            iteration=iteration, model=weights, ema=weights, optimizer=weights, state={"plan": plan.as_json()}
        ),
    )


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
    assert _left(project, {}) == {"minutes": 10}


def test_a_finished_model_trains_no_more_when_nothing_is_said(project: Project) -> None:
    _checkpoint(project, iteration=7, finished=True)
    assert _left(project, {}) is None


def test_a_job_killed_after_training_does_not_train_again(project: Project) -> None:
    SwapJournal(project, "main").begin({"minutes": 10})
    _checkpoint(project, iteration=7, finished=True)
    assert _left(project, {"minutes": 10}) is None


def test_a_job_killed_while_training_goes_on(project: Project) -> None:
    SwapJournal(project, "main").begin({"minutes": 10})
    _checkpoint(project, iteration=7, finished=False)
    SwapJournal(project, "main").begin({"minutes": 10})
    assert _left(project, {"minutes": 10}) == {"minutes": 10}


def test_a_model_that_was_cleaned_away_is_trained_again(project: Project) -> None:
    SwapJournal(project, "main").begin({"minutes": 10})
    assert _left(project, {"minutes": 10}) == {"minutes": 10}


def test_the_same_length_after_a_finished_job_is_trained_once_more(project: Project) -> None:
    journal = SwapJournal(project, "main")
    journal.begin({"minutes": 10})
    _checkpoint(project, iteration=7, finished=True)
    journal.delivered()
    assert _left(project, {"minutes": 10}) == {"minutes": 10}
    SwapJournal(project, "main").begin({"minutes": 10})
    assert _left(project, {"minutes": 10}) == {"minutes": 10}
    _checkpoint(project, iteration=14, finished=True)
    assert _left(project, {"minutes": 10}) is None


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_torn_journal_trains_what_is_said(project: Project, rubbish: bytes) -> None:
    project.logs_folder.mkdir()
    (project.logs_folder / "swap-main.json").write_bytes(rubbish)
    assert _left(project, {"minutes": 10}) == {"minutes": 10}
