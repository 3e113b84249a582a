"""The training of our own face network, from shards to weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.dense_face.drawn import drawn_shards
from understudy.errors import (
    CheckpointCorrupt,
    FacesetUnusable,
    OptionInvalid,
    ShardDamaged,
    TrainingDiverged,
)
from understudy.events import Notice, Progress, StageFinished
from understudy.files import read_json, write_json
from understudy.networks.dense_face import load_dense_face
from understudy.training.dense_face import train
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.learner import FaceLearner
from understudy.training.dense_face.lessons import Lesson, lesson
from understudy.training.dense_face.props import Props
from understudy.training.dense_face.report import REPORT_NAME
from understudy.training.dense_face.stock import Stock
from understudy.training.dense_face.train import STATE_NAME, WEIGHTS_NAME, FaceTraining, train_face_model


class Clock:
    """Goes on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def asked(tmp_path: Path) -> FaceTraining:
    drawn_shards(tmp_path / "train")
    drawn_shards(tmp_path / "test", samples=2, first=50)
    return FaceTraining(
        (tmp_path / "train",), (tmp_path / "test",), tmp_path / "out", iterations=2, batch=2, device="cpu",
        test_samples=2,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.training.machine.device.has_bfloat16", lambda _: False)
    monkeypatch.setattr("understudy.training.dense_face.report._AT_ONCE", 8)


def test_the_lessons_of_a_training_do_without_what_it_is_told_and_its_report_says_so(
    asked: FaceTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out: list[frozenset[str]] = []

    def watched(stock: Stock, count: int, dice: Dice, camera: Camera, props: Props | None) -> Lesson:
        left_out.append(camera.without)
        return lesson(stock, count, dice, camera, props)

    monkeypatch.setattr(train, "lesson", watched)
    list(train_face_model(replace(asked, iterations=1, without=frozenset(["relight", "codec"]))))
    assert left_out == [{"relight", "codec"}]
    assert read_json(asked.out / REPORT_NAME)["run"]["without"] == ["codec", "relight"]


def test_training_leaves_weights_a_state_and_a_report(asked: FaceTraining) -> None:
    events = list(train_face_model(asked))
    assert isinstance(events[-1], StageFinished) and events[-1].summary["iterations"] == 2
    load_dense_face(asked.out / WEIGHTS_NAME)
    assert "iterations | 2" in (asked.out / "report.md").read_text()


def test_an_interrupted_training_ends_with_the_weights_of_one_that_ran_through(
    asked: FaceTraining,
) -> None:
    list(train_face_model(asked))
    other = replace(asked, out=asked.out.with_name("other"), say_every_s=0, keep_every_s=0)
    running = train_face_model(other)
    for event in running:
        if isinstance(event, Progress) and event.done == 1:
            break
    next(running)  # keeps
    running.close()
    again = list(train_face_model(other))
    assert again[0].done in (1, 2)  # pyright: ignore[reportAttributeAccessIssue]
    one, two = (load_file(folder / STATE_NAME) for folder in (asked.out, other.out))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_finished_training_is_not_trained_again(asked: FaceTraining) -> None:
    list(train_face_model(asked))
    before = load_file(asked.out / STATE_NAME)
    list(train_face_model(asked))
    after = load_file(asked.out / STATE_NAME)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_report_of_a_training_that_goes_on_keeps_the_rows_from_before(asked: FaceTraining) -> None:
    list(train_face_model(asked))
    *_, finished = train_face_model(replace(asked, iterations=3))
    assert isinstance(finished, StageFinished)
    assert [row["iteration"] for row in finished.summary["history"]] == [2, 3]


def test_a_training_that_left_out_something_else_is_not_gone_on_with(asked: FaceTraining) -> None:
    list(train_face_model(replace(asked, without=frozenset({"grain"}))))
    report = (asked.out / REPORT_NAME).read_bytes()
    with pytest.raises(OptionInvalid, match="trained with --without grain"):
        list(train_face_model(replace(asked, iterations=99)))
    assert (asked.out / REPORT_NAME).read_bytes() == report


def test_setbacks_and_waiting_count_on_in_a_training_that_goes_on(
    asked: FaceTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(train_face_model(asked))
    report = read_json(asked.out / REPORT_NAME)
    report["run"] |= {"setbacks": 2, "share_waiting_for_data": 0.5, "seconds": 1000.0}
    write_json(asked.out / REPORT_NAME, report)
    *_, finished = train_face_model(asked)
    assert isinstance(finished, StageFinished) and finished.summary["setbacks"] == 2
    assert (
        finished.summary["share_waiting_for_data"] > 1
        and finished.summary["last_losses"] == report["run"]["last_losses"]
    )
    *_, other = train_face_model(replace(asked, rate=1e-3))
    assert isinstance(other, StageFinished) and other.summary["setbacks"] == 0


def test_a_damaged_report_is_told_and_its_history_begins_anew(asked: FaceTraining) -> None:
    list(train_face_model(asked))
    (asked.out / REPORT_NAME).write_text("{")
    events = list(train_face_model(replace(asked, iterations=3)))
    assert any(isinstance(event, Notice) and "history begins here" in event.text for event in events)
    assert isinstance(events[-1], StageFinished)
    assert [row["iteration"] for row in events[-1].summary["history"]] == [3]


def test_a_damaged_state_is_an_error_with_what_to_do(asked: FaceTraining) -> None:
    list(train_face_model(asked))
    (asked.out / STATE_NAME).write_bytes(b"torn")
    with pytest.raises(CheckpointCorrupt, match="--start-weights"):
        list(train_face_model(replace(asked, iterations=3)))


def test_a_damaged_shard_is_left_out_and_told_and_all_of_them_are_an_error(asked: FaceTraining) -> None:
    drawn_shards(asked.folders[0], first=1)
    torn = asked.folders[0] / "shard-000001" / "rgb.npy"
    torn.write_bytes(torn.read_bytes()[:2000])
    events = list(train_face_model(asked))
    told = [event.text for event in events if isinstance(event, Notice) and event.level == "warning"]
    assert len(told) == 1 and "shard-000001" in told[0] and "does without it" in told[0]
    assert isinstance(events[-1], StageFinished) and events[-1].summary["samples_in_stock"] == 6
    (asked.folders[0] / "shard-000000" / "labels.json").unlink()
    with pytest.raises(ShardDamaged, match="makes it anew"):
        list(train_face_model(replace(asked, out=asked.out.with_name("other"))))


def test_where_all_shards_to_test_with_are_damaged_it_trains_on_and_says_so(asked: FaceTraining) -> None:
    (asked.test_folders[0] / "shard-000050" / "labels.json").unlink()
    events = list(train_face_model(asked))
    told = [event.text for event in events if isinstance(event, Notice) and event.level == "warning"]
    assert len(told) == 1 and "to test with" in told[0] and "shard-000050" in told[0]
    assert isinstance(events[-1], StageFinished) and events[-1].summary["iterations"] == 2
    assert (asked.out / WEIGHTS_NAME).exists() and (asked.out / REPORT_NAME).exists()


def test_a_shard_that_comes_damaged_while_it_trains_is_told_once(asked: FaceTraining) -> None:
    running = train_face_model(replace(asked, iterations=5, say_every_s=0))
    events = [next(running), next(running)]  # it has begun
    drawn_shards(asked.folders[0], first=1)
    (asked.folders[0] / "shard-000001" / "labels.json").write_text("{")
    events += running
    told = [event.text for event in events if isinstance(event, Notice) and event.level == "warning"]
    assert len(told) == 1 and "shard-000001" in told[0] and "does without it" in told[0]


def test_a_time_limit_ends_a_training(asked: FaceTraining) -> None:
    clock = Clock()
    timed = replace(asked, iterations=None, minutes=0.5, clock=clock, keep_every_s=1e9)
    last = list(train_face_model(timed))[-1]
    assert isinstance(last, StageFinished) and 1 <= last.summary["iterations"] < 30
    assert clock.now < 60


def test_a_training_without_an_end_is_refused(asked: FaceTraining) -> None:
    with pytest.raises(ValueError, match="time or a number"):
        replace(asked, iterations=None)


def test_people_rendered_meanwhile_are_taken_in(asked: FaceTraining) -> None:
    running = train_face_model(replace(asked, say_every_s=0))
    for event in running:
        if isinstance(event, Progress):
            drawn_shards(asked.folders[0], first=7 + event.done)
    assert isinstance(event, StageFinished) and event.summary["samples_in_stock"] > 6


def test_no_people_to_learn_from_is_an_error_and_none_to_test_with_a_warning(
    asked: FaceTraining, tmp_path: Path
) -> None:
    with pytest.raises(FacesetUnusable):
        list(train_face_model(replace(asked, folders=(tmp_path / "nobody",))))
    events = list(train_face_model(replace(asked, test_folders=(tmp_path / "nobody",), iterations=1)))
    assert any(isinstance(event, Notice) and event.level == "warning" for event in events)


def test_a_loss_that_is_no_number_goes_back_to_the_last_state_at_half_the_rate(
    asked: FaceTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, rates = FaceLearner.step, []

    def sometimes_bad(self: FaceLearner, lesson: object, *, rate: float) -> dict[str, torch.Tensor]:
        said = step(self, lesson, rate=rate)  # pyright: ignore[reportArgumentType]
        rates.append(rate)
        return {**said, "total": said["total"] * float("nan")} if len(rates) == 2 else said

    monkeypatch.setattr(FaceLearner, "step", sometimes_bad)
    monkeypatch.setattr(train, "_WARM_UP", 1)
    events = list(train_face_model(replace(asked, say_every_s=0, keep_every_s=0)))
    assert any(isinstance(event, Notice) and "half the rate" in event.text for event in events)
    assert rates[2] == pytest.approx(rates[1] / 2, rel=0.01)
    assert isinstance(events[-1], StageFinished) and events[-1].summary["setbacks"] == 1


def test_after_a_setback_other_lessons_come_than_those_that_led_to_it(
    asked: FaceTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, drawn = FaceLearner.step, []

    def spoilt(self: FaceLearner, lesson: Lesson, *, rate: float) -> dict[str, torch.Tensor]:
        drawn.append(lesson.crops_B3HW)
        said = step(self, lesson, rate=rate)
        if len(drawn) == 2:
            next(self.average.parameters()).data.mul_(float("inf"))
        return said

    monkeypatch.setattr(FaceLearner, "step", spoilt)
    list(train_face_model(replace(asked, iterations=1)))
    *_, finished = train_face_model(asked)
    assert isinstance(finished, StageFinished) and finished.summary["iterations"] == 2, "it goes on to its end"
    assert len(drawn) == 3 and not torch.equal(drawn[1], drawn[2])


def test_a_loss_that_is_no_number_from_the_beginning_is_an_error(
    asked: FaceTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = {"total": torch.tensor(float("nan")), "gradient": torch.tensor(0.0)}
    monkeypatch.setattr(FaceLearner, "step", lambda *_, **__: bad)
    with pytest.raises(TrainingDiverged):
        list(train_face_model(replace(asked, say_every_s=0)))
