"""Backups of a project's models: those there are, and going back to one."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path

from understudy.errors import ModelInUse, ModelUnknown
from understudy.jobs.settings import train_options
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint
from understudy.project.unknown import model_named
from understudy.training.keeping.backups import back_up, backups, made_words, restore_backup
from understudy.training.keeping.lock import holder_of, model_lock


def list_backups(project: Project, model: str) -> list[str]:
    """A line for each, oldest first. Raises ModelUnknown."""
    return [made_words(backup) for backup in backups(_folder(project, model))]


def make(project: Project, model: str) -> Path:
    """Keep the newest checkpoint of a model that nobody trains as a backup; returns its folder.

    Raises ModelUnknown, ModelInUse, OptionInvalid, DiskFull or FolderUnwritable.
    """
    folder = _folder(project, model)
    newest = newest_checkpoint(folder)
    if newest is None:
        raise ModelUnknown(f"Model {model!r} has learnt nothing yet, so there is nothing to back up.")
    kept = train_options(project, model, {}).backups_kept
    with ExitStack() as stack:
        try:
            stack.enter_context(model_lock(folder))
        except ModelInUse as error:
            running = holder_of(folder)
            if running is None:  # it has just ended, or was renamed
                raise
            command = shlex.join(
                ["understudy", "train", str(project.folder), "--model", model, "--ask", "backup"]
            )
            raise ModelInUse(
                f"Model {model!r} is in use by {running.words}. A training makes the backup itself when "
                f"asked: `{command}`. For anything else wait until it has ended.",
                error.path,
            ) from None
        return back_up(folder, int(newest[0]["iteration"]), kept=kept)


def restore(project: Project, model: str, iteration: int) -> list[Path]:
    """Go back to a backup; returns where the newer checkpoints lie now.

    Raises ModelUnknown, ModelInUse, CheckpointCorrupt where there is no such backup.
    """
    folder = _folder(project, model)
    with model_lock(folder):
        return restore_backup(folder, iteration, trash=project.trash.folder)


def _folder(project: Project, model: str) -> Path:
    model_named(project, model)
    return project.model_folder(model)
