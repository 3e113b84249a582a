"""Train our own face network from shards of rendered people, for a time or a number of iterations.

The rate follows a cosine over whichever limit comes first. Every minute the weights, the state and the report
are written into the output folder; the same call goes on from there. On the CPU, with a fixed stock and a limit
of iterations, it ends as if it had never stopped; a GPU may choose other algorithms, and a stock that still
grows makes it depend on when.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from understudy.actors.crowd.shards import shard_paths
from understudy.errors import (
    CheckpointCorrupt,
    FacesetUnusable,
    OptionInvalid,
    ShardDamaged,
    TrainingDiverged,
)
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.files import read_json
from understudy.networks.dense_face import CROP_PX
from understudy.training.dense_face.camera import Camera
from understudy.training.dense_face.dice import Dice
from understudy.training.dense_face.factors import NOTHING
from understudy.training.dense_face.learner import FaceLearner
from understudy.training.dense_face.lessons import lesson
from understudy.training.dense_face.props import Props, read_props
from understudy.training.dense_face.report import REPORT_NAME, measured, write_report
from understudy.training.dense_face.stock import Stock, grown, read_stock
from understudy.training.machine.device import choose_device, free_memory_bytes

STAGE = "face-model"
WEIGHTS_NAME, STATE_NAME = "dense_face.safetensors", "state.safetensors"
_WARM_UP = 150
_STOCK_SHARE = 0.5  # of the device's free memory
_MOST_SETBACKS = 3


@dataclass(frozen=True)
class FaceTraining:
    """What to train from, where to, and for how long."""

    folders: tuple[Path, ...]  # of shards
    test_folders: tuple[Path, ...]
    out: Path
    scenery: Path | None = None
    minutes: float | None = None  # of the clock on the wall, waiting for people included
    iterations: int | None = None
    batch: int = 256
    rate: float = 2e-3
    seed: int = 0
    device: str = "auto"
    start_weights: Path | None = None  # go on from these instead of nothing
    most_samples: int | None = None  # None: what fits into half of the device's free memory
    without: frozenset[str] = NOTHING  # of `factors.FACTORS`: what lessons leave out
    first_shards: int = 1  # wait until so many are rendered
    say_every_s: float = 5.0
    keep_every_s: float = 60.0
    test_samples: int = 1000
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        """Refuse a training without an end."""
        if self.minutes is None and self.iterations is None:
            raise ValueError("a training needs a time or a number of iterations")


@dataclass
class _Run:
    """One training under way."""

    asked: FaceTraining
    learner: FaceLearner
    stock: Stock
    camera: Camera
    props: Props | None
    began: float  # on the clock, less what earlier calls have trained
    most: int
    waited_s: float = 0.0
    shown: int = 0
    setbacks: int = 0
    spoken: float = 0.0
    kept: float = 0.0
    grew: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Trained so far, earlier calls included."""
        return self.asked.clock() - self.began

    @property
    def share(self) -> float:
        """How much of the training is over, 0..1."""
        asked = self.asked
        by_time = 0.0 if asked.minutes is None else self.seconds / (60 * asked.minutes)
        by_count = 0.0 if asked.iterations is None else self.learner.iteration / asked.iterations
        return min(1.0, max(by_time, by_count))

    @property
    def rate(self) -> float:
        """The learning rate now."""
        warm = min(1.0, (self.learner.iteration + 1) / _WARM_UP)
        return self.asked.rate * 0.5**self.setbacks * warm * (0.5 + 0.5 * math.cos(math.pi * self.share)) + 1e-6


def train_face_model(asked: FaceTraining) -> Events:
    """Train, or go on training. Damaged shards are left out and told.

    Raises FacesetUnusable without rendered people, ShardDamaged where all are damaged, CheckpointCorrupt where
    the state to go on from is, OptionInvalid where its lessons were without something else, TrainingDiverged.
    """
    run = _begun(asked)
    learner = run.learner
    yield from run.notices
    yield StageStarted(
        stage=STAGE,
        unit="iterations",
        total=asked.iterations,
        done=learner.iteration,
        why=f"{learner.compute.device}, {len(run.stock)} samples, {run.most} fit",
    )
    is_kept = False
    while not is_kept:
        while run.share < 1:
            yield from _one(run)
        yield from _keep(run)
        is_kept = run.share >= 1  # else it went back
    yield Made("weights", asked.out / WEIGHTS_NAME)
    yield StageFinished(stage=STAGE, summary=_about(run))


