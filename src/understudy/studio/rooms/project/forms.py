"""Forms: the options of every stage, and keeping what a hand chose."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from understudy.errors import OptionInvalid
from understudy.jobs.keep_options import KEPT, KeptStage, keep_options
from understudy.studio.forms import form, form_errors
from understudy.studio.open_studio import StudioHere
from understudy.studio.run_words import require_no_places

routes = APIRouter()


class Values(BaseModel):
    """Values of a form's options; None is back to the default. `of` is the model or clip it is about."""

    model_config = ConfigDict(extra="forbid")

    of: str = ""
    values: dict[str, Any] = {}


@routes.get("/forms/{name}")
def one_form(studio: StudioHere, name: str, of: str = "") -> dict[str, Any]:
    """The option list of a form; of a merge of several clips also what each keeps for itself, by its name."""
    project = studio.project()
    told: dict[str, Any] = {"options": form(project, name, of=of)}
    if name == "merge" and not of:
        told["own"] = {
            clip: entry.merge for clip, entry in project.manifest.clips_of("dst").items() if entry.merge
        }
    return told


@routes.post("/forms/{name}/check")
def check_form(studio: StudioHere, name: str, said: Values) -> dict[str, Any]:
    """What is wrong with values that are not kept yet, as sentences by the option's name."""
    values = {option: value for option, value in said.values.items() if value is not None}
    return {"errors": form_errors(studio.project(), name, values, of=said.of)}


@routes.post("/forms/{name}/keep")
def keep_form(studio: StudioHere, name: str, said: Values) -> dict[str, Any]:
    """Keep values in the project; the answer has the list as it is now."""
    if name not in KEPT:
        raise OptionInvalid(f"A project keeps nothing for {name!r}; it does for {', '.join(KEPT)}.")
    stage: KeptStage = name  # type: ignore[assignment]
    require_no_places(KEPT[stage], said.values)
    words = keep_options(studio.project(), stage, said.values, of=said.of)
    studio.live.say("project", what="options", stage=name, of=said.of)
    return {"words": words, "options": form(studio.project(), name, of=said.of)}
