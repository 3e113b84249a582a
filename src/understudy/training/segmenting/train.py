"""Teach a segmenter from drawn faces: the stage that jobs run. Saves as it goes, goes on where it stopped.

The best state so far, measured on faces that are held out, is what the segmenter looks with from then on. Not
here: how a call goes (`run.py`), one step (`learner.py`), what is shown (`variety.py`), the files (`masks.own`,
`training.keeping`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from understudy.counts import counted
from understudy.errors import (
    CheckpointCorrupt,
    FacesetUnusable,
    OptionInvalid,
    SegmenterUnknown,
    WeightsMissing,
)
from understudy.events import Event, Events, Notice
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import move_to_trash
from understudy.masks.own import AboutSegmenter, publish, read_about, read_weights, write_about
from understudy.masks.segmenter import Segmenter
from understudy.networks.dense_face import load_dense_face
from understudy.training.keeping.backups import back_up, restore_backup
from understudy.training.keeping.checkpoint import FOLDER_NAME as CHECKPOINTS
from understudy.training.keeping.checkpoint import (
    Checkpoint,
    newest_checkpoint,
    set_damaged_aside,
)
from understudy.training.keeping.lock import model_lock
from understudy.training.machine.device import Compute, choose_device
from understudy.training.segmenting.drawn import (
    DrawnFaces,
    Named,
    faces_to_learn_from,
    read_drawn,
    usual_face_type,
)
from understudy.training.segmenting.learner import MaskLearner
from understudy.training.segmenting.options import MaskTrainOptions
from understudy.training.segmenting.run import STAGE, Plan, Run, memory_is_said

__all__ = ["STAGE", "go_back", "start_weights", "train_segmenter"]
_FEW_FACES = 10
_BACKUPS_KEPT = 5
_CREATE = ("start", "face_type", "size_px")


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
    wish = AboutSegmenter(start=options.start, face_type=face_type, size_px=options.size_px)
    with model_lock(folder):  # before anything of it is read, which another training may change until then
        known = read_about(folder)
        about = _about(folder, known, options, wish)
        faces = yield from _faces_read(entries, about, stock, are_drawn=are_drawn)
        need = f"for the network and {counted(len(faces), 'face')}"
        with memory_is_said(compute, need, "train with --device cpu"):
            learner, plan = yield from _learner(folder, known, about, options, compute)
            if known is None:
                write_about(folder, about)
            run = Run(
                folder=folder,
                about=about,
                learner=learner,
                plan=plan,
                faces=faces,
                are_drawn=are_drawn,
                options=options,
                stock=stock,
                others=_not_drawn(facesets, about, stock, set(faces.names), options.previews),
            )
        yield from run.events()


def _faces_read(
    entries: Sequence[tuple[str, Faceset, StoredFace]],
    about: AboutSegmenter,
    stock: Segmenter,
    *,
    are_drawn: bool,
) -> Generator[Event, None, DrawnFaces]:
    """The faces it learns from and is measured on, as it wants them; says what is to be known of them."""
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
    return faces


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
) -> Generator[Event, None, tuple[MaskLearner, Plan]]:
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
        return learner, Plan(held_out=plan.held_out, learned=plan.learned)
    return MaskLearner(compute, start_weights(about.start, folder.parent), options=options), Plan()


def _plan_of(found: Checkpoint, folder: Path) -> Plan:
    try:
        return Plan(**found.state["plan"])
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
