"""Who learns from a faceset at this moment: a training keeps the faces that there were when it began."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from contextlib import ExitStack

from understudy.events import Events, Notice, StageFinished
from understudy.jobs.facesets.curating import full_name
from understudy.project.manifest import ROLES
from understudy.project.project import Project
from understudy.training.keeping.lock import Holder, holder_of


def still_learning(project: Project, text: str) -> dict[str, Holder]:
    """The models that are being trained on this faceset, each with who does that."""
    name = full_name(project, text)
    found = {}
    for model in project.manifest.models:
        if any(name in project.facesets_of(role, model) for role in ROLES):
            holder = holder_of(project.model_folder(model))
            found |= {model: holder} if holder else {}
    return found


def extraction_told(project: Project, faceset: str, events: Events, told: set[str]) -> Events:
    """A clip's extraction, then who learns from its faceset; once each, though several clips go there (`told`),
    and never where nothing was left to do."""
    with ExitStack() as stack:
        if isinstance(events, Generator):
            stack.callback(events.close)
        for event in events:
            if isinstance(event, StageFinished) and not event.skipped and faceset not in told:
                told.add(faceset)
                yield from still_learning_told(project, faceset)
            yield event


def still_learning_told(project: Project, text: str) -> Events:
    """Say after a change of a faceset of whom that learns from it, and what brings the change to them."""
    for model, holder in still_learning(project, text).items():
        train = ["understudy", "train", str(project.folder), "--model", model]
        yield Notice(
            f"The training of model {model!r} ({holder.words}) goes on with the faces of "
            f"{full_name(project, text)} as they were when it began. So that it learns from them as they are "
            f"now, stop it with `{shlex.join([*train, '--ask', 'stop'])}` and let it go on with "
            f"`{shlex.join(train)}`.",
            level="warning",
        )
