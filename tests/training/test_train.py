"""Training learns, saves, stops, and goes on as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.conftest import TINY, add_faces, tiny_options, warnings
from understudy import files
from understudy.errors import (
    DiskFull,
    FacesetUnusable,
    MemoryTooSmall,
    ModelInUse,
    ModelUnknown,
    OptionInvalid,
    TrainingDiverged,
)
from understudy.events import Event, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.files import read_json
from understudy.masks.segmenter import SEGMENTERS
from understudy.training import duties, presets
from understudy.training import train as train_module
from understudy.training.feeding.augment import Lesson
from understudy.training.keeping.about import read_about
from understudy.training.keeping.backups import backups
from understudy.training.keeping.checkpoint import FOLDER_NAME, Checkpoint, newest_checkpoint
from understudy.training.keeping.learnt_from import Footage, LearntFrom, learnt_in_all
from understudy.training.keeping.lock import holder_of, model_lock
from understudy.training.keeping.log import LOG_NAME
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.keeping.requests import ask
from understudy.training.learner import Learner
from understudy.training.losses.terms import Terms
from understudy.training.options import TrainOptions
from understudy.training.predictor import load_predictor
from understudy.training.presets import Preset
from understudy.training.steering.plan import hardly_trained
from understudy.training.train import STAGE, train
from understudy.training.viewing.sheets import preview_paths, read_preview

Pair = tuple[Faceset, Faceset]


@pytest.fixture(autouse=True)
def every_iteration_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 1)
    monkeypatch.setattr(duties, "_PROGRESS_EVERY_S", 0.0)


def trained(folder: Path, facesets: Pair, options: TrainOptions) -> list[Event]:
    src, dst = facesets
    return list(train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu"))


def stopped_after(folder: Path, facesets: Pair, options: TrainOptions, iterations: int) -> None:
    """Train and close the generator once so many iterations are done."""
    src, dst = facesets
    events = train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
    for event in events:
        if getattr(event, "stage", "") == STAGE and getattr(event, "done", 0) >= iterations:
            break
    events.close()  # type: ignore[attr-defined]


def losses(folder: Path) -> list[tuple[int, float, float]]:
    return [(m["iteration"], m["loss_src"], m["loss_dst"]) for m in read_metrics(folder / METRICS_NAME)]


def test_training_takes_algorithms_that_repeat_exactly_and_leaves_the_choice_as_it_was(
    tmp_path: Path, facesets: Pair
) -> None:
    src, dst = facesets
    assert not torch.backends.cudnn.deterministic
    for _ in train(
        tmp_path / "m", src=[src], dst=[dst], options=tiny_options(iterations=2), preset=TINY, device="cpu"
    ):
        assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.deterministic


def test_the_metrics_tell_every_term_and_their_sums(tmp_path: Path, facesets: Pair) -> None:
    trained(tmp_path / "m", facesets, tiny_options(iterations=2))
    line, *_ = read_metrics(tmp_path / "m" / METRICS_NAME)
    for side in ("src", "dst"):
        parts = {name: value for name, value in line.items() if name.startswith(f"{side}_")}
        assert {f"{side}_color", f"{side}_structure", f"{side}_mask"} <= set(parts)
        assert abs(sum(parts.values()) - line[f"loss_{side}"]) < 1e-4


def summary(events: list[Event]) -> dict:
    (last,) = [e for e in events if isinstance(e, StageFinished) and e.stage == STAGE]
    return last.summary


def started(events: list[Event]) -> StageStarted:
    (first,) = [e for e in events if isinstance(e, StageStarted) and e.stage == STAGE]
    return first


def test_a_model_learns_both_faces(tmp_path: Path, facesets: Pair) -> None:
    trained(tmp_path / "m", facesets, tiny_options(iterations=80, learning_rate=3e-3))
    course = [src + dst for _, src, dst in losses(tmp_path / "m")]
    assert np.mean(course[-10:]) < 0.7 * np.mean(course[:10])


def test_checkpoints_keep_whose_faces_every_training_showed(tmp_path: Path, facesets: Pair) -> None:
    first, second = Footage("src", "mira", "close", 4), Footage("src", "mira", "night", 4)
    src, dst = facesets
    for footage in (first, second):
        options = tiny_options(iterations=1)
        learnt = LearntFrom((footage,))
        list(train(tmp_path, src=[src], dst=[dst], options=options, preset=TINY, device="cpu", learnt=learnt))
    assert learnt_in_all(tmp_path) == LearntFrom((first, second))


@pytest.mark.parametrize("preset", [TINY, "quick"])
def test_a_stopped_run_goes_on_exactly_as_one_that_was_never_stopped(
    tmp_path: Path, facesets: Pair, preset: str
) -> None:
    options = tiny_options(**{**presets.preset_named(preset).train, "batch_size": 4, "iterations": 12})
    trained(tmp_path / "whole", facesets, options)
    stopped_after(tmp_path / "parts", facesets, options, 5)
    assert len(losses(tmp_path / "parts")) == 5
    events = trained(tmp_path / "parts", facesets, options)
    assert started(events).done == 5
    where = "goes on at iteration 5, 7 of 12 iterations left of the training that was stopped"
    assert started(events).why == where
    assert summary(events)["iterations"] == 7
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    whole, parts = (
        read_json(tmp_path / n / FOLDER_NAME / "000000012" / "state.json") for n in ("whole", "parts")
    )
    assert whole["sha256"]["ema"] == parts["sha256"]["ema"]
    assert whole["sha256"]["model"] == parts["sha256"]["model"]


def test_the_same_seed_repeats_a_run_and_another_does_not(tmp_path: Path, facesets: Pair) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trained(tmp_path / name, facesets, tiny_options(iterations=3, seed=seed))
    assert losses(tmp_path / "a") == losses(tmp_path / "b") != losses(tmp_path / "c")


def test_another_seed_for_a_model_that_is_there_is_refused_and_none_goes_on_with_its_own(
    tmp_path: Path, facesets: Pair
) -> None:
    trained(tmp_path / "m", facesets, tiny_options(iterations=2, seed=5))
    with pytest.raises(OptionInvalid, match="made with seed 5 and can't become 6"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=2, seed=6))
    for again in (tiny_options(iterations=2), tiny_options(iterations=2, seed=5)):
        trained(tmp_path / "m", facesets, again)
    trained(tmp_path / "whole", facesets, tiny_options(iterations=2, seed=5))
    for _ in range(2):
        trained(tmp_path / "whole", facesets, tiny_options(iterations=2, seed=5))
    assert losses(tmp_path / "m") == losses(tmp_path / "whole") and len(losses(tmp_path / "m")) == 6


def test_asking_again_after_the_end_trains_as_much_more(tmp_path: Path, facesets: Pair) -> None:
    options = tiny_options(iterations=4)
    trained(tmp_path / "m", facesets, options)
    events = trained(tmp_path / "m", facesets, options)
    assert summary(events) | {"iterations": 4, "iterations_in_all": 8} == summary(events)
    assert [i for i, *_ in losses(tmp_path / "m")] == list(range(1, 9))


def test_minutes_end_a_run_and_again_means_that_many_more(tmp_path: Path, facesets: Pair) -> None:
    options = tiny_options(iterations=None, minutes=0.02)
    first = summary(trained(tmp_path / "m", facesets, options))
    second = summary(trained(tmp_path / "m", facesets, options))
    for part in (first, second):
        assert part["iterations"] >= 1
        assert 1.1 < part["seconds"] < 6
    assert second["iterations_in_all"] == first["iterations"] + second["iterations"]


def test_an_interrupted_plan_of_minutes_is_finished_not_begun_anew(tmp_path: Path, facesets: Pair) -> None:
    options = tiny_options(iterations=None, minutes=0.05)
    stopped_after(tmp_path / "m", facesets, options, 2)
    events = trained(tmp_path / "m", facesets, options)
    assert "of 0.05 minutes left" in started(events).why
    assert summary(events)["seconds"] < 3.0 + 1.0


KILLED_SCRIPT = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from understudy.facesets.store import Faceset
from understudy.training import duties, presets
from understudy.training.options import TrainOptions
from understudy.training.train import train
duties._METRICS_EVERY, duties._MEASURED_FIRST, duties._PROGRESS_EVERY_S = 4, (), 0
duties.Save.due = lambda self, run: run.learner.iteration % 5 == 0
network = {"size_px": 32, "width": 8, "code": 16}
presets.PRESETS["tiny"] = presets.Preset("quick", "full", "for tests", network=network)
options = TrainOptions(batch_size=4, preview_every=0, iterations=20, mask_from="stored")
src, dst = (Faceset(Path(p)) for p in sys.argv[2:])
for event in train(Path(sys.argv[1]), src=[src], dst=[dst], options=options, preset="tiny", device="cpu"):
    if getattr(event, "done", 0) == 13:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, facesets: Pair) -> Path:
    """A model whose process was killed at iteration 13 of 20; it had saved at 10 and measured at 12."""
    model = tmp_path_factory.mktemp("killed") / "Mödel 影"
    folders = [str(f.folder) for f in facesets]
    ended = subprocess.run([sys.executable, "-c", KILLED_SCRIPT, str(model), *folders], timeout=120)
    assert ended.returncode == -signal.SIGKILL
    return model


def test_a_killed_run_ends_with_every_loss_of_one_that_was_never_killed(
    tmp_path: Path, facesets: Pair, killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 4)  # so that the stretch from 9 to 12 was cut in two
    monkeypatch.setattr(duties, "_MEASURED_FIRST", ())
    parts = shutil.copytree(killed, tmp_path / "parts")
    assert [i for i, *_ in losses(parts)] == [4, 8, 12]
    options = tiny_options(iterations=20)
    events = trained(parts, facesets, options)
    assert "goes on at iteration 10" in started(events).why
    trained(tmp_path / "whole", facesets, options)
    assert losses(parts) == losses(tmp_path / "whole")
    assert [i for i, *_ in losses(parts)] == [4, 8, 12, 16, 20]
    whole, again = (
        read_json(f / FOLDER_NAME / "000000020" / "state.json")["sha256"] for f in (tmp_path / "whole", parts)
    )
    assert whole == again


def test_what_a_killed_process_left_half_written_is_tidied(
    tmp_path: Path, facesets: Pair, killed: Path
) -> None:
    model = shutil.copytree(killed, tmp_path / "m")
    (model / FOLDER_NAME / ".000000013.123.partial").mkdir()
    (model / ".training.75.123.partial.json").write_text("{")
    events = trained(model, facesets, tiny_options(iterations=2))
    assert not warnings(events)
    assert summary(events)["iterations_in_all"] == 12
    assert not list(model.rglob(".*"))


def test_a_damaged_checkpoint_is_passed_over_said_and_kept(tmp_path: Path, facesets: Pair) -> None:
    model = tmp_path / "m"
    for _ in range(2):
        trained(model, facesets, tiny_options(iterations=3))
    weights = model / FOLDER_NAME / "000000006" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    events = trained(model, facesets, tiny_options(iterations=3))
    (notice,) = warnings(events)
    assert "000000006" in notice.text and "damaged" in notice.text
    assert summary(events)["iterations_in_all"] == 6
    assert list((model / FOLDER_NAME).glob("damaged-000000006-*"))
    assert [i for i, *_ in losses(model)] == [1, 2, 3, 4, 5, 6]


def test_few_src_faces_are_pointed_out_with_their_count(tmp_path: Path, facesets: Pair) -> None:
    with add_faces(tmp_path / "few", 3, skin=(200, 150, 130)) as few:
        events = trained(tmp_path / "m", (few, facesets[1]), tiny_options(iterations=1))
    (notice,) = warnings(events)
    assert "only 3 faces" in notice.text


def test_a_training_ends_with_a_warning_as_long_as_the_model_has_hardly_learnt(
    tmp_path: Path, facesets: Pair
) -> None:
    *_, told, figures, end = trained(tmp_path / "m", facesets, tiny_options(iterations=1))
    wanted = hardly_trained("m", 1)
    assert told == Notice(wanted, level="warning") and "for 1 iteration only" in wanted
    assert isinstance(figures, Progress) and isinstance(end, StageFinished)
    assert hardly_trained("m", 100) == ""


def test_no_faces_are_refused_in_a_sentence(tmp_path: Path, facesets: Pair) -> None:
    with pytest.raises(FacesetUnusable, match="no src faces"):
        trained(tmp_path / "m", (Faceset(tmp_path / "none"), facesets[1]), tiny_options())


def test_a_model_keeps_its_preset(tmp_path: Path, facesets: Pair) -> None:
    src, dst = facesets
    trained(tmp_path / "m", facesets, tiny_options(iterations=1))
    with pytest.raises(OptionInvalid, match="tiny"):
        next(iter(train(tmp_path / "m", src=[src], dst=[dst], options=tiny_options(), preset="h64")))
    with pytest.raises(ModelUnknown, match="quick"):
        next(iter(train(tmp_path / "n", src=[src], dst=[dst], options=tiny_options(), preset="dfx")))


def test_a_model_in_training_is_closed_to_others_and_free_afterwards(tmp_path: Path, facesets: Pair) -> None:
    with model_lock(tmp_path / "m"), pytest.raises(ModelInUse, match=str(os.getpid())):
        trained(tmp_path / "m", facesets, tiny_options(iterations=1))
    trained(tmp_path / "m", facesets, tiny_options(iterations=1))


def test_what_is_asked_while_a_training_gets_ready_is_done_at_its_first_step(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.__init__

    def asked_meanwhile(self: Learner, *words: Any, **named: Any) -> None:  # the lock is taken, no step is made
        real(self, *words, **named)
        assert holder_of(tmp_path / "m") is not None
        ask(tmp_path / "m", "backup")
        ask(tmp_path / "m", "stop")

    monkeypatch.setattr(Learner, "__init__", asked_meanwhile)
    events = trained(tmp_path / "m", facesets, tiny_options(iterations=50))
    assert summary(events)["iterations"] == 1
    assert len(backups(tmp_path / "m")) == 1


def breaking(monkeypatch: pytest.MonkeyPatch, factor: float, *, when: Callable[[Learner], bool]) -> list[float]:
    """Losses are multiplied, as if training had come apart, while `when` holds. Returns the speeds to come."""
    real, speeds = Learner.step, []

    def broken(self: Learner, *lessons: object, **settings: object):
        speeds.append(settings["speed"])
        terms = real(self, *lessons, **settings)  # type: ignore[arg-type]
        if not when(self):
            return terms
        return Terms({name: value * factor for name, value in terms.src.items()}, terms.dst)

    monkeypatch.setattr(Learner, "step", broken)
    return speeds


def test_a_loss_that_stays_no_number_stops_training_and_is_never_saved(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(tmp_path / "m", facesets, tiny_options(iterations=2))
    breaking(monkeypatch, float("nan"), when=lambda _: True)
    with pytest.raises(TrainingDiverged, match="learning rate"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=2))
    assert [p.name for p in sorted((tmp_path / "m" / FOLDER_NAME).iterdir())] == ["000000002"]
    assert len((tmp_path / "m" / LOG_NAME).read_text().splitlines()) == tiny_options().rollbacks


@pytest.mark.parametrize("factor", [float("nan"), 50.0])
def test_training_that_comes_apart_goes_back_and_on_at_half_the_rate(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    model = tmp_path / "m"
    trained(model, facesets, tiny_options(iterations=8, recipe="plain"))
    saved = losses(model)
    speeds = breaking(monkeypatch, factor, when=lambda learner: learner.iteration >= 14 and not learner.attempt)
    events = trained(model, facesets, tiny_options(iterations=8, recipe="plain"))
    (notice,) = warnings(events)
    assert "At iteration 14; training went back to iteration 8" in notice.text
    assert notice.text in (model / LOG_NAME).read_text()
    assert summary(events)["rollbacks"] == 1 and summary(events)["iterations_in_all"] == 16
    assert losses(model)[:8] == saved and [i for i, *_ in losses(model)] == list(range(1, 17))
    # Iterations 9 to 14 came apart, then 9 to 16 went well.
    assert speeds[6:12] == pytest.approx([speed / 2 for speed in speeds[:6]])


def test_a_new_model_that_comes_apart_begins_anew_from_its_first_weights(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, float("nan"), when=lambda learner: learner.iteration == 3 and not learner.attempt)
    events = trained(tmp_path / "m", facesets, tiny_options(iterations=5))
    (notice,) = warnings(events)
    assert "went back to iteration 0" in notice.text
    assert [i for i, *_ in losses(tmp_path / "m")] == [1, 2, 3, 4, 5]


def test_going_back_is_remembered_when_the_process_dies_right_after(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, options = tmp_path / "m", tiny_options(iterations=20, rollbacks=1)
    stopped_after(model, facesets, options, 4)
    breaking(monkeypatch, float("nan"), when=lambda learner: learner.iteration == 6)
    src, dst = facesets
    events = train(model, src=[src], dst=[dst], options=options, preset=TINY, device="cpu")
    assert any(isinstance(e, Notice) and "went back" in e.text for e in events)
    as_left = shutil.copytree(model, tmp_path / "died here")
    with pytest.raises(TrainingDiverged):
        list(events)
    with pytest.raises(TrainingDiverged):
        trained(as_left, facesets, options)
    assert len((as_left / LOG_NAME).read_text().splitlines()) == 1


def test_an_iteration_whose_checkpoint_was_spoilt_is_saved_again_when_training_comes_back_to_it(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "m"
    trained(model, facesets, tiny_options(iterations=1))

    def spoilt(learner: Learner) -> bool:
        comes_apart = learner.iteration == 4 and not learner.attempt
        if comes_apart:
            (model / FOLDER_NAME / "000000003" / "model.safetensors").write_bytes(b"torn")
        return comes_apart

    breaking(monkeypatch, float("nan"), when=spoilt)
    monkeypatch.setattr(duties.Save, "due", lambda _, run: run.learner.iteration == 3)
    (notice,) = warnings(trained(model, facesets, tiny_options(iterations=4)))
    assert "went back to iteration 1" in notice.text
    shutil.rmtree(model / FOLDER_NAME / "000000005")
    (back,) = newest_checkpoint(model)
    assert isinstance(back, Checkpoint) and back.iteration == 3


@pytest.mark.parametrize("iteration", [3, 5])
def test_weights_that_one_step_spoiled_are_never_saved_also_at_the_end(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch, iteration: int
) -> None:
    real = Learner.step

    def spoiling(self: Learner, *lessons: Lesson, **settings: Any) -> Terms:
        terms = real(self, *lessons, **settings)
        if self.iteration == iteration and not self.attempt:
            next(self.model.parameters()).data.mul_(float("inf"))
        return terms

    monkeypatch.setattr(Learner, "step", spoiling)
    monkeypatch.setattr(duties.Save, "due", lambda _, run: run.learner.iteration == 3)
    events = trained(tmp_path / "m", facesets, tiny_options(iterations=5))
    (notice,) = warnings(events)
    assert "the weights are no number" in notice.text
    assert (
        f"At iteration {iteration}; training went back to iteration {0 if iteration == 3 else 3}" in notice.text
    )
    (checkpoint,) = [c for c in newest_checkpoint(tmp_path / "m") if isinstance(c, Checkpoint)]
    assert checkpoint.iteration == 5 and all(w.isfinite().all() for w in checkpoint.model.values())
    assert [i for i, *_ in losses(tmp_path / "m")] == [1, 2, 3, 4, 5]


def test_a_critic_that_is_no_number_goes_back_and_is_not_taken_for_a_broken_disk(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.step

    def spoiling(self: Learner, *lessons: Lesson, **settings: Any) -> Terms:
        terms = real(self, *lessons, **settings)
        if self.iteration == 3 and not self.attempt:
            (critic,) = self.objective.judges.networks()
            next(critic.parameters()).data.mul_(float("nan"))
        return terms

    monkeypatch.setattr(Learner, "step", spoiling)
    monkeypatch.setattr(duties.Save, "due", lambda _, run: run.learner.iteration == 3)
    events = trained(tmp_path / "m", facesets, tiny_options(iterations=4, gan_power=0.1))
    (notice,) = warnings(events)
    assert "At iteration 3; training went back to iteration 0" in notice.text


@pytest.mark.parametrize("change", ["nothing", "other faces", "other weights"])
def test_what_was_usual_is_forgotten_where_the_faces_or_what_is_asked_of_them_are_others(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A person who extracts more between two calls of one plan is told of no collapse."""
    stopped_after(tmp_path / "m", facesets, tiny_options(iterations=24, recipe="plain"), 12)
    breaking(monkeypatch, 50.0, when=lambda learner: learner.iteration >= 13)
    src, dst = facesets
    sets = (dst, dst) if change == "other faces" else (src, dst)
    weights = {"eyes_weight": 50.0} if change == "other weights" else {}
    options = tiny_options(iterations=24, recipe="plain", rollbacks=0, **weights)
    if change == "nothing":
        with pytest.raises(TrainingDiverged, match="the loss rose"):
            trained(tmp_path / "m", sets, options)
    else:
        assert summary(trained(tmp_path / "m", sets, options))["iterations_in_all"] == 24


