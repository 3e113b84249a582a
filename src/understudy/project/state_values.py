"""What is told of a project and its parts: plain values. Looking for them is `state.py`'s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from understudy.project.cleaning import Stage
from understudy.project.manifest import Role


@dataclass(frozen=True, kw_only=True)
class ClipState:
    """One clip and how many of its faces are stored; one that lies in several facesets counts once.

    `there` is False when the file is gone; `searched` is True when every frame was looked at for faces.
    `fps` is the rate that was said for images, None where none was.
    """

    name: str
    role: Role
    path: Path
    there: bool
    size_bytes: int
    faces: int
    searched: bool
    fps: float | None = None


@dataclass(frozen=True, kw_only=True)
class FacesetState:
    """One faceset on disk."""

    performer: str
    name: str
    faces: int
    size_bytes: int
    changed: datetime | None
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModelState:
    """One model: how far its newest checkpoint is.

    `trained` is True when what was asked of it is done; `progress` says how much is, like "4 of 10 minutes",
    and is empty for training without a planned end, which is done whenever it was stopped.
    """

    name: str
    preset: str
    iteration: int
    size_bytes: int
    changed: datetime | None
    trained: bool
    progress: str
    unripe: str = ""  # what its training wrote down against calling it done, though what was asked is


@dataclass(frozen=True, kw_only=True)
class MergedState:
    """Merged frames of one clip by one model, or by its cast of several.

    `complete` is True when the merge ran to its end, then `iteration` is the model's at that time, else None.
    `painted_by` are all models with what they knew.
    `encoded` is True when a finished file made from just these frames is there. `behind` says what of it the
    settings kept now would make otherwise, and why; empty where nothing is, or the merge is behind its model.
    """

    clip: str
    model: str
    frames: int
    size_bytes: int
    changed: datetime | None
    complete: bool
    iteration: int | None
    encoded: bool
    painted_by: tuple[tuple[str, int], ...] = ()
    behind: str = ""


@dataclass(frozen=True, kw_only=True)
class OutputState:
    """One finished file."""

    path: Path
    size_bytes: int
    changed: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProjectState:
    """Everything `understudy status` tells. `next_stage` is None when all that was asked is done, "add" when
    clips lack; `train_on` says then why a model should learn on, empty where its loss has levelled off.
    `next_model` has to be named to the next stage, or to the training on; it is empty where it is the one that
    is meant unsaid. So have `next_clips`, which it is about; none are named where it is about all.
    `stages_left` are the next one and those that come after it; all others are done."""

    folder: Path
    name: str
    size_bytes: int
    trash_bytes: int
    clips: tuple[ClipState, ...]
    facesets: tuple[FacesetState, ...]
    models: tuple[ModelState, ...]
    merged: tuple[MergedState, ...]
    outputs: tuple[OutputState, ...]
    next_stage: Stage | str | None
    next_why: str
    next_model: str = ""
    next_clips: tuple[str, ...] = ()
    stages_left: tuple[Stage | str, ...] = ()
    train_on: str = ""
