"""Presets of one's own, as the rooms Merge and Deliver keep them and take them out.

Not here: what a preset may hold (`jobs.presets`), choosing one (the rooms).
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from understudy.project.own_presets import PresetStage
from understudy.studio.open_studio import StudioHere
from understudy.studio.run_words import require_no_places

routes = APIRouter()


class Preset(BaseModel):
    """A preset of one's own: its name, and whose it is."""

    name: str
    whose: Literal["project", "user"]


class NewPreset(Preset):
    """What it is for, in a sentence, and the options it holds; those of a purpose that is among them too."""

    says: str = ""
    said: dict[str, Any]


@routes.post("/{stage}/save")
def save(studio: StudioHere, stage: PresetStage, preset: NewPreset) -> dict[str, Any]:
    """Keep options under a name; one of that name goes to the trash."""
    from understudy.jobs import presets

    project = studio.project()
    values = presets.flattened(project, preset.said) if stage == "encode" else preset.said
    require_no_places(presets.STAGES[stage], values)
    owner = project if preset.whose == "project" else None
    return {"words": presets.save_preset(owner, stage, preset.name, values, says=preset.says)}


@routes.post("/{stage}/remove")
def remove(studio: StudioHere, stage: PresetStage, preset: Preset) -> dict[str, Any]:
    """Take a preset of one's own out; it goes to the trash."""
    from understudy.jobs import presets

    owner = studio.project() if preset.whose == "project" else None
    return {"words": presets.remove_preset(owner, stage, preset.name)}