def test_a_loss_that_comes_apart_after_the_last_measurement_goes_back_too(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "_METRICS_EVERY", 4)
    breaking(monkeypatch, float("nan"), when=lambda learner: learner.iteration == 6 and not learner.attempt)
    events = trained(tmp_path / "m", facesets, tiny_options(iterations=6))
    (notice,) = warnings(events)
    assert "At iteration 6; training went back to iteration 0" in notice.text
    assert summary(events)["iterations_in_all"] == 6 and summary(events)["rollbacks"] == 1


def test_without_rollbacks_training_stops_at_once(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, float("nan"), when=lambda learner: learner.iteration == 3 and not learner.attempt)
    with pytest.raises(TrainingDiverged):
        trained(tmp_path / "m", facesets, tiny_options(iterations=5, rollbacks=0))


def test_a_full_disk_keeps_the_checkpoint_before_and_says_so(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "m"
    trained(model, facesets, tiny_options(iterations=2))
    before = {p: p.read_bytes() for p in (model / FOLDER_NAME).rglob("*") if p.is_file()}
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DiskFull, match="room"):
        trained(model, facesets, tiny_options(iterations=2))
    assert before == {p: p.read_bytes() for p in (model / FOLDER_NAME).rglob("*") if p.is_file()}
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**12))
    assert summary(trained(model, facesets, tiny_options(iterations=2)))["iterations_in_all"] == 4


