"""Training learns, saves, stops, and goes on as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import TINY, add_faces, tiny_options
from understudy.errors import FacesetUnusable, ModelInUse, ModelUnknown, OptionInvalid, TrainingDiverged
from understudy.events import Event, Made, Notice, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.files import read_json
from understudy.training import train as train_module
from understudy.training.keeping.checkpoint import FOLDER_NAME
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.metrics import METRICS_NAME, read_metrics
from understudy.training.losses.terms import Terms
from understudy.training.options import TrainOptions
from understudy.training.train import STAGE, train

Pair = tuple[Faceset, Faceset]


@pytest.fixture(autouse=True)
def every_iteration_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module, "_METRICS_EVERY", 1)
    monkeypatch.setattr(train_module, "_PROGRESS_EVERY_S", 0.0)


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


def test_a_stopped_run_goes_on_exactly_as_one_that_was_never_stopped(tmp_path: Path, facesets: Pair) -> None:
    options = tiny_options(iterations=12)
    trained(tmp_path / "whole", facesets, options)
    stopped_after(tmp_path / "parts", facesets, options, 5)
    assert len(losses(tmp_path / "parts")) == 5
    events = trained(tmp_path / "parts", facesets, options)
    assert started(events).done == 5
    assert "goes on at iteration 5" in started(events).why
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
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from understudy.facesets.store import Faceset
from understudy.training import presets
from understudy.training.options import TrainOptions
from understudy.training.train import train
network = {"size_px": 32, "width": 8, "code": 16}
presets.PRESETS["tiny"] = presets.Preset("quick", "full", "for tests", network=network)
options = TrainOptions(batch_size=4, preview_every=0, iterations=100000, checkpoint_minutes=0.01)
src, dst = (Faceset(Path(p)) for p in sys.argv[2:])
for event in train(Path(sys.argv[1]), src=[src], dst=[dst], options=options, preset="tiny", device="cpu"):
    print(event, flush=True)
"""


def test_a_run_killed_at_any_moment_goes_on_from_its_last_checkpoint(tmp_path: Path, facesets: Pair) -> None:
    model = tmp_path / "Mödel 影"
    folders = [str(f.folder) for f in facesets]
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED_SCRIPT, str(model), *folders],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkpoints = model / FOLDER_NAME
    give_up = time.monotonic() + 120
    while len(list(checkpoints.glob("[0-9]*"))) < 2 and time.monotonic() < give_up:
        assert child.poll() is None
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    newest = max(int(p.name) for p in checkpoints.glob("[0-9]*"))
    events = trained(model, facesets, tiny_options(iterations=2))
    assert not [e for e in events if isinstance(e, Notice) and "damaged" in e.text]
    assert summary(events)["iterations_in_all"] == newest + 2
    measured = [i for i, *_ in losses(model)]
    assert measured == sorted(set(measured)) and measured[-2:] == [newest + 1, newest + 2]
    assert not list(checkpoints.glob(".*"))


def test_a_damaged_checkpoint_is_passed_over_said_and_kept(tmp_path: Path, facesets: Pair) -> None:
    model = tmp_path / "m"
    for _ in range(2):
        trained(model, facesets, tiny_options(iterations=3))
    weights = model / FOLDER_NAME / "000000006" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    events = trained(model, facesets, tiny_options(iterations=3))
    (notice,) = [e for e in events if isinstance(e, Notice)]
    assert "000000006" in notice.text and "damaged" in notice.text
    assert summary(events)["iterations_in_all"] == 6
    assert list((model / FOLDER_NAME).glob("damaged-000000006-*"))
    assert [i for i, *_ in losses(model)] == [1, 2, 3, 4, 5, 6]


def test_few_src_faces_are_pointed_out_with_their_count(tmp_path: Path, facesets: Pair) -> None:
    with add_faces(tmp_path / "few", 3, skin=(200, 150, 130)) as few:
        events = trained(tmp_path / "m", (few, facesets[1]), tiny_options(iterations=1))
    (notice,) = [e for e in events if isinstance(e, Notice)]
    assert "only 3 faces" in notice.text


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


def test_a_loss_that_is_no_number_stops_training_and_is_never_saved(
    tmp_path: Path, facesets: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(tmp_path / "m", facesets, tiny_options(iterations=2))
    real = train_module.Learner.step

    def broken(self: train_module.Learner, *lessons: object, **settings: object):
        terms = real(self, *lessons, **settings)  # type: ignore[arg-type]
        return Terms({name: value * float("nan") for name, value in terms.src.items()}, terms.dst)

    monkeypatch.setattr(train_module.Learner, "step", broken)
    with pytest.raises(TrainingDiverged, match="learning rate"):
        trained(tmp_path / "m", facesets, tiny_options(iterations=2))
    assert [p.name for p in sorted((tmp_path / "m" / FOLDER_NAME).iterdir())] == ["000000002"]


def test_preview_sheets_show_five_columns_of_faces(tmp_path: Path, facesets: Pair) -> None:
    from understudy.media.images import decode_image

    events = trained(tmp_path / "m", facesets, tiny_options(iterations=4, preview_every=2))
    sheets = [e.path for e in events if isinstance(e, Made)]
    assert [p.name for p in sheets] == ["000000002.png", "000000004.png"]
    assert decode_image(sheets[0].read_bytes(), path=sheets[0]).shape == (6 * 32, 5 * 32, 3)
