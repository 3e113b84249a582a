"""Teach a segmenter from drawn faces: the stage that jobs run. Saves as it goes, goes on where it stopped.

The best state so far, measured on faces that are held out, is what the segmenter looks with from then on. Not
here: one step (`learner.py`), what is shown (`variety.py`), the files (`masks.own`, `training.keeping`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from understudy.counts import counted
from understudy.errors import (
    CheckpointCorrupt,
    FacesetUnusable,
    MemoryTooSmall,
    OptionInvalid,
    SegmenterUnknown,
    WeightsMissing,
)
from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.files import move_to_trash
from understudy.masks.own import AboutSegmenter, filled, publish, read_about, read_weights, write_about
from understudy.masks.segmenter import Segmenter
from understudy.networks.dense_face import load_dense_face
from understudy.training.keeping.backups import back_up, restore_backup
from understudy.training.keeping.checkpoint import FOLDER_NAME as CHECKPOINTS
from understudy.training.keeping.checkpoint import (
    Checkpoint,
    amend_state,
    newest_checkpoint,
    save_checkpoint,
    set_damaged_aside,
)
from understudy.training.keeping.lock import model_lock
from understudy.training.keeping.metrics import METRICS_NAME, MetricsLog
from understudy.training.machine.device import Compute, choose_device
from understudy.training.machine.memory import is_out_of_memory
from understudy.training.machine.randomness import reseeded
from understudy.training.segmenting.drawn import (
    DrawnFaces,
    Named,
    faces_to_learn_from,
    held_out_places,
    read_drawn,
    usual_face_type,
)
from understudy.training.segmenting.learner import MaskLearner, masks_of, mean_iou
from understudy.training.segmenting.options import MaskTrainOptions
from understudy.training.segmenting.sheet import Shown, mask_sheet
from understudy.training.segmenting.variety import Shelf, lesson
from understudy.training.viewing.sheets import write_preview

STAGE = "masks"
_FEW_FACES = 10
_FEW_HELD_OUT = 5  # to be measured on
_GAIN = 0.0005  # of the overlap: less is no better
_BACKUPS_KEPT = 5
_PREVIEW_S = 60.0
_CREATE = ("start", "face_type", "size_px")


@dataclass
class _Plan:
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


def train_segmenter(
    folder: Path,
    *,
    facesets: Sequence[Named],
    options: MaskTrainOptions,
    stock: Segmenter,
    device: str = "auto",
) -> Events:
    """Teach the segmenter in `folder`, which is made if it is new, what is drawn on faces of `facesets`.

    `stock` segments faces on which only covers are drawn, and is what the sheet shows before. The same call
    goes on where it was stopped; after a finished one it learns as much more, also from what was drawn since.

    Raises FacesetUnusable, OptionInvalid, SegmenterUnknown, WeightsMissing, UnsafeFile, ModelInUse,
    TrainingDiverged, MemoryTooSmall, CheckpointCorrupt, DeviceUnavailable, DiskFull or FolderUnwritable.
    """
    _require_possible(options)
    compute = choose_device(device)
    entries, are_drawn = faces_to_learn_from(facesets)
    face_type = usual_face_type(entries, options.face_type)
    known = read_about(folder)
    about = _about(
        folder,
        known,
        options,
        AboutSegmenter(start=options.start, face_type=face_type, size_px=options.size_px),
    )
    broken: list[str] = []
    faces = read_drawn(
        entries, face_type=about.face_type, size_px=about.size_px, stock=stock, on_broken=broken.append
    )
    yield from (Notice(text, level="warning") for text in broken)
    if not are_drawn:
        yield Notice(
            f"Nothing is drawn on these faces; it learns from the masks stored in {len(faces)} of them."
        )
    elif len(faces) < _FEW_FACES:
        yield Notice(
            f"Only {counted(len(faces), 'face is', 'faces are')} drawn on. From 20 to 50, in every pose and "
            "with everything that covers them, it does much better.",
            level="warning",
        )
    with model_lock(folder):
        learner, plan = yield from _learner(folder, known, about, options, compute)
        if known is None:
            write_about(folder, about)
        others = _not_drawn(facesets, about, stock, set(faces.names), options.previews)
        run = _Run(
            folder=folder,
            about=about,
            learner=learner,
            plan=plan,
            faces=faces,
            are_drawn=are_drawn,
            options=options,
            stock=stock,
            others=others,
        )
        yield from run.events()


def _require_possible(options: MaskTrainOptions) -> None:
    if options.size_px % 32:
        raise OptionInvalid(f"Option 'size_px' can't be {options.size_px}: it is no multiple of 32.")
    if options.start == "nothing" and options.learns == "mask":
        raise OptionInvalid("What begins as nothing has to learn all: leave out learns, or start from dense.")
    if not (options.minutes or options.iterations or options.patience):
        raise OptionInvalid("It would never end: say minutes, iterations or patience.")


def _about(
    folder: Path, known: AboutSegmenter | None, options: MaskTrainOptions, wish: AboutSegmenter
) -> AboutSegmenter:
    """What the segmenter is; what was said of a new one must not differ from what it was made as."""
    if known is None:
        return wish
    for name in _CREATE:
        said, is_now = getattr(options, name), getattr(known, name)
        if name in options.model_fields_set and said not in (is_now, "as-drawn"):
            raise OptionInvalid(
                f"The segmenter {folder.name!r} was made with {name} {is_now}, which can't become {said}. "
                "Leave it out, or train one of another name."
            )
    return known


def _learner(
    folder: Path,
    known: AboutSegmenter | None,
    about: AboutSegmenter,
    options: MaskTrainOptions,
    compute: Compute,
) -> Generator[Event, None, tuple[MaskLearner, _Plan]]:
    """The learner as it was left, or a new one."""
    for found in newest_checkpoint(folder):
        if isinstance(found, Notice):
            yield found
            continue
        learner = MaskLearner(compute, found.model, options=options)
        if not learner.load(found):  # options.learns changed, or the mask head has had a finer look since
            yield Notice(
                f"It goes on at iteration {found.iteration}, but its optimiser begins anew: other parts of the "
                "network learn now than until then."
            )
        set_damaged_aside(folder, newer_than=found.iteration)
        plan = _plan_of(found, folder)
        if not plan.finished:
            return learner, plan
        if known is not None:
            _keep_best(folder, folder / CHECKPOINTS / f"{found.iteration:09d}", known)
        back_up(folder, found.iteration, kept=_BACKUPS_KEPT)
        return learner, _Plan(held_out=plan.held_out, learned=plan.learned)
    return MaskLearner(compute, start_weights(about.start, folder.parent), options=options), _Plan()


def _plan_of(found: Checkpoint, folder: Path) -> _Plan:
    try:
        return _Plan(**found.state["plan"])
    except (KeyError, TypeError) as error:
        raise CheckpointCorrupt(
            f"Checkpoint {found.iteration} does not say how far this segmenter is. Put its folder back from a "
            "copy, or put the segmenter away with `understudy masks delete`.",
            folder,
        ) from error


def _keep_best(folder: Path, beside: Path, about: AboutSegmenter) -> None:
    """Put what the segmenter looks with beside a checkpoint; a backup needs it, often of an earlier look."""
    if read_about(beside) is not None:
        return
    if about.has_learned:
        publish(beside, about, read_weights(folder, about))
    else:
        write_about(beside, about)


def start_weights(start: str, segmenters: Path) -> dict[str, torch.Tensor] | None:
    """What a new segmenter begins as; None for random weights. Raises WeightsMissing, SegmenterUnknown."""
    if start == "nothing":
        return None
    if start == "dense":
        try:
            return load_dense_face().state_dict()
        except WeightsMissing as error:
            raise WeightsMissing(
                f"{error.message} Or begin without them: --start nothing.", error.path
            ) from error
    other = segmenters / start
    about = read_about(other) if start == Path(start).name else None
    if about is None:
        raise SegmenterUnknown(
            f"Option 'start' can't be {start!r}: it is dense, nothing, or a segmenter of the project."
        )
    return read_weights(other, about)


def _not_drawn(
    facesets: Sequence[Named], about: AboutSegmenter, stock: Segmenter, drawn: set[str], count: int
) -> DrawnFaces | None:
    """Half as many faces as the sheet has rows, evenly from those that are not drawn on."""
    others = [
        (name, faceset, face)
        for name, faceset in facesets
        for face in faceset.faces()
        if f"{name}/{face.name}" not in drawn
    ]
    places = np.unique(np.linspace(0, len(others) - 1, count // 2).astype(int)) if others else []
    chosen = [others[place] for place in places]
    with suppress(FacesetUnusable):  # none, or none that can be read: the sheet does without
        return read_drawn(
            chosen, face_type=about.face_type, size_px=about.size_px, stock=stock, on_broken=lambda _: None
        )
    return None


class _Run:
    """One call: batches until a limit is reached, looks in between."""

    def __init__(
        self,
        *,
        folder: Path,
        about: AboutSegmenter,
        learner: MaskLearner,
        plan: _Plan,
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

    @contextmanager
    def _memory_is_said(self) -> Iterator[None]:
        """Where memory ends, save what is learned and raise MemoryTooSmall."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            kept = ""
            if self.made:
                self._save()
                kept = f" Everything up to iteration {self.learner.iteration} is saved."
            raise MemoryTooSmall(
                f"The memory of {self.learner.compute.device} did not suffice at batch size "
                f"{self.options.batch_size}.{kept} Close other programs, or go on with a smaller --batch-size."
            ) from error

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


def go_back(folder: Path, iteration: int, *, trash: Path) -> list[Path]:
    """Make a backup the state that the segmenter looks with and goes on from; what came after goes to `trash`.

    Raises CheckpointCorrupt where there is no such backup, ModelInUse, UnsafeFile.
    """
    with model_lock(folder):
        gone = restore_backup(folder, iteration, trash=trash)
        kept = folder / CHECKPOINTS / f"{iteration:09d}"
        now, then = read_about(folder), read_about(kept)
        if then is None:
            raise CheckpointCorrupt(f"The backup of iteration {iteration} lacks what it looked with.", kept)
        if now is not None and now.has_learned and now.sha256 != then.sha256:
            gone.append(move_to_trash(folder / now.weights, trash))
        if then.has_learned:
            publish(folder, then, read_weights(kept, then))
        else:
            write_about(folder, then)
    return gone
