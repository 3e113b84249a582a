"""What a person asks of a training: to save, to look, to stop; other options; a backup made or gone back to."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from understudy.studio.open_studio import StudioHere
from understudy.studio.run_words import require_no_places
from understudy.training.keeping.requests import PlainWish
from understudy.training.options import TrainOptions

routes = APIRouter()


class OfModel(BaseModel):
    """Which model is meant."""

    model: str


class Wish(OfModel):
    """One thing to do now."""

    wish: PlainWish


class Change(OfModel):
    """Values of options by name; null takes back what was said for this model."""

    values: dict[str, Any]


class Restore(OfModel):
    """The backup to go back to."""

    iteration: int


@routes.post("/ask")
def ask(studio: StudioHere, said: Wish) -> dict[str, Any]:
    """Ask the training that runs; a backup is made here where none does."""
    from understudy.jobs.models import backups, steering
    from understudy.training.keeping.lock import holder_of

    project = studio.project()
    if said.wish == "backup" and holder_of(project.model_folder(said.model)) is None:
        backups.make(project, said.model)
    else:
        steering.wish(project, said.model, said.wish)
    if said.wish != "look":
        studio.live.say("training", model=said.model)
    return {}


@routes.post("/change")
def change(studio: StudioHere, said: Change) -> dict[str, Any]:
    """Keep other options for a model, and let the training that runs take over those that are live."""
    from understudy.jobs.models import steering

    require_no_places(TrainOptions, said.values)
    changed = steering.change(studio.project(), said.model, said.values)
    studio.live.say("training", model=said.model)
    return {"asked": changed.asked, "later": changed.later, "words": changed.words}


@routes.post("/restore")
def restore(studio: StudioHere, said: Restore) -> dict[str, Any]:
    """Make a backup the model's newest state; what was learnt after it goes to the trash."""
    from understudy.jobs.models import backups

    moved = backups.restore(studio.project(), said.model, said.iteration)
    studio.live.say("training", model=said.model)
    return {"to_trash": len(moved)}
