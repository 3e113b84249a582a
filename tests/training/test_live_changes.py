"""What a person changes while a model trains is taken over, refused, or taken back, and the model says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import asked, warnings
from understudy.errors import MemoryTooSmall
from understudy.events import Notice, Progress, StageFinished
from understudy.facesets.store import Faceset
from understudy.training.feeding.augment import Lesson
from understudy.training.keeping.checkpoint import Checkpoint, newest_checkpoint
from understudy.training.keeping.log import LOG_NAME
from understudy.training.keeping.metrics import read_metrics
from understudy.training.keeping.milestones import milestones
from understudy.training.keeping.status import read_status
from understudy.training.learner import Learner
from understudy.training.losses.terms import Terms
from understudy.training.presets import preset_named


@pytest.mark.usefixtures("always_listening")
@pytest.mark.parametrize("preset", ["h64", "quick"])
def test_a_live_option_changes_while_it_trains_and_the_metrics_and_the_model_say_so(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], preset: str
) -> None:
    wishes = {25: {"learning_rate": 0.0005, "batch_size": 2}}
    own = {**preset_named(preset).train, "learning_rate": 0.001, "optimizer": "adamw", "preview_every": 0}
    options = {
        **own,
        "batch_size": 4,
        "iterations": 60,
        "schedule": "constant",
        "warm_up": 0,
        "recipe": "plain",
    }
    events = list(asked(tmp_path, facesets, wishes, **options))
    rates = {line["iteration"]: line["learning_rate"] for line in read_metrics(tmp_path / "metrics.jsonl")}
    assert rates == {**dict.fromkeys((1, 2, 5, 10, 20), 0.001), 40: 0.0005, 60: 0.0005}
    start, change, end = milestones(tmp_path)
    assert (start["kind"], end["words"]) == ("start", "done")
    assert change["changed"] == {"learning_rate": 0.0005, "batch_size": 2}
    assert change["iteration"] in (25, 26)
    assert "batch_size is now 2" in (tmp_path / LOG_NAME).read_text()
    assert any("learning_rate is now 0.0005" in e.text for e in events if isinstance(e, Notice))


@pytest.mark.usefixtures("always_listening")
def test_openings_are_asked_from_the_batch_on_for_which_that_was_said(
    tmp_path: Path, facesets: tuple[Faceset, Faceset]
) -> None:
    wishes = {10: {"expression_weight": 0.5}, 22: {"expression_weight": 0.0}}
    list(asked(tmp_path, facesets, wishes, iterations=60, schedule="constant", recipe="plain"))
    lines = list(read_metrics(tmp_path / "metrics.jsonl"))
    told = {line["iteration"]: {"src_expression", "dst_expression"} <= set(line) for line in lines}
    assert told[5] is False and told[20] is True and told[60] is False


@pytest.mark.usefixtures("always_listening")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"optimizer": "adam"}, "can't change while it trains"),
        ({"learning_rate": 7}, "learning_rate"),
        ({"no such": 7}, "no such"),
        ({"freeze": "nose"}, "no part 'nose'"),
        (
            {"learning_rate": 0.0001, "identity_weight": 0.1, "identity_embedder": "nose:here"},
            "identity_embedder",
        ),
    ],
)
def test_a_change_that_can_not_be_is_told_and_changes_nothing(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], change: dict[str, Any], why: str
) -> None:
    told: list[str] = []
    said: dict[str, Any] = {}
    for event in asked(tmp_path, facesets, {2: change}, iterations=6, recipe="plain"):
        said = read_status(tmp_path) or said
        told += [event.text for event in [event] if isinstance(event, Notice) and event.level == "warning"]
    assert said["said"]["learning_rate"] == 0.001
    assert len([text for text in told if why in text]) == 1
    assert [one["kind"] for one in milestones(tmp_path)] == ["start", "end"]


def little_memory(monkeypatch: pytest.MonkeyPatch, *, most: int) -> None:
    """Steps of more faces than that run out of memory."""
    real = Learner.step

    def step(self: Learner, src: Lesson, *lessons: object, **settings: object) -> Terms:
        if len(src.seen_BCHW) > most:
            raise torch.OutOfMemoryError("full")
        return real(self, src, *lessons, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "step", step)


@pytest.mark.usefixtures("always_listening")
def test_a_batch_that_memory_does_not_bear_is_taken_back_and_training_goes_on_where_it_was(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    little_memory(monkeypatch, most=4)
    wishes = {25: {"batch_size": 8, "random_warp": 0.25}}
    events = list(asked(tmp_path, facesets, wishes, iterations=60, recipe="plain"))
    (told,) = [notice.text for notice in warnings(events)]
    assert "did not suffice with batch_size 8, random_warp 0.25" in told and "batch_size is 4 again" in told
    assert told in (tmp_path / LOG_NAME).read_text()
    assert [line["iteration"] for line in read_metrics(tmp_path / "metrics.jsonl")][-3:] == [20, 40, 60]
    start, there, back, end = milestones(tmp_path)
    assert (start["kind"], end["words"]) == ("start", "done")
    assert there["changed"] == {"batch_size": 8, "random_warp": 0.25}
    assert back["changed"] == {"batch_size": 4, "random_warp": 1.0} and back["iteration"] == there["iteration"]
    said = next(e.summary for e in events if isinstance(e, StageFinished) and e.stage == "train")
    assert said["batch_size"] == 4 and said["iterations"] == 60 and said["rollbacks"] == 0


@pytest.mark.usefixtures("always_listening")
def test_memory_that_ends_long_after_a_change_is_not_the_changes_doing(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.step

    def step(self: Learner, *lessons: object, **settings: object) -> Terms:
        if self.iteration == 15:
            raise torch.OutOfMemoryError("full")
        return real(self, *lessons, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "step", step)
    with pytest.raises(MemoryTooSmall, match="up to iteration 15 is saved"):
        list(asked(tmp_path, facesets, {5: {"batch_size": 8}}, iterations=60, recipe="plain"))


@pytest.mark.usefixtures("always_listening")
def test_a_batch_that_can_not_fit_is_refused_before_it_is_tried(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A processor's memory gives no error: the system would end some program for it."""
    monkeypatch.setattr("understudy.training.machine.batch.free_memory_bytes", lambda _: 1000)
    events = list(asked(tmp_path, facesets, {2: {"batch_size": 64}}, iterations=8, recipe="plain"))
    (told,) = [notice.text for notice in warnings(events)]
    assert "stays as it is: Batch size 64 would need about" in told and "are free on cpu" in told
    assert [one["kind"] for one in milestones(tmp_path)] == ["start", "end"]