def out_of_memory(monkeypatch: pytest.MonkeyPatch, *, when: Callable[[Learner, int], bool]) -> None:
    real = Learner.step

    def full(self: Learner, src: Lesson, *lessons: object, **settings: object) -> Terms:
        if when(self, len(src.seen_BCHW)):
            raise torch.OutOfMemoryError("full")
        return real(self, src, *lessons, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Learner, "step", full)


def test_too_large_a_batch_is_halved_at_the_start_until_it_fits(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_memory(monkeypatch, when=lambda _, batch: batch > 2)
    events = trained(tmp_path / "m", facesets, tiny_options(iterations=2, batch_size=8))
    notices = [e.text for e in events if isinstance(e, Notice) and "Batch size" in e.text]
    assert "Batch size 8 does not fit" in notices[0] and "2 is tried" in notices[1] and len(notices) == 2
    assert summary(events)["batch_size"] == 2 and summary(events)["iterations"] == 2


def test_memory_that_ends_later_ends_training_with_a_checkpoint_and_a_sentence(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_memory(monkeypatch, when=lambda learner, _: learner.iteration == 3)
    with pytest.raises(MemoryTooSmall, match="up to iteration 3 is saved"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=5))
    assert (tmp_path / "m" / FOLDER_NAME / "000000003").is_dir()


@pytest.mark.parametrize("where", ["__init__", "load_checkpoint"])
def test_a_model_that_does_not_fit_itself_is_said_in_a_sentence_and_loses_nothing(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    trained(tmp_path / "m", facesets, tiny_options(iterations=2))

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("full")

    with monkeypatch.context() as little:
        little.setattr(Learner, where, full)
        with pytest.raises(MemoryTooSmall, match=r"memory of cpu.*for the model itself.*--offload"):
            trained(tmp_path / "m", facesets, tiny_options(iterations=4))
    assert summary(trained(tmp_path / "m", facesets, tiny_options(iterations=1)))["iterations_in_all"] == 3


def test_one_face_that_does_not_fit_is_refused(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_memory(monkeypatch, when=lambda *_: True)
    with pytest.raises(MemoryTooSmall, match="--offload"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=5, batch_size=2))


def test_a_stages_own_batch_that_does_not_fit_is_refused_rather_than_tried_for_ever(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    out_of_memory(monkeypatch, when=lambda _, batch: batch > 4)
    (tmp_path / "own.toml").write_text('[[stage]]\nname = "large"\nset.batch_size = 8')
    with pytest.raises(MemoryTooSmall, match="at batch size 8"):
        options = tiny_options(iterations=5, batch_size=64, recipe=str(tmp_path / "own.toml"))
        trained(tmp_path / "m", facesets, options)
    assert not (tmp_path / "m" / LOG_NAME).exists()  # no smaller one is said to be tried


def test_without_a_batch_size_the_largest_is_found_once_and_kept(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = iter([3])
    monkeypatch.setattr(train_module, "largest_batch", lambda *_: next(sizes))
    options = tiny_options(iterations=2, batch_size=0)
    for _ in range(2):
        assert summary(trained(tmp_path / "m", facesets, options))["batch_size"] == 3


def test_the_batch_that_was_found_is_what_stages_change_at_every_start(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage's own was kept as that which was found: each start halved it again."""
    (tmp_path / "mine.toml").write_text('[[stage]]\nname = "a"\nscale.batch_size = 0.5\n')
    monkeypatch.setattr(train_module, "largest_batch", lambda *_: 8)
    options = tiny_options(iterations=2, batch_size=0, recipe=str(tmp_path / "mine.toml"))
    sizes = [summary(trained(tmp_path / "m", facesets, options))["batch_size"] for _ in range(3)]
    assert sizes == [4, 4, 4]


def test_a_setback_in_a_stage_with_a_rate_of_its_own_is_remembered(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage's rate was taken for one that a person had chosen since, and the setback for forgiven."""
    (tmp_path / "mine.toml").write_text('[[stage]]\nname = "a"\nscale.learning_rate = 0.5\n')
    model, options = tmp_path / "m", tiny_options(iterations=20, recipe=str(tmp_path / "mine.toml"))
    stopped_after(model, facesets, options, 4)
    breaking(monkeypatch, float("nan"), when=lambda run: run.iteration == 6 and not run.attempt)
    stopped_after(model, facesets, options, 12)
    assert summary(trained(model, facesets, options))["rollbacks"] == 1


@pytest.mark.parametrize("option", ["recompute", "offload"])
def test_sparing_memory_changes_nothing_of_what_is_learnt(tmp_path: Path, facesets: Pair, option: str) -> None:
    options = tiny_options(iterations=3, preview_every=3)
    trained(tmp_path / "plain", facesets, options)
    trained(tmp_path / "spared", facesets, options.changed(**{option: True}))
    plain, spared = (np.array(losses(tmp_path / name)) for name in ("plain", "spared"))
    assert np.allclose(plain, spared, rtol=1e-3)


def test_backups_are_kept_by_count_and_the_oldest_go(tmp_path: Path, facesets: Pair) -> None:
    options = tiny_options(iterations=9, backup_every=2, backups_kept=3)
    events = trained(tmp_path / "m", facesets, options)
    assert [e.path.name for e in events if isinstance(e, Made)] == [f"{n:09d}" for n in (2, 4, 6, 8)]
    assert [b.iteration for b in backups(tmp_path / "m")] == [4, 6, 8]


def test_backups_are_made_by_the_clock_over_all_calls(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr(duties.time, "perf_counter", lambda: next(clock))
    options = tiny_options(iterations=4, backup_every_minutes=0.2, checkpoint_minutes=1000)
    for _ in range(4):
        trained(tmp_path / "m", facesets, options)
    assert 2 <= len(backups(tmp_path / "m")) <= 5


def test_preview_sheets_show_seven_columns_and_the_losses_are_drawn(tmp_path: Path, facesets: Pair) -> None:
    from understudy.media.images import decode_image

    events = trained(tmp_path / "m", facesets, tiny_options(iterations=4, preview_every=2))
    sheets = [e.path for e in events if isinstance(e, Made)]
    assert [p.name for p in sheets] == ["000000002.png", "000000004.png"]
    assert decode_image(sheets[0].read_bytes(), path=sheets[0]).shape == (16 + 6 * 130 - 2, 7 * 130 - 2, 3)
    assert (tmp_path / "m" / "loss.png").exists()
    trained(tmp_path / "none", facesets, tiny_options(iterations=1, preview_every=0))
    assert not preview_paths(tmp_path / "none")


def test_a_model_is_trained_with_the_network_and_faces_that_are_said(tmp_path: Path, facesets: Pair) -> None:
    src, dst = facesets
    folder, options = tmp_path / "m", tiny_options(iterations=1)

    def go(**said: object) -> None:
        list(train(folder, src=[src], dst=[dst], options=options, preset=TINY, device="cpu", **said))  # type: ignore[arg-type]

    go(network={"size_px": 48}, face_type="whole")
    about = read_about(folder)
    assert about is not None
    assert (about.size_px, about.face_type, about.network["size_px"]) == (48, "whole", 48)
    go()
    with pytest.raises(OptionInvalid, match="size_px 48 and can't become 64"):
        go(network={"size_px": 64})


def test_an_avatar_of_type_source_learns_from_srcs_whole_frames_and_refuses_crops(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {"size_px": 32, "face_px": 16, "dims": 8, "view_dims": 8, "avatar_type": "source"}
    monkeypatch.setitem(
        presets.PRESETS, "source", Preset("avatar", "full-no-align", "for tests", network=network)
    )
    crops, dst = facesets
    options = tiny_options(iterations=2, preview_every=1, batch_size=2)
    said = {"dst": [dst], "options": options, "preset": "source", "device": "cpu"}
    with pytest.raises(FacesetUnusable, match="mark-only"):
        list(train(tmp_path / "crops", src=[crops], **said))  # type: ignore[arg-type]
    with add_faces(tmp_path / "src", 6, skin=(200, 150, 130), face_type="mark-only") as src:
        list(train(tmp_path / "m", src=[src], **said))  # type: ignore[arg-type]
    (line, *_) = read_metrics(tmp_path / "m" / METRICS_NAME)
    assert line["src_view"] > 0
    shown = read_preview(preview_paths(tmp_path / "m")[-1])
    assert shown is not None and "src frame" in shown.layout.columns
    assert load_predictor(tmp_path / "m", "cpu").paints_frame


def test_masks_of_both_performers_come_from_where_the_options_say(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Watching:
        def segment(self, crops_NHWC: np.ndarray, landmarks_N682: np.ndarray) -> np.ndarray:
            seen.append(len(crops_NHWC))
            return np.ones(crops_NHWC.shape[:3], np.float32)

    devices: list[str] = []
    monkeypatch.setitem(SEGMENTERS, "skin", lambda device: devices.append(device) or Watching())
    src, dst = facesets
    for mask_from, faces in (("hull", 0), ("skin", len(src) + len(dst))):
        options = tiny_options(mask_from=mask_from)
        where = {"src": [src], "dst": [dst], "preset": TINY, "device": "cpu", "count": 2}
        list(train_module.show_samples(tmp_path / "model", options=options, **where))
        assert sum(seen) == faces
    assert devices == ["cpu", "cpu"]


def test_a_segmenter_looks_on_the_device_that_learns(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[str] = []
    real = SEGMENTERS["skin"]
    monkeypatch.setitem(SEGMENTERS, "skin", lambda device: devices.append(device) or real(device))
    trained(tmp_path / "m", facesets, tiny_options(mask_from="skin", iterations=1))
    assert devices and set(devices) == {"cpu"}
