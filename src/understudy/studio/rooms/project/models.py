"""Models of the project, and what a new one would be: presets with their figures, copies, names, the trash."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from understudy.project import model_changes
from understudy.studio.open_studio import StudioHere

routes = APIRouter()


class NewName(BaseModel):
    """Another name."""

    model_config = ConfigDict(extra="forbid")

    name: str


@routes.get("/presets")
def presets() -> dict[str, Any]:
    """Every preset with its figures."""
    return {"presets": _presets()}


@routes.get("/models")
def models(studio: StudioHere) -> dict[str, Any]:
    """Every model with its figures, and those that lie in the trash."""
    from understudy.jobs.models.facts import list_models

    project = studio.project()
    told = [
        {**asdict(one), "in_use": one.in_use.words if one.in_use else "", "origin": dict(one.origin)}
        for one in list_models(project)
    ]
    return {"models": told, **models_away(studio)}


@routes.get("/models-away")
def models_away(studio: StudioHere) -> dict[str, Any]:
    """The models that lie in the trash, the newest first."""
    away = model_changes.models_put_away(studio.project())
    return {"away": [{"name": one.name, "size_bytes": one.size_bytes} for one in away]}


@routes.post("/models/{model}/rename")
def rename(studio: StudioHere, model: str, wish: NewName) -> dict[str, Any]:
    """Give a model another name."""
    studio.runs.rename_model(model, wish.name)
    return _said(studio, wish.name)


@routes.post("/models/{model}/copy")
def copy(studio: StudioHere, model: str, wish: NewName) -> dict[str, Any]:
    """Make a second model of all that one has learnt."""
    model_changes.copy_model(studio.project(), model, wish.name)
    return _said(studio, wish.name)


@routes.post("/models/{model}/put-away")
def put_away(studio: StudioHere, model: str) -> dict[str, Any]:
    """Move a model to the trash."""
    model_changes.put_away_model(studio.project(), model)
    return _said(studio, model)


@routes.post("/models/{model}/bring-back")
def bring_back(studio: StudioHere, model: str) -> dict[str, Any]:
    """Bring a model back from the trash."""
    lacks = model_changes.bring_back_model(studio.project(), model)
    return {**_said(studio, model), "notices": lacks}


@cache
def _presets() -> list[dict[str, Any]]:
    from understudy.jobs.models.facts import list_presets  # builds every network once: seconds

    return [asdict(preset) for preset in list_presets()]


def _said(studio: StudioHere, model: str) -> dict[str, Any]:
    studio.live.say("project", what="models", model=model)
    return {"model": model}
