"""One call of a segmenter's training: batches until a limit is reached, looks in between; saving.

Not here: how it is set up and gone back (`train.py`), one step (`learner.py`), what is shown (`variety.py`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from understudy.counts import counted
from understudy.errors import MemoryTooSmall
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.masks.own import AboutSegmenter, filled, publish, read_weights, write_about
from understudy.masks.segmenter import Segmenter
from understudy.training.keeping.checkpoint import amend_state, save_checkpoint
from understudy.training.keeping.metrics import METRICS_NAME, MetricsLog
from understudy.training.machine.device import Compute
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.machine.randomness import reseeded
from understudy.training.segmenting.drawn import DrawnFaces, held_out_places
from understudy.training.segmenting.learner import MaskLearner, masks_of, mean_iou
from understudy.training.segmenting.options import MaskTrainOptions
from understudy.training.segmenting.sheet import Shown, mask_sheet
from understudy.training.segmenting.variety import Shelf, lesson
from understudy.training.viewing.sheets import write_preview

STAGE = "masks"
_FEW_HELD_OUT = 5  # to be measured on
_GAIN = 0.0005  # of the overlap: less is no better
_PREVIEW_S = 60.0


@contextmanager
def memory_is_said(
    compute: Compute, need: str, remedy: str, *, saved: Callable[[], str] = str
) -> Iterator[None]:
    """Raise MemoryTooSmall where memory ends in the block; `saved` saves what is learned, and says so."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        kept = f" {words}" if (words := saved()) else ""
        raise MemoryTooSmall(
            f"The memory of {compute.device} did not suffice {need}.{kept} Close other programs, or {remedy}."
        ) from error


@dataclass
class Plan:
    """How far one order to learn is. A finished one is followed by a new one."""

    iterations: int = 0
    seconds: float = 0.0
    looks_without_gain: int = 0
    best: float = 0.0
    iou_before: float = 0.0  # of the stock segmenter
    measured_on: str = ""  # which drawings `best` and `iou_before` are of
    finished: bool = False
    held_out: list[str] = field(default_factory=list)
    learned: list[str] = field(default_factory=list)  # the faces it ever learned from
    losses: list[float] = field(default_factory=list)  # since the last look

    def is_over(self, options: MaskTrainOptions) -> bool:
        """Whether any of the limits is reached."""
        return bool(
            (options.minutes and self.seconds >= options.minutes * 60)
            or (options.iterations and self.iterations >= options.iterations)
            or (options.patience and self.looks_without_gain >= options.patience)
        )

    def seconds_left(self, options: MaskTrainOptions) -> float | None:
        """Until the nearest limit that can be foreseen."""
        left = [options.minutes * 60 - self.seconds] if options.minutes else []
        if options.iterations and self.iterations:
            left.append((options.iterations - self.iterations) * self.seconds / self.iterations)
        return max(0.0, min(left)) if left else None


