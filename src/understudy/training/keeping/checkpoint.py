"""Checkpoints: weights, their running average, the optimiser and the rest of a training's state, in a folder.

A checkpoint is written under another name, read back, and renamed in when it is whole: a process that dies at
any moment leaves either a whole checkpoint or none. Weights of the newest three stay, the optimiser's state of
the newest two. safetensors and JSON only.

    checkpoints/000001200/model.safetensors      weights as they are trained
    checkpoints/000001200/ema.safetensors        their running average: what previews and merges use
    checkpoints/000001200/optimizer.safetensors  moments of the optimiser
    checkpoints/000001200/critics.safetensors    what the critics know, where there are any
    checkpoints/000001200/state.json             iteration, plan, and the SHA-256 of each file
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from understudy.errors import CheckpointCorrupt, DiskFull, FolderUnwritable, ProjectTooNew
from understudy.events import Notice
from understudy.files import (
    ASIDE_SUFFIX,
    folder_written_aside,
    is_written_now,
    read_json,
    require_free_space,
    said_plainly,
    sha256_of,
    write_json,
)
from understudy.training.keeping.folders import STATE_NAME, whole_folders

FOLDER_NAME = "checkpoints"
_LAYOUT = 1
_PARTS = ("model", "ema", "optimizer", "critics")
_OPTIONAL = {"optimizer": "The optimiser's state", "critics": "What the critics had learnt"}
_KEPT = 3
_KEPT_OPTIMIZERS = 2
_DAMAGED = "damaged-"

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds. `optimizer` is empty where its state was lost or tidied away."""

    iteration: int
    model: Tensors
    ema: Tensors
    optimizer: Tensors = field(default_factory=dict)
    critics: Tensors = field(default_factory=dict)  # networks that judge what is painted; most models have none
    state: Mapping[str, Any] = field(default_factory=dict)  # JSON-able
    ema_sha256: str = ""  # known once it is on disk


