"""Train a model: the stage that jobs run. Yields events, saves as it goes, goes on where it stopped.

Not here: one step (`learner.py`), which faces (`feed.py`), how long and how fast (`plan.py`), what is on disk
(`checkpoint.py`, `metrics.py`, `preview.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import torch

from understudy.errors import TrainingDiverged
from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.store import Faceset
from understudy.geometry import FaceType
from understudy.training.feeding.cache import FaceCache, face_cache
from understudy.training.feeding.feed import Feed
from understudy.training.keeping.about import ModelAbout, about_model, read_about
from understudy.training.keeping.checkpoint import (
    Checkpoint,
    newest_checkpoint,
    save_checkpoint,
    set_damaged_aside,
)
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.metrics import METRICS_NAME, MetricsLog
from understudy.training.learner import Learner
from understudy.training.losses.terms import Means, Tally
from understudy.training.machine.device import Compute, choose_device
from understudy.training.options import TrainOptions
from understudy.training.presets import preset_named
from understudy.training.steering.plan import Plan, planned
from understudy.training.viewing.preview import preview_sheet, write_preview

STAGE = "train"
_FEW_FACES = 20
_PROGRESS_EVERY_S = 0.5
_METRICS_EVERY = 20  # iterations
_CACHE_FOLDER = "cache"


def train(
    model_dir: Path,
    *,
    src: Sequence[Faceset],
    dst: Sequence[Faceset],
    options: TrainOptions,
    preset: str = "quick",
    device: str = "auto",
) -> Events:
    """Train the model in `model_dir`, which is made if it is new, on faces of both performers.

    Ends when the plan of `options` (`minutes`, `iterations`) is done; closing the generator stops it and saves.
    The same call again finishes a plan that was interrupted, or trains as much more when it was finished. With
    `iterations` alone, a run is repeatable on one device. Raises ModelInUse, ModelUnknown, OptionInvalid,
    FacesetUnusable, DeviceUnavailable, CheckpointCorrupt, TrainingDiverged, DiskFull or FolderUnwritable.
    """
    preset_named(preset)
    compute = choose_device(device)
    with model_lock(model_dir):
        learner, about = _new_learner(model_dir, preset, options, compute)
        before = yield from _go_on(model_dir, learner)
        model = learner.model
        cut = (about.face_type, max(model.size_px, model.seen_px))
        src_cache = yield from _cached(model_dir, src, "src", *cut, scale=1 + options.src_scale / 100)
        dst_cache = yield from _cached(model_dir, dst, "dst", *cut)
        if len(src_cache) < _FEW_FACES:
            yield Notice(
                f"src has only {len(src_cache)} faces. From fewer than {_FEW_FACES} a likeness stays stiff: "
                "film more turns of the head and more expressions.",
                level="warning",
            )
        feed = Feed(
            src_cache,
            dst_cache,
            options,
            compute.device,
            size_px=model.size_px,
            seen_px=model.seen_px,
        )
        yield from _Run(model_dir, learner, feed, options, planned(options, before)).events()


def _new_learner(
    model_dir: Path, preset: str, options: TrainOptions, compute: Compute
) -> tuple[Learner, ModelAbout]:
    about = read_about(model_dir)
    architecture = about.architecture if about else preset_named(preset).architecture
    seed = about.seed if about else options.seed
    network = about.network if about else preset_named(preset).network
    learner = Learner(architecture, network, options=options, seed=seed, compute=compute)
    size_px = learner.model.size_px
    return learner, about_model(model_dir, preset=preset, seed=options.seed, size_px=size_px)


def _go_on(model_dir: Path, learner: Learner) -> Generator[Event, None, Plan | None]:
    """Load the newest whole checkpoint into the learner; returns the plan it was following."""
    for found in newest_checkpoint(model_dir):
        if isinstance(found, Notice):
            yield found
            continue
        learner.load(
            iteration=found.iteration,
            model=found.model,
            ema=found.ema,
            optimizer=found.optimizer,
            critics=found.critics,
        )
        set_damaged_aside(model_dir, newer_than=found.iteration)
        return Plan.from_json(found.state["plan"])
    return None


def _cached(
    model_dir: Path,
    facesets: Sequence[Faceset],
    side: str,
    face_type: FaceType,
    size_px: int,
    *,
    scale: float = 1.0,
) -> Generator[Event, None, FaceCache]:
    folder = model_dir / _CACHE_FOLDER
    steps = face_cache(folder, facesets, side=side, face_type=face_type, size_px=size_px, scale=scale)
    for step in steps:
        if isinstance(step, FaceCache):
            return step
        yield step
    raise RuntimeError("the cache ended without a cache")


def _means(tally: Tally) -> Means:
    """Losses since the last look. Raises TrainingDiverged where the loss is no number."""
    means = tally.means()
    if not math.isfinite(means.total):
        raise TrainingDiverged(
            "Training came apart: the loss is no number any more. What was saved before is whole: start "
            "again with a smaller learning rate."
        )
    return means


@dataclass
class _Run:
    """One call's training loop."""

    model_dir: Path
    learner: Learner
    feed: Feed
    options: TrainOptions
    plan: Plan
    made: int = 0  # iterations in this call
    seconds: float = 0.0  # in this call
    loss: float = 0.0
    saved_iteration: int = -1
    _tally: Tally = field(default_factory=Tally)

    def events(self) -> Events:
        """Train, and say so."""
        plan, learner = self.plan, self.learner
        yield StageStarted(
            stage=STAGE, unit="iteration", total=plan.iterations, done=plan.done_iterations, why=self._why()
        )
        began = time.perf_counter()
        start_plan, start_iteration = plan, learner.iteration
        said = saved = began
        with MetricsLog(self.model_dir / METRICS_NAME, iteration=learner.iteration) as metrics:
            try:
                while not self.plan.finished:
                    self._step()
                    self.made, now = learner.iteration - start_iteration, time.perf_counter()
                    self.seconds = now - began
                    self.plan = start_plan.after(
                        seconds=start_plan.done_seconds + self.seconds,
                        iterations=start_plan.done_iterations + self.made,
                    )
                    self._measure(metrics)
                    if now - said >= _PROGRESS_EVERY_S:
                        said = now
                        yield self._progress()
                    if self._preview_due():
                        yield self._preview()
                    if now - saved >= 60 * self.options.checkpoint_minutes:
                        self._save()
                        saved = time.perf_counter()
            except GeneratorExit:
                self._save()
                raise
            self._save()
        if self.made and self.options.preview_every:
            yield self._preview()
        yield StageFinished(stage=STAGE, summary=self._summary(), skipped=not self.made)

    def _why(self) -> str:
        if not self.learner.iteration:
            return ""
        where = f"goes on at iteration {self.learner.iteration}"
        left = self.plan.seconds_left
        if self.plan.done_iterations and left is not None:
            return f"{where}, {left / 60:.1f} of {self.plan.minutes:g} minutes left"
        return where

    def _step(self) -> None:
        src, dst = self.feed.lessons(self.learner.generator, warp=self.plan.warp)
        self._tally.add(self.learner.step(src, dst, self.options, speed=self.plan.speed))

    def _measure(self, metrics: MetricsLog) -> None:
        iteration = self.learner.iteration
        if iteration % _METRICS_EVERY == 0:
            means = _means(self._tally)
            self.loss = means.total
            metrics.append(
                iteration,
                loss_src=means.src,
                loss_dst=means.dst,
                learning_rate=self.options.learning_rate * self.plan.speed,
                seconds=self.plan.done_seconds,
                **means.terms,
            )

    def _progress(self) -> Progress:
        left = self.plan.seconds_left
        return Progress(
            stage=STAGE,
            done=self.plan.done_iterations,
            total=self.plan.iterations,
            seconds_left=left,
            loss=self.loss or None,
            rate=self.made / self.seconds if self.seconds else None,
        )

    def _preview_due(self) -> bool:
        every = self.options.preview_every
        return bool(every) and self.learner.iteration % every == 0 and not self.plan.finished

    def _preview(self) -> Made:
        src, dst = self.feed.src.cache, self.feed.dst.cache
        sheet = preview_sheet(self.learner.average, src, dst, self.learner.compute)
        return Made("preview", write_preview(self.model_dir, self.learner.iteration, sheet))

    def _save(self) -> None:
        learner = self.learner
        if not self.made or self.saved_iteration == learner.iteration:
            return
        if self._tally.count:
            self.loss = _means(self._tally).total  # also makes sure that nothing broken is saved
        save_checkpoint(
            self.model_dir,
            Checkpoint(
                iteration=learner.iteration,
                model=learner.model.state_dict(),
                ema=learner.average.state_dict(),
                optimizer=learner.optimizer_tensors(),
                critics=learner.objective.tensors(),
                state={"plan": self.plan.as_json(), "loss": self.loss},
            ),
        )
        self.saved_iteration = learner.iteration

    def _summary(self) -> dict[str, Any]:
        seconds = max(self.seconds, 1e-9)
        return {
            "iterations": self.made,
            "iterations_in_all": self.learner.iteration,
            "seconds": round(self.seconds, 1),
            "iterations_per_second": round(self.made / seconds, 3),
            "loss": round(self.loss, 4),
            "share_waiting_for_faces": round(self.feed.waited_s / seconds, 4),
            "src_faces": len(self.feed.src.cache),
            "dst_faces": len(self.feed.dst.cache),
            "device": str(self.learner.compute.device),
            "bfloat16": self.learner.compute.uses_bfloat16,
            "peak_memory_mb": round(_peak_memory_bytes(self.learner.compute) / 1e6),
        }


def _peak_memory_bytes(compute: Compute) -> int:
    """Most memory used so far: the device's where it keeps count, else the process's."""
    if compute.device.type == "cuda":
        return torch.cuda.max_memory_allocated(compute.device)
    about = psutil.Process().memory_info()
    return int(getattr(about, "peak_wset", 0) or _peak_resident() or about.rss)


def _peak_resident() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
