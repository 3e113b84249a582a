"""Which faces the masks room goes through: a window of them at a time, whatever the faceset's size."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from understudy.errors import SortingStopped
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.rooms.faces.kept import kept_faceset, kept_facesets

if TYPE_CHECKING:
    from understudy.facesets.curation.choose import Choice
    from understudy.jobs.facesets.kept_open import KeptFaceset, Look
    from understudy.jobs.facesets.lined_up import LineUps
    from understudy.project.project import Project

routes = APIRouter()
_ROOM = "masks lined up"
_OPENED_AT_ONCE = 2000  # faces of a faceset, to say what is drawn on them
_MEASURED_AT_ONCE = 500  # faces, before an order that needs it; more are a run


class Asked(BaseModel):
    """A part of a faceset in an order, as `jobs.facesets.lined_up.Wish` has it; `line` is the order in use."""

    faceset: str = Field(max_length=300)
    sort: str = ""
    backwards: bool = False
    where: str = ""
    limit: int | None = None
    line: str = Field(default="", max_length=200)
    around: str = Field(default="", max_length=300)
    first: int = 0
    by: int = 0
    which: str = Field(default="all", max_length=20)
    count: int = 128


@routes.get("/faces", dependencies=[HEAVY])
def faces(studio: StudioHere, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """Some faces of an order, each with what was done on it; or that sorting goes on and will be told."""
    from understudy.facesets.curation.choose import Choice
    from understudy.jobs.facesets.lined_up import Wish, told

    project, kept = kept_faceset(studio, asked.faceset)
    kept.look(project)
    if kept.reading is not None:
        return {"reading": asdict(kept.reading)}
    choice = Choice(sort=asked.sort, backwards=asked.backwards, where=asked.where, limit=asked.limit)
    look = _measured(project, kept, kept.look(project), choice)
    line = _lines(studio).get(kept, look, choice, asked.line)
    if line is None:
        underway = kept.sorting(look, choice)
        if underway is None:
            raise SortingStopped("Sorting was given up for others. Ask again.")
        underway.future.add_done_callback(partial(_tell, studio, kept.name))
        return {"sorting": True}
    wish = Wish(asked.around, asked.first, asked.by, asked.which, asked.count)
    return {**told(look, line, wish), "unmeasured": int(look.unmeasured(choice).sum())}


def _tell(studio: Studio, name: str, _future: object) -> None:
    studio.live.say("masks", faceset=name, sorted=True)


def facesets_here(studio: Studio) -> list[dict[str, Any]]:
    """Every faceset with how many faces it has; small and open ones also with what is drawn on them."""
    from understudy.jobs.facesets.curating import all_names
    from understudy.jobs.facesets.lined_up import counts

    project, told = studio.project(), list[dict[str, Any]]()
    for name in all_names(project):
        kept = kept_facesets(studio).get(project, name)
        count = kept.count(project)
        if kept.was_looked_at or count <= _OPENED_AT_ONCE:
            told.append({"faceset": name, **counts(kept.look(project))})
        else:
            unknown = dict.fromkeys(("drawn_on", "learned_from", "confirmed", "skipped"))
            told.append({"faceset": name, "faces": count, **unknown, "masks": {}})
    return told


def _lines(studio: Studio) -> LineUps:
    from understudy.jobs.facesets.lined_up import LineUps

    with studio.keeping:
        return studio.kept.setdefault(_ROOM, LineUps())


def _measured(project: Project, kept: KeptFaceset, look: Look, choice: Choice) -> Look:
    """The look, after few faces were measured that the order speaks of."""
    from understudy.facesets.curation.choose import made_ready

    if not 0 < look.unmeasured(choice).sum() <= _MEASURED_AT_ONCE:
        return look
    with kept.in_hand() as opened:
        for _ in made_ready(opened, choice):
            pass
    return kept.look(project)