def save_checkpoint(model_dir: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, verify it and tidy older ones away; returns its folder. One of the same iteration
    that is whole stays as it is; a damaged one is renamed.

    Raises DiskFull or FolderUnwritable, and then leaves the older checkpoints as they were.
    """
    root = model_dir / FOLDER_NAME
    folder = root / f"{checkpoint.iteration:09d}"
    if _is_whole(folder):  # the same iteration, e.g. stopped twice without training
        return folder
    tensors = {part: getattr(checkpoint, part) for part in _PARTS}
    needed = sum(t.numel() * t.element_size() for part in tensors.values() for t in part.values())
    require_free_space(root, needed_bytes=needed)
    try:
        _write(folder, checkpoint, tensors)
    except FolderUnwritable:
        if not _is_whole(folder):
            raise
        return folder  # another thread's of the same iteration came first
    with said_plainly(root):
        _sync(root)
    _tidy(root)
    return folder


def _write(folder: Path, checkpoint: Checkpoint, tensors: Mapping[str, Tensors]) -> None:
    with folder_written_aside(folder) as aside:
        digests = {name: _write_part(aside, name, part) for name, part in tensors.items() if part}
        state = {
            "layout": _LAYOUT,
            "iteration": checkpoint.iteration,
            "sha256": digests,
            "state": dict(checkpoint.state),
        }
        write_json(aside / STATE_NAME, state)
        _sync(aside)
        if folder.exists() and not _is_whole(folder):  # half a copy, half removed, or spoilt by the disk
            _set_aside(folder)


def amend_state(model_dir: Path, iteration: int, **values: Any) -> None:
    """Change some of what a saved checkpoint says beside tensors."""
    path = model_dir / FOLDER_NAME / f"{iteration:09d}" / STATE_NAME
    about = read_json(path)
    write_json(path, about | {"state": about["state"] | values})


def _write_part(folder: Path, name: str, tensors: Tensors) -> str:
    """Write one file, read it back, and return its SHA-256."""
    path = folder / f"{name}.safetensors"
    try:
        save_file({key: t.detach().cpu().contiguous() for key, t in tensors.items()}, path)
    except SafetensorError as error:
        # The writer wraps the operating system's errors in its own.
        raise DiskFull(
            f"The checkpoint can't be written ({error}). Free some space and go on.", path
        ) from error
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    back = load_file(path)
    if not all(t.detach().cpu().equal(back[key]) for key, t in tensors.items()):
        raise DiskFull("The disk gave back something else than was written to it. Check the disk.", path)
    return sha256_of(path)


def _sync(folder: Path) -> None:
    """Make a folder's list of names durable, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tidy(root: Path) -> None:
    folders = whole_folders(root)
    for folder in folders[_KEPT_OPTIMIZERS:]:
        for part in _OPTIONAL:
            (folder / f"{part}.safetensors").unlink(missing_ok=True)
    for folder in folders[_KEPT:]:
        # state.json first: a half-removed checkpoint must not look like a damaged one.
        (folder / STATE_NAME).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    for leftover in root.glob(f".*{ASIDE_SUFFIX}"):
        if not is_written_now(leftover):
            shutil.rmtree(leftover, ignore_errors=True)


def newest_iteration(model_dir: Path) -> int:
    """The iteration of the newest checkpoint, whole or not; 0 where there is none."""
    return next((int(folder.name) for folder in whole_folders(model_dir / FOLDER_NAME)), 0)


def newest_checkpoint(model_dir: Path, *, parts: tuple[str, ...] = _PARTS) -> Iterator[Notice | Checkpoint]:
    """Look for the newest whole checkpoint: a Notice for every damaged one, then the checkpoint.

    Yields no checkpoint when the model has none yet. `parts` are those to load; an optimiser that is damaged or
    gone is left empty. Changes nothing on disk. Raises CheckpointCorrupt when there are checkpoints but none
    is whole, ProjectTooNew when the newest whole one was made by a newer version.
    """
    folders = whole_folders(model_dir / FOLDER_NAME)
    for folder in folders:
        try:
            checkpoint, complaint = _load(folder, parts)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            yield Notice(
                f"Checkpoint {folder.name} is damaged ({_short(error)}); the one before it is used.",
                level="warning",
            )
            continue
        if complaint:
            yield Notice(complaint, level="warning")
        yield checkpoint
        return
    if folders:
        raise CheckpointCorrupt(
            f"None of this model's {len(folders)} checkpoints is whole. Put back a copy of its folder, or "
            "remove the folder to start anew.",
            model_dir / FOLDER_NAME,
        )


def _load(folder: Path, parts: tuple[str, ...]) -> tuple[Checkpoint, str]:
    about = read_json(folder / STATE_NAME)
    if about["layout"] > _LAYOUT:
        raise ProjectTooNew(
            f"This model was made by a newer understudy (layout {about['layout']}; this one "
            f"knows {_LAYOUT}). Update understudy to use it.",
            folder,
        )
    digests, tensors, complaint = about["sha256"], {}, ""
    for part in parts:
        if part not in _OPTIONAL:
            tensors[part] = _read_part(folder, part, digests[part])
        elif part in digests:
            try:
                tensors[part] = _read_part(folder, part, digests[part])
            except (OSError, ValueError, SafetensorError) as error:
                complaint = (
                    f"{_OPTIONAL[part]} of checkpoint {folder.name} is gone or damaged ({_short(error)}); "
                    "it starts anew, which costs a little quality for some minutes."
                )
    checkpoint = Checkpoint(
        iteration=int(about["iteration"]),
        model=tensors.get("model", {}),
        ema=tensors.get("ema", {}),
        optimizer=tensors.get("optimizer", {}),
        critics=tensors.get("critics", {}),
        state=dict(about["state"]),
        ema_sha256=str(digests["ema"]),
    )
    return checkpoint, complaint


def _is_whole(folder: Path) -> bool:
    """Whether a checkpoint stands there that a training can go on from with all it says to have."""
    try:
        digests = read_json(folder / STATE_NAME)["sha256"]
        return all(sha256_of(folder / f"{part}.safetensors") == digest for part, digest in digests.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _read_part(folder: Path, part: str, sha256: str) -> Tensors:
    path = folder / f"{part}.safetensors"
    if not path.exists():
        raise ValueError(f"{path.name} is missing")
    if sha256_of(path) != sha256:
        raise ValueError(f"{path.name} is not what was written")
    return load_file(path)


def _short(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, ValueError) and error.__class__ is not ValueError:
        return f"{STATE_NAME} can't be read"
    return str(error).splitlines()[0] if str(error) else error.__class__.__name__


def set_damaged_aside(model_dir: Path, *, newer_than: int) -> None:
    """Rename checkpoints beyond iteration `newer_than`, which did not load, so that their names are free."""
    root = model_dir / FOLDER_NAME
    for folder in whole_folders(root):
        if int(folder.name) > newer_than:
            with said_plainly(root):
                _set_aside(folder)


def _set_aside(folder: Path) -> None:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder.rename(folder.with_name(f"{_DAMAGED}{folder.name}-{stamp}"))