def _one(run: _Run) -> Events:
    """An iteration, and what is due after it."""
    asked, learner = run.asked, run.learner
    dice = Dice(_seed_of(run), learner.compute.device)
    shown = lesson(run.stock, asked.batch, dice, run.camera, run.props)
    said = learner.step(shown, rate=run.rate)
    run.shown += asked.batch
    if run.seconds - run.spoken >= asked.say_every_s:
        yield from _speak(run, said)
    if run.seconds - run.kept >= asked.keep_every_s:
        yield from _keep(run)
    yield from _grow(run)


def _begun(asked: FaceTraining) -> _Run:
    began = asked.clock()
    compute = choose_device(asked.device)
    if compute.device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    stock, waited = _awaited_stock(asked, compute.device)
    most = asked.most_samples or int(_STOCK_SHARE * free_memory_bytes(compute.device) / stock.bytes_each)
    asked.out.mkdir(parents=True, exist_ok=True)
    learner = FaceLearner(compute, seed=asked.seed, weights=asked.start_weights)
    state = asked.out / STATE_NAME
    earlier_s = _restored(learner, state) if state.exists() else 0.0
    props = None if asked.scenery is None else read_props(asked.scenery, compute.device)
    camera = Camera(CROP_PX, compute.device, without=asked.without)
    run = _Run(asked, learner, stock, camera, props, began - earlier_s, most, waited)
    run.notices = list(_left_out(stock.damaged))
    if earlier_s and (asked.out / REPORT_NAME).exists():
        _take_up_report(run)
    run.spoken = run.kept = run.grew = run.seconds
    return run


def _left_out(damaged: Iterable[ShardDamaged]) -> Iterator[Notice]:
    for error in damaged:
        yield Notice(f"{error} The training does without it.", level="warning")


def _restored(learner: FaceLearner, state: Path) -> float:
    """The seconds that were learned by then. Raises CheckpointCorrupt."""
    try:
        return learner.restore(state)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise CheckpointCorrupt(
            "The state that this training would go on from is damaged or of another network. Put it back from "
            "a copy, or move it away and begin anew with --start-weights and the weights beside it.",
            state,
        ) from error


def _take_up_report(run: _Run) -> None:
    """Go on with what the report says of the training so far."""
    path = run.asked.out / REPORT_NAME
    try:
        before = read_json(path)["run"]
        without = frozenset(before.get("without", ()))
        run.history = list(before["history"])
        run.losses = dict(before["last_losses"])
        if before["peak_rate"] == run.asked.rate:  # another one was chosen by a person, so it is taken as it is
            run.setbacks = int(before["setbacks"])
        run.waited_s += float(before["share_waiting_for_data"]) * float(before["seconds"])
    except (ValueError, KeyError, TypeError) as error:
        text = f"The report so far can't be read ({error}), so its history begins here. {path}"
        run.notices.append(Notice(text, level="warning"))
        return
    if without != run.asked.without:
        left_out = f"--without {' '.join(sorted(without))}" if without else "no --without"
        raise OptionInvalid(
            f"What this training would go on from was trained with {left_out}, so its report would not say any "
            f"more what that helps. Go on with {left_out}, or take another folder.",
            path,
        )


def _awaited_stock(asked: FaceTraining, device: torch.device) -> tuple[Stock, float]:
    """The stock once there is enough to begin with, and how long that took; at most the time limit."""
    began = asked.clock()
    limit_s = math.inf if asked.minutes is None else 60 * asked.minutes
    while sum(len(shard_paths(folder)) for folder in asked.folders) < asked.first_shards:
        if asked.first_shards == 1 or asked.clock() - began > limit_s:
            break
        time.sleep(0.5)
    return read_stock(asked.folders, device=device, most=asked.most_samples), asked.clock() - began


def _seed_of(run: _Run) -> int:
    """What an iteration's lessons follow from; after a setback they are others than those that led to it."""
    return (run.asked.seed * 1_000_003 + run.learner.iteration + run.setbacks * 15_485_863) & 0x7FFFFFFF