class Run:
    """One call: batches until a limit is reached, looks in between."""

    def __init__(
        self,
        *,
        folder: Path,
        about: AboutSegmenter,
        learner: MaskLearner,
        plan: Plan,
        faces: DrawnFaces,
        are_drawn: bool,
        options: MaskTrainOptions,
        stock: Segmenter,
        others: DrawnFaces | None,
    ) -> None:
        self.folder, self.about, self.learner, self.plan = folder, about, learner, plan
        self.options, self.stock, self.others = options, stock, others
        held = held_out_places(faces.names, options.held_out, plan.held_out, learned=plan.learned)
        plan.held_out = [faces.names[place] for place in held]
        plan.learned = sorted({*plan.learned, *faces.names} - {*plan.held_out})
        self.faces = faces
        self.kinds = ("drawn face",) if are_drawn else ("face with a stored mask", "faces with stored masks")
        self.measured = faces.of(held) if held else faces
        self.shelf = Shelf(
            faces.of([n for n in range(len(faces)) if n not in set(held)]), learner.compute.device
        )
        self.generator = torch.Generator()
        self.saved = learner.iteration if plan.iterations else -1
        self.made = self.gains = 0
        self.last_save, self.last_sheet = time.monotonic(), -_PREVIEW_S

    def events(self) -> Events:
        """Learn, and say so."""
        plan, options = self.plan, self.options
        why = f"goes on at iteration {plan.iterations} of this order" if plan.iterations else ""
        yield StageStarted(
            stage=STAGE, unit="iterations", total=options.iterations or None, done=plan.iterations, why=why
        )
        yield from self._told()
        metrics = MetricsLog(self.folder / METRICS_NAME, iteration=self.learner.iteration)
        with metrics, self._memory_is_said():
            try:
                self._begin()
                while not plan.is_over(options):
                    yield from self._one(metrics)
                if plan.iterations % options.look_every:
                    yield from self._look(metrics)
            except GeneratorExit:
                self._save()
                raise
        plan.finished = True
        self._save(again=True)
        if self.made and not self.gains:
            yield Notice(
                f"Nothing it learned in this run was better, so it goes on looking as at iteration "
                f"{self.about.iteration}; the overlap of {plan.best:.3f} is of then."
            )
        if options.previews:
            with self._memory_is_said():
                yield self._sheet()
        yield StageFinished(stage=STAGE, summary=self._summary(), skipped=not self.made)

    def _memory_is_said(self) -> AbstractContextManager[None]:
        """Where memory ends, save what is learned and raise MemoryTooSmall."""
        need, remedy = f"at batch size {self.options.batch_size}", "go on with a smaller --batch-size"
        return memory_is_said(self.learner.compute, need, remedy, saved=self._saved)

    def _saved(self) -> str:
        """Save what is learned in this call, and say so; nothing where there is none."""
        if not self.made:
            return ""
        self._save()
        return f"Everything up to iteration {self.learner.iteration} is saved."

    def _told(self) -> Iterator[Notice]:
        """What it learns from, and how far its measure can be trusted."""
        held, faces = len(self.plan.held_out), counted(len(self.shelf), *self.kinds)
        if not held:
            yield Notice(
                f"It learns from {faces} and is measured on the same, so its overlap says little about others."
            )
            return
        yield Notice(f"It learns from {faces} and is measured on {counted(held, 'other')}.")
        if held < _FEW_HELD_OUT:
            yield Notice(
                f"The overlap is of only {counted(held, 'face')}: others may give quite another. `understudy "
                "masks check` measures it on all that are drawn on, for a few times the time.",
                level="warning",
            )

    def _begin(self) -> None:
        """How well it does before this order, or on what was drawn anew: what has to be beaten."""
        plan, (images, truth) = self.plan, self.measured.inner()
        drawn = hashlib.sha256(repr(self.measured.names).encode() + truth.tobytes()).hexdigest()
        if plan.measured_on != drawn:
            plan.measured_on, plan.best, plan.looks_without_gain = drawn, 0.0, 0
            plan.iou_before = mean_iou(_segmented(self.stock, self.measured), truth / 255)
            if self.about.has_learned:
                network = filled(read_weights(self.folder, self.about)).to(self.learner.compute.device).eval()
                plan.best = mean_iou(masks_of(network, images, self.learner.compute), truth / 255)
        told = {"faces": len(self.faces), "held_out": len(plan.held_out), "iou_before": plan.iou_before}
        if self.about.has_learned:  # an overlap with other faces would be no measure beside these
            told["iou"] = round(plan.best, 5)
        about = self.about.model_copy(update=told)
        if self.about.has_learned and about != self.about:
            write_about(self.folder, about)
        self.about = about

    def _one(self, metrics: MetricsLog) -> Events:
        began = time.perf_counter()
        reseeded(self.generator, self.options.seed, "masks", self.learner.iteration)
        loss = self.learner.step(lesson(self.shelf, self.options, self.generator), self.options)
        plan = self.plan
        plan.losses.append(loss)
        plan.iterations += 1
        self.made += 1
        plan.seconds += time.perf_counter() - began
        yield Progress(
            stage=STAGE,
            done=plan.iterations,
            total=self.options.iterations or None,
            seconds_left=plan.seconds_left(self.options),
            loss=loss,
            rate=plan.iterations / max(plan.seconds, 1e-6),
            note=f"overlap {plan.best:.3f} at {self.about.iteration}" if plan.best > 0 else "",
        )
        if plan.iterations % self.options.look_every == 0:
            yield from self._look(metrics)
        if time.monotonic() - self.last_save >= self.options.save_minutes * 60:
            self._save()

    def _look(self, metrics: MetricsLog) -> Events:
        """Measure, and keep this state where it is the best so far."""
        plan = self.plan
        images, truth = self.measured.inner()
        iou = mean_iou(self.learner.seen(images), truth / 255)
        loss = float(np.mean(plan.losses)) if plan.losses else 0.0
        metrics.append(self.learner.iteration, loss=loss, iou=iou, seconds=plan.seconds)
        plan.losses.clear()
        if iou <= plan.best + _GAIN:
            plan.looks_without_gain += 1
            return
        plan.best, plan.looks_without_gain = iou, 0
        self.gains += 1
        about = self.about.model_copy(update={"iteration": self.learner.iteration, "iou": round(iou, 5)})
        self.about = publish(self.folder, about, self.learner.average.state_dict())
        if self.options.previews and time.monotonic() - self.last_sheet > _PREVIEW_S:
            yield self._sheet()

    def _save(self, *, again: bool = False) -> None:
        if self.saved == self.learner.iteration and not again:
            return
        checkpoint = self.learner.checkpoint({"plan": asdict(self.plan)})
        save_checkpoint(self.folder, checkpoint)
        if again:  # the same iteration may have been saved before it was known to be the last
            amend_state(self.folder, self.learner.iteration, plan=asdict(self.plan))
        self.saved, self.last_save = self.learner.iteration, time.monotonic()

    def _sheet(self) -> Made:
        self.last_sheet = time.monotonic()
        drawn = self.measured.of(range(min(len(self.measured), self.options.previews - self._count_others)))
        shown = [*_shown(drawn, self.stock, are_drawn=True)]
        if self.others is not None:
            shown += _shown(self.others, self.stock, are_drawn=False)
        network = self.learner.average
        if self.about.has_learned:
            network = filled(read_weights(self.folder, self.about)).to(self.learner.compute.device).eval()
        now = masks_of(network, np.stack([face.image_HWC for face in shown]), self.learner.compute)
        path = write_preview(self.folder, self.about.iteration, mask_sheet(shown, now))
        return Made("sheet of masks before and now", path)

    @property
    def _count_others(self) -> int:
        return len(self.others) if self.others is not None else 0

    def _summary(self) -> dict[str, Any]:
        return {
            "segmenter": self.folder.name,
            "faces": len(self.faces),
            "held_out": len(self.plan.held_out),
            "iterations": self.made,
            "seconds": round(self.plan.seconds, 1),
            "overlap": round(self.about.iou or 0.0, 4),
            "overlap_before": round(self.about.iou_before or 0.0, 4),
        }


def _segmented(stock: Segmenter, faces: DrawnFaces) -> np.ndarray:
    images, _ = faces.inner()
    return stock.segment(images, faces.landmarks_N682)


def _shown(faces: DrawnFaces, stock: Segmenter, *, are_drawn: bool) -> list[Shown]:
    cells = zip(faces.names, *faces.inner(), _segmented(stock, faces), faces.inner_pictured(), strict=True)
    return [
        Shown(name.rpartition("/")[2], image, mask / np.float32(255) if are_drawn else None, seen, pictured)
        for name, image, mask, seen, pictured in cells
    ]
