"""A duty's memory goes through the checkpoint, and all of them are attended in order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import TINY, notices, tiny_options
from understudy.errors import OptionInvalid
from understudy.events import Event, Events, Notice, Progress, StageFinished
from understudy.facesets.store import Faceset
from understudy.training import train as train_module
from understudy.training.duties import Duty
from understudy.training.keeping.backups import backups
from understudy.training.keeping.lock import LOCK_NAME
from understudy.training.keeping.requests import Wish, ask
from understudy.training.learner import Learner
from understudy.training.run import Run
from understudy.training.train import train


class Counting(Duty):
    """Counts iterations, also over an interruption, and changes the options at the third."""

    name = "counting"

    def __init__(self) -> None:
        self.count = 0

    def due(self, run: Run) -> bool:
        self.count += 1
        return self.count in (3, 8)

    def do(self, run: Run) -> Events:
        yield Notice(f"{self.count} at iteration {run.learner.iteration}, batch {run.feed.options.batch_size}")
        run.change(run.course.options.changed(batch_size=2))
        run.ending = self.count == 8

    def state(self) -> dict[str, Any]:
        return {"count": self.count}

    def resume(self, state: Mapping[str, Any]) -> None:
        self.count = state.get("count", 0)


def test_a_duty_remembers_changes_options_and_ends_a_run(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_module, "duties", lambda: [Counting()])
    src, dst = facesets
    told: list[Event] = []
    for iterations in (5, 100):
        options = tiny_options(iterations=iterations)
        told += train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
    assert [notice.text for notice in notices(told)] == [
        "3 at iteration 3, batch 4",
        "8 at iteration 8, batch 4",
    ]


def test_a_critic_that_starts_anew_is_told(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> None:
    src, dst = facesets
    told: list[list[str]] = []
    for patch_px in (7, 7, 15):
        options = tiny_options(iterations=1, gan_power=0.1, gan_dims=4, gan_patch_size=patch_px)
        events = train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
        told.append([notice.text for notice in notices(events)])
    assert told[:2] == [[], []] and "starts to learn anew" in told[2][0]


def test_there_is_no_backup_where_nothing_sound_could_be_saved(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Run.save  # several processes that have come apart save again only after they went back together
    monkeypatch.setattr(Run, "save", lambda run, *, last=False: real(run, last=True) if last else None)
    src, dst = facesets
    options = tiny_options(iterations=3, backup_every=2)
    list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))
    assert not backups(tmp_path)


@pytest.mark.usefixtures("always_listening")
@pytest.mark.parametrize("how", ["too late", "failed"])
def test_a_request_to_finish_that_came_too_late_or_failed_ends_no_other_training(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    src, dst = facesets

    def trained(**more: Any) -> Iterator[Event]:
        options = tiny_options(iterations=6)
        return train(tmp_path / "m", src=[src], dst=[dst], options=options, preset=TINY, device="cpu", **more)

    for event in trained():
        if how == "too late" and isinstance(event, StageFinished) and event.stage == "train":
            ask(tmp_path / "m", "finish", iterations=1)
    if how == "failed":
        with monkeypatch.context() as broken, pytest.raises(OptionInvalid):
            broken.setattr(Learner, "step", refused)
            list(trained(finish={"iterations": 1}))
    told = list(trained())
    assert not [e for e in told if isinstance(e, Notice) and "Asked to finish" in e.text]
    (end,) = [e for e in told if isinstance(e, StageFinished) and e.stage == "train"]
    assert end.summary["iterations_in_all"] == 12


def refused(*_: object, **__: object) -> None:
    raise OptionInvalid("A loss can't be asked.")


@pytest.mark.usefixtures("always_listening")
def test_a_training_that_begins_to_finish_settles_at_once(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    src, dst = facesets
    (end,) = [
        event
        for event in train(
            tmp_path / "m",
            src=[src],
            dst=[dst],
            options=tiny_options(iterations=None),
            preset=TINY,
            device="cpu",
            finish={"iterations": 4},
        )
        if isinstance(event, StageFinished) and event.stage == "train"
    ]
    assert end.summary["iterations_in_all"] == 5


@pytest.mark.usefixtures("always_listening")
@pytest.mark.parametrize("beside", [(), ("save",)])
def test_a_training_that_is_killed_once_it_was_asked_to_finish_settles_when_it_goes_on(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], beside: tuple[Wish, ...]
) -> None:
    src, dst = facesets
    options = tiny_options(iterations=None, checkpoint_minutes=1000)
    kills: list[Path] = []

    def trained(folder: Path) -> Iterator[Event]:
        return train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")

    for event in trained(tmp_path / "m"):
        if isinstance(event, Progress) and event.done == 3:
            for wish in beside:
                ask(tmp_path / "m", wish)
            ask(tmp_path / "m", "finish", iterations=6)
        said = isinstance(event, Notice) and "Asked to finish" in event.text
        if said or (isinstance(event, Progress) and event.done == 4):  # before it is saved, and after
            kills.append(shutil.copytree(tmp_path / "m", tmp_path / f"killed {len(kills)}"))
    assert len(kills) == 2
    assert not (kills[1] / "requests" / "finish.json").exists()
    for folder in kills:
        (folder / LOCK_NAME).unlink()
        for event in trained(folder):  # which ends
            assert not isinstance(event, Progress) or event.done <= 11
