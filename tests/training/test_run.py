"""A run saves once what there is to save. What it does as a whole is claimed in test_train.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import TINY, asked, tiny_options
from understudy.events import Notice, Progress, StageFinished
from understudy.facesets.store import Faceset
from understudy.training import duties as duties_module
from understudy.training import run as run_module
from understudy.training.keeping.checkpoint import newest_iteration
from understudy.training.keeping.metrics import read_metrics
from understudy.training.keeping.milestones import milestones
from understudy.training.keeping.requests import ask
from understudy.training.keeping.status import read_status
from understudy.training.learner import Learner
from understudy.training.run import Run
from understudy.training.train import train


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The iterations of which checkpoints are saved."""
    iterations: list[int] = []
    real = run_module.save_checkpoint
    monkeypatch.setattr(
        run_module, "save_checkpoint", lambda folder, c: (iterations.append(c.iteration), real(folder, c))
    )
    return iterations


def test_an_iteration_is_saved_once_however_often_it_is_asked_for(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], saved: list[int]
) -> None:
    src, dst = facesets
    options = tiny_options(iterations=4, backup_every=2, checkpoint_minutes=1000)
    list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    assert saved == [2, 4]


def test_checkpoints_are_saved_as_often_as_is_asked(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], saved: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))  # a second later whenever somebody looks
    monkeypatch.setattr(duties_module.time, "perf_counter", lambda: next(clock))
    src, dst = facesets
    options = tiny_options(iterations=4, checkpoint_minutes=0.01)
    list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    assert saved == [1, 2, 3, 4]


@pytest.mark.usefixtures("always_listening")
def test_whoever_looks_from_outside_sees_options_in_force_device_and_rate(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    said: list[dict[str, Any]] = []
    for _ in asked(tmp_path, facesets, {3: {"random_warp": 0.25}}, iterations=8, recipe="plain"):
        said.append(read_status(tmp_path) or {})
    last = next(one for one in reversed(said) if one)
    assert last["device"] == "cpu" and last["rate"] > 0 and last["total"] == 8
    assert last["in_force"]["random_warp"] == 0.25 and last["faces"] == {"src": 24, "dst": 12}
    assert {"waiting_share", "memory_bytes", "seconds_left", "stage"} <= last.keys()


def test_stages_backups_and_going_on_leave_their_marks(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = facesets
    for iterations in (6, 5):
        options = tiny_options(iterations=iterations, backup_every=4, recipe="standard")
        list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    found = [(one["kind"], one["iteration"]) for one in milestones(tmp_path)]
    assert found[0] == ("start", 0) and ("start", 6) in found and found[-1] == ("end", 11)
    assert ("backup", 4) in found and ("backup", 8) in found
    assert len([kind for kind, _ in found if kind == "stage"]) >= 3


def test_the_last_word_before_the_end_has_the_figures_of_the_end(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties_module, "_PROGRESS_EVERY_S", 1000.0)
    src, dst = facesets
    options = tiny_options(iterations=7)
    *_, last, end = train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
    assert isinstance(last, Progress) and isinstance(end, StageFinished)
    assert (last.done, last.total, last.details["iteration"], last.details["plan_share"]) == (7, 7, 7, 1.0)
    assert last.loss == pytest.approx(end.summary["loss"], abs=1e-4)
    losses = last.details["losses"]
    assert losses["src"] + losses["dst"] == pytest.approx(last.loss)


def test_losses_are_written_from_the_first_iteration_on(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = facesets
    options = tiny_options(iterations=22)
    list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    lines = list(read_metrics(tmp_path / "metrics.jsonl"))
    assert [line["iteration"] for line in lines] == [1, 2, 5, 10, 20]
    assert all(line["loss_src"] > 0 for line in lines)


@pytest.mark.usefixtures("always_listening")
def test_a_preview_for_which_memory_ends_is_left_out_and_training_goes_on(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(Run, "_sheet", full)
    ask(tmp_path, "look")
    src, dst = facesets
    options = tiny_options(iterations=5, preview_every=2)
    told = list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    said = [e.text for e in told if isinstance(e, Notice) and "did not suffice for a preview" in e.text]
    assert ["at iteration 2;" in text for text in said].count(True) == 1
    assert isinstance(told[-1], StageFinished) and told[-1].summary["iterations_in_all"] == 5


@pytest.mark.parametrize(("where", "saved"), [("_sheet", 4), ("_attend", 3)])
def test_an_error_that_nobody_foresaw_ends_a_run_with_all_whole_steps_saved(
    tmp_path: Path,
    facesets: tuple[Faceset, Faceset],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    saved: int,
) -> None:
    real = getattr(Run, where)

    def wrong(run: Run) -> object:
        if run.learner.iteration == saved:
            raise ZeroDivisionError("a bug")
        return real(run)

    monkeypatch.setattr(Run, where, wrong)
    src, dst = facesets
    options = tiny_options(iterations=9, preview_every=2)
    with pytest.raises(ZeroDivisionError):
        list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    assert newest_iteration(tmp_path) == saved


def test_a_step_that_broke_off_is_not_saved(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.step

    def wrong(self: Learner, *lessons: object, **settings: object) -> object:
        if self.iteration == 3:
            raise ZeroDivisionError("a bug")
        return real(self, *lessons, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "step", wrong)
    src, dst = facesets
    with pytest.raises(ZeroDivisionError):
        options = tiny_options(iterations=9)
        list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    assert newest_iteration(tmp_path) == 0


def test_a_loss_that_is_asked_now_and_then_is_not_taken_for_a_training_that_comes_apart(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = facesets
    asked_in_the_last_step = {"iterations": 22, "feature_every": 21, "feature_weight": 100}
    options = tiny_options(**asked_in_the_last_step, rollbacks=0, recipe="plain")
    *_, end = train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
    assert isinstance(end, StageFinished) and newest_iteration(tmp_path) == 22