def _grow(run: _Run) -> Events:
    """Take in what was rendered since, now and then, and tell of what was damaged since."""
    asked = run.asked
    if run.seconds - run.grew < 2 * asked.say_every_s:
        return
    began = asked.clock()
    told = {error.path for error in run.stock.damaged}
    run.stock = grown(run.stock, asked.folders, most=run.most)
    yield from _left_out(error for error in run.stock.damaged if error.path not in told)
    if run.props is None and asked.scenery is not None:
        run.props = read_props(asked.scenery, run.learner.compute.device)
    run.grew = run.seconds
    run.waited_s += asked.clock() - began


def _speak(run: _Run, said: dict[str, Tensor]) -> Events:
    """Say how it goes; after a divergence go back to what was kept, slower."""
    run.losses = {name: float(value) for name, value in said.items()}
    run.spoken = run.seconds
    if not math.isfinite(run.losses["total"] + run.losses["gradient"]):
        yield from _set_back(run)
        return
    yield Progress(
        stage=STAGE,
        done=run.learner.iteration,
        total=run.asked.iterations,
        loss=run.losses["total"],
        rate=_samples_per_s(run),
        seconds_left=run.seconds / max(run.share, 1e-6) - run.seconds,
        details={**run.losses, "samples": len(run.stock), "waiting_share": _waiting_share(run)},
    )


def _set_back(run: _Run) -> Events:
    run.setbacks += 1
    state = run.asked.out / STATE_NAME
    if run.setbacks > _MOST_SETBACKS or not state.exists():
        raise TrainingDiverged("The loss is no number any more. Train with a smaller --rate.", run.asked.out)
    run.learner.restore(state)
    yield Notice("The loss was no number: training goes on from the last state at half the rate.", "warning")


def _keep(run: _Run) -> Events:
    """Write weights, state and report."""
    asked, learner = run.asked, run.learner
    if not all(bool(value.isfinite().all()) for value in learner.average.state_dict().values()):
        yield from _set_back(run)
        return
    learner.write_weights(asked.out / WEIGHTS_NAME)
    learner.save(asked.out / STATE_NAME, seconds=run.seconds)
    figures = {}
    try:
        tests = read_stock(asked.test_folders, device=learner.compute.device, most=asked.test_samples)
    except FacesetUnusable:
        yield Notice("No people to test with are rendered yet.", "warning")
    except ShardDamaged as error:
        yield Notice(f"Nobody is left to test with, and the training goes on without. {error}", "warning")
    else:
        figures = _measured(learner, tests, asked.test_samples)
        run.history.append(
            {"seconds": round(run.seconds, 1), "iteration": learner.iteration, **_headline(figures)}
        )
        yield Notice(", ".join(f"{name} {value:.4g}" for name, value in _headline(figures).items()))
    write_report(asked.out, figures, _about(run))
    run.kept = run.seconds


def _measured(learner: FaceLearner, tests: Stock, most: int) -> dict[str, Any]:
    # Trying out algorithms for other batch sizes would cost more seconds than measuring takes.
    tried, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False
    try:
        return measured(learner.average, tests, most=most)
    finally:
        torch.backends.cudnn.benchmark = tried


def _headline(figures: dict[str, Any]) -> dict[str, float]:
    names = ("error_percent", "inner_error_percent", "worn_error_percent", "mask_iou", "score_auc")
    return {name: figures[name] for name in names}


def _samples_per_s(run: _Run) -> float:
    return run.learner.iteration * run.asked.batch / max(run.seconds, 1e-6)


def _waiting_share(run: _Run) -> float:
    return run.waited_s / max(run.seconds, 1e-6)


def _about(run: _Run) -> dict[str, Any]:
    return {
        "device": str(run.learner.compute.device),
        "iterations": run.learner.iteration,
        "batch": run.asked.batch,
        "peak_rate": run.asked.rate,
        "without": sorted(run.asked.without),
        "seconds": round(run.seconds, 1),
        "samples_per_s": round(_samples_per_s(run), 1),
        "share_waiting_for_data": round(_waiting_share(run), 4),
        "samples_in_stock": len(run.stock),
        "people_in_stock": len({one["who"] for one in run.stock.labels}),
        "setbacks": run.setbacks,
        "last_losses": {name: round(value, 5) for name, value in run.losses.items()},
        "history": run.history,
    }