@pytest.mark.usefixtures("always_listening")
def test_a_training_whose_rate_changed_after_a_setback_goes_on_exactly(
    tmp_path: Path, facesets: tuple[Faceset, Faceset], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, src_dst = Learner.step, facesets
    for name, until in (("whole", None), ("parts", 10)):
        broken: list[bool] = []

        def step(self: Learner, *lessons: object, broken: list[bool] = broken, **settings: object) -> Terms:
            terms = real(self, *lessons, **settings)  # type: ignore[arg-type]
            if self.iteration == 4 and not broken:
                broken.append(True)
                next(self.model.parameters()).data.mul_(float("nan"))
            return terms

        monkeypatch.setattr(Learner, "step", step)
        changes = {7: {"learning_rate": 0.0005}}
        events = asked(tmp_path / name, src_dst, changes, iterations=14, recipe="plain")
        for event in events:
            if until and isinstance(event, Progress) and event.done >= until and broken:
                events.close()  # type: ignore[attr-defined]
        assert broken
    list(asked(tmp_path / "parts", src_dst, {}, iterations=14, recipe="plain", learning_rate=0.0005))
    whole, parts = (weights_of(tmp_path / name) for name in ("whole", "parts"))
    assert all(tensor.equal(parts[name]) for name, tensor in whole.items())


def weights_of(model: Path) -> Mapping[str, torch.Tensor]:
    (newest,) = newest_checkpoint(model)
    assert isinstance(newest, Checkpoint) and newest.iteration == 14
    return newest.model
