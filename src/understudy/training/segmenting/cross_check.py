"""How far a segmenter's overlap can be trusted: it learns anew several times, each time from other drawn faces.

Every face is held out once, so that the overlap is of all of them, each by a network that never saw it (k-fold
cross-validation; Stone, "Cross-validatory choice and assessment of statistical predictions", JRSS B, 1974).
Parts that are done are kept, so the same call goes on. The segmenter itself stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from understudy.errors import FacesetUnusable, SegmenterUnknown
from understudy.events import Events, Notice, Progress, StageFinished, StageStarted
from understudy.files import read_json, write_json
from understudy.masks.own import AboutSegmenter, read_about
from understudy.masks.segmenter import Segmenter
from understudy.training.machine.device import Compute, choose_device
from understudy.training.machine.randomness import reseeded
from understudy.training.segmenting.drawn import DrawnFaces, Named, faces_to_learn_from, read_drawn
from understudy.training.segmenting.learner import MaskLearner, mean_iou
from understudy.training.segmenting.options import MaskTrainOptions
from understudy.training.segmenting.run import memory_is_said
from understudy.training.segmenting.train import start_weights
from understudy.training.segmenting.variety import Shelf, lesson

STAGE = "masks check"
CHECK_NAME = "check.json"


def cross_check(
    folder: Path,
    *,
    facesets: Sequence[Named],
    options: MaskTrainOptions,
    stock: Segmenter,
    parts: int = 5,
    device: str = "auto",
) -> Events:
    """Say the overlap of the segmenter in `folder` over all faces that are drawn on, each by a network that
    began like it and learned as long from the others. The faces go in `parts`, at least 2: so many trainings it
    takes.

    Raises SegmenterUnknown where it has learned nothing, FacesetUnusable for fewer faces than parts,
    MemoryTooSmall.
    """
    about = read_about(folder)
    if about is None or not about.has_learned:
        raise SegmenterUnknown(
            f"The segmenter {folder.name!r} has learned nothing yet: train it first.", folder
        )
    compute = choose_device(device)
    entries, _ = faces_to_learn_from(facesets)
    broken: list[str] = []
    faces = read_drawn(
        entries, face_type=about.face_type, size_px=about.size_px, stock=stock, on_broken=broken.append
    )
    yield from (Notice(text, level="warning") for text in broken)
    if len(faces) < parts:
        raise FacesetUnusable(
            f"{len(faces)} drawn faces can't be held out in {parts} parts. Draw on more, or take fewer parts."
        )
    key, steps = _key(faces, about, options, parts), max(1, about.iteration)
    done = _known(folder, key)
    kept = len(done)
    yield StageStarted(
        stage=STAGE, unit="iterations", total=parts * steps, done=kept * steps, why="goes on" if kept else ""
    )
    for part in range(kept, parts):
        held = list(range(part, len(faces), parts))
        need = f"at batch size {options.batch_size}"
        with memory_is_said(compute, need, "check with a smaller --batch-size"):
            learner = MaskLearner(compute, start_weights(about.start, folder.parent), options=options)
            for made in _learned(learner, faces, held, options, compute, steps):
                yield Progress(stage=STAGE, done=part * steps + made, total=parts * steps)
            done.append(_overlaps(learner, faces.of(held)))
        write_json(folder / CHECK_NAME, {"key": key, "overlaps": done})
    each = [overlap for of_part in done for overlap in of_part]
    summary = {"segmenter": folder.name, "faces": len(each), "parts": parts, **figures(each)}
    yield StageFinished(stage=STAGE, summary=summary, skipped=kept == parts)


def figures(overlaps: Sequence[float]) -> dict[str, float]:
    """Mean, worst and best, as people read them."""
    mean = sum(overlaps) / len(overlaps)
    return {"overlap": round(mean, 4), "worst": round(min(overlaps), 4), "best": round(max(overlaps), 4)}


def _learned(
    learner: MaskLearner,
    faces: DrawnFaces,
    held: Sequence[int],
    options: MaskTrainOptions,
    compute: Compute,
    steps: int,
) -> Iterator[int]:
    """Learn from all but the held faces; yields the number of steps made."""
    shelf = Shelf(faces.of([n for n in range(len(faces)) if n not in set(held)]), compute.device)
    generator = torch.Generator()
    for step in range(steps):
        reseeded(generator, options.seed, "masks", step)
        learner.step(lesson(shelf, options, generator), options)
        yield step + 1


def _overlaps(learner: MaskLearner, faces: DrawnFaces) -> list[float]:
    images, truth = faces.inner()
    seen = learner.seen(images)
    return [mean_iou(seen[n : n + 1], truth[n : n + 1] / 255) for n in range(len(faces))]


def _key(faces: DrawnFaces, about: AboutSegmenter, options: MaskTrainOptions, parts: int) -> str:
    """Tells which parts belong together: of the same faces and drawings, learned alike and for as long."""
    told = repr((faces.names, about.start, about.iteration, options.model_dump(mode="json"), parts))
    return hashlib.sha256(told.encode() + faces.masks_NHW.tobytes()).hexdigest()


def _known(folder: Path, key: str) -> list[list[float]]:
    """The overlaps of the parts that are done; none where they are of another check, or can't be read."""
    try:
        told: dict[str, Any] = read_json(folder / CHECK_NAME)
        return [[float(one) for one in part] for part in told["overlaps"]] if told["key"] == key else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
