"""What is merged by which model, as commands that deliver it: said where another model was asked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from understudy.errors import ModelUnknown, ProjectInvalid
from understudy.events import Events, Notice
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.journal import is_complete
from understudy.project.project import CAST, Project
from understudy.project.unknown import model_named


def in_commands(project: Project, clips: Sequence[str], called: str) -> str:
    """What commands on merged clips begin with; without a clip they are about all."""
    words = [str(project.folder), *clips, *(["--model", called] if called not in ("main", CAST) else [])]
    return shlex.join(words)


def require_model_of(project: Project, model: str, names: Sequence[str]) -> None:
    """Raise ModelUnknown for a model that is none and should have merged one of these clips; it names what
    delivers what other models have merged."""
    if all(project.manifest.clips[name].cast for name in names):
        return
    try:
        model_named(project, model)
    except ModelUnknown as error:
        raise ModelUnknown(f"{error.message}{delivered_by_others(project, names, but=model)}") from None


def require_merged(project: Project, model: str, clip: str) -> None:
    """Raise ProjectInvalid where nothing of a clip is merged with this model, or the clip's cast."""
    called = project.merged_name(clip, model)
    if project.merged_folder(clip, called).is_dir():
        return
    whom = "its cast" if called != model else f"model {model!r}"
    raise ProjectInvalid(
        f"Clip {clip!r} has not been merged with {whom}. Run `understudy merge "
        f"{in_commands(project, [clip], called)}`.{delivered_by_others(project, [clip], but=called)}"
    )


def renamed_told(project: Project, clip: str, called: str, goal: Path) -> Events:
    """Say of a finished file that is called after an earlier name of its model that it stays, and that another
    is made: marks name the file."""
    memory = DeliveryMemory(project.merged_folder(clip, called))
    names = [path.name for path in memory.standing() if path.parent == goal.absolute().parent]
    if any(name.startswith((f"{clip}-{called}", f"{clip}--{called}")) for name in names):
        return
    before = [name for name in names if name.startswith(f"{clip}-") and name.endswith(goal.suffix)]
    if before:
        yield Notice(
            f"{', '.join(before)} stays, which shows these frames and is called after another name of the "
            f"model. {goal.name} is made beside it, because the marks in a file say its name."
        )


def delivered_by_others(project: Project, names: Sequence[str], *, but: str) -> str:
    """What models other than `but` have merged to the end of these clips, with the commands; empty where that
    is nothing."""
    told = ""
    for model in project.manifest.models:
        if model == but:
            continue
        merged = [
            name
            for name in names
            if project.merged_name(name, model) == model and is_complete(project.merged_folder(name, model))
        ]
        if merged:
            clips = merged if len(merged) < len(project.manifest.clips_of("dst")) else []
            told += f" What {model!r} has merged is delivered by `understudy encode "
            told += f"{in_commands(project, clips, model)}`."
    return told
