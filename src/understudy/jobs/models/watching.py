"""How the models of a project learn, for whoever looks on: figures, marks, backups, options in force.

Changes nothing, and is cheap enough to be asked every second: torch is not imported, and no file is read that
can be large. Not here: what a person may ask of a training (`steering.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from understudy.errors import RecipeInvalid
from understudy.files import read_json
from understudy.jobs.settings import train_options
from understudy.options import OptionInfo, describe
from understudy.project.manifest import ROLES
from understudy.project.project import Project
from understudy.project.state import newest_checkpoint
from understudy.project.unknown import model_named
from understudy.training.keeping.backups import backups
from understudy.training.keeping.lock import holder_of
from understudy.training.keeping.milestones import milestones
from understudy.training.keeping.requests import changes_asked
from understudy.training.keeping.status import read_status
from understudy.training.options import TrainOptions
from understudy.training.recipe.recipe import recipe_named
from understudy.training.viewing.sheets import iteration_of, newest_sheet, preview_paths

_OPTIONS_SAID = ("said", "in_force")
RATE_NAME = "rate.json"


def require_known(project: Project, model: str) -> Path:
    """The model's folder. Raises ModelUnknown for a name that is none."""
    model_named(project, model)
    return project.model_folder(model)


def watch_model(project: Project, model: str) -> dict[str, Any]:
    """All that changes about a model while it learns, JSON-able. Raises ModelUnknown.

    `running` holds who trains it; `status` is what that training says of itself, None before its first
    iteration; `kept` is what is said of its options for the next start. Versions are for addresses of
    pictures: another one, another picture.
    """
    folder = require_known(project, model)
    entry, newest, holder = project.manifest.models[model], newest_checkpoint(folder), holder_of(folder)
    status = read_status(folder) if holder else None
    state = dict(newest[0].get("state") or {}) if newest else {}
    return {
        "name": model,
        "preset": entry.preset,
        "made": (folder / "model.toml").exists(),
        "iterations": int(newest[0]["iteration"]) if newest else 0,
        "loss": state.get("loss"),
        "plan": state.get("plan"),
        "running": {**asdict(holder), "words": holder.words} if holder else None,
        "status": {k: v for k, v in status.items() if k not in _OPTIONS_SAID} if status else None,
        "asked": changes_asked(folder) if holder else {},
        "kept": {**project.manifest.train, **entry.train},
        "facesets": {role: list(project.facesets_of(role, model)) for role in ROLES},
        "backups": [_backup(one.folder, one.iteration, one.made_s, one.size_bytes) for one in backups(folder)],
        "milestones": milestones(folder),
        "stages": _stages(project, model),
        "sheet": _sheet(folder),
        "sheets": len(preview_paths(folder)),
        "rate_version": version_of(folder / RATE_NAME),
    }


def _backup(folder: Path, iteration: int, made_s: float, size_bytes: int) -> dict[str, Any]:
    loss = None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        loss = read_json(folder / "state.json")["state"].get("loss")
    return {"iteration": iteration, "made_s": made_s, "size_bytes": size_bytes, "loss": loss}


def _stages(project: Project, model: str) -> list[str]:
    with contextlib.suppress(RecipeInvalid):
        return [stage.name for stage in recipe_named(train_options(project, model, {}).recipe).stages]
    return []


def _sheet(folder: Path) -> dict[str, Any] | None:
    path = newest_sheet(folder)
    return {"iteration": iteration_of(path), "version": version_of(path)} if path else None


def version_of(path: Path) -> str:
    """Changes whenever the file does; empty without it."""
    try:
        about = path.stat()
    except OSError:
        return ""
    return f"{about.st_mtime_ns:x}-{about.st_size:x}"


def options_of(project: Project, model: str) -> list[dict[str, Any]]:
    """Every option of training with what counts for this model, JSON-able. Raises ModelUnknown, OptionInvalid.

    `value` is what the next start takes, `default` what it would take if nothing were said for this model
    alone, `said` whether something is. While it runs, `in_force` is what counts there now, as the stage of its
    recipe has it, `running` what its stages start from, and `asked` what it has not taken over yet.
    """
    folder = require_known(project, model)
    said = project.manifest.models[model].train
    counts = train_options(project, model, {}).model_dump(mode="json")
    plain = Project(project.folder, project.manifest.model_copy(deep=True))
    plain.manifest.models[model].train = {}
    defaults = train_options(plain, model, {}).model_dump(mode="json")
    status, asked = read_status(folder), changes_asked(folder)
    groups = _groups()
    return [
        {
            **asdict(info),
            "group": groups[info.name],
            "value": counts[info.name],
            "default": defaults[info.name],
            "said": info.name in said,
            **(_running(info, status, asked) if status else {}),
        }
        for info in sorted(describe(TrainOptions), key=lambda info: list(groups).index(info.name))
    ]


def _running(info: OptionInfo, status: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        "in_force": status.get("in_force", {}).get(info.name),
        "running": status.get("said", {}).get(info.name),
    }
    return {**told, "asked": asked[info.name]} if info.name in asked else told


def _groups() -> dict[str, str]:
    """The heading of each option: what the class that declares it is for; in the order of a first look."""
    found = {}
    for owner in reversed(TrainOptions.__mro__):
        words = (owner.__doc__ or "").split("\n")[0].rstrip(".")
        for name in getattr(owner, "__annotations__", {}):
            if name in TrainOptions.model_fields and owner is not TrainOptions:
                found[name] = words
    return found
