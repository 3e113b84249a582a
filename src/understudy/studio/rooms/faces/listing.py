"""Which faces there are and in which order: all names, an order of them, and what can be asked for."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import Future
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from understudy.errors import SortingStopped
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.rooms.faces.kept import answered, kept_faceset, kept_facesets

if TYPE_CHECKING:
    from understudy.jobs.facesets.kept_open import Look, Order

routes = APIRouter()
_WAIT_S = 1.5  # for an order; then the window is told when it is there


@routes.get("/facesets")
def facesets(studio: StudioHere) -> list[dict[str, Any]]:
    """Every faceset with its count, the side its clips are of, and whether it was made yet."""
    from understudy.jobs.facesets.curating import all_names

    project, kept = studio.project(), kept_facesets(studio)
    told = []
    for name in all_names(project):
        performer, _, short = name.partition("/")
        clips = project.manifest.performers[performer].facesets[short].clips
        roles = sorted({project.manifest.clips[clip].role for clip in clips})
        count = kept.get(project, name).count(project)
        told.append({"name": name, "faces": count, "clips": clips, "roles": roles})
    return told


@routes.get("/options")
def options() -> dict[str, Any]:
    """What the filter bar offers: every sort, column and grouping of the `faceset` commands, by name."""
    from understudy.facesets.curation.groups import GROUPINGS
    from understudy.facesets.sorting.sorts import SORTS
    from understudy.facesets.sorting.table import COLUMNS

    sorts = [
        {"name": name, "help": sort.first, "needs": sort.needs, "chooses": sort.chooses}
        for name, sort in SORTS.items()
    ]
    columns = [{"name": name, "help": words} for name, words in COLUMNS.items()]
    groups = [{"name": name, "words": group.words} for name, group in GROUPINGS.items()]
    return {"sorts": sorts, "columns": columns, "groups": groups}


@routes.get("/table", dependencies=[HEAVY])
def table(studio: StudioHere, request: Request, faceset: str) -> Response:
    """All names of a faceset in the usual order, and in Base64 eight bytes for each that stand for its content.

    Orders speak of faces by their places in this list; `version` says which list.
    """
    project, kept = kept_faceset(studio, faceset)
    look = kept.look(project)

    def told() -> dict[str, Any]:
        keys = base64.b64encode(b"".join(digest[:8] for digest in look.digests)).decode()
        return {"version": look.version, "names": [face.name for face in look.table.faces], "keys": keys}

    return answered(request, look.version, told)


class Asked(BaseModel):
    """An order of some faces of a faceset, in the words of the `faceset` commands."""

    faceset: str
    where: str = ""
    sort: str = ""
    backwards: bool = False
    limit: int | None = None
    group: str = ""


@routes.get("/order", dependencies=[HEAVY])
def order(studio: StudioHere, request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Places of the chosen faces in the table, first to last; or that sorting goes on and will be told."""
    from understudy.facesets.curation.choose import Choice

    project, kept = kept_faceset(studio, asked.faceset)
    look, group = kept.look(project), asked.group
    choice = Choice(where=asked.where, sort=asked.sort, backwards=asked.backwards, limit=asked.limit)
    found = kept.order(look, choice, group, wait_s=_WAIT_S)
    underway = kept.sorting(look, choice, group)
    if found is None and underway is not None:
        underway.future.add_done_callback(partial(_tell, studio, kept.name))
        left = {"share": underway.share, "seconds_left": underway.seconds_left}
        return JSONResponse({"version": look.version, "sorting": True, **left})
    if found is None:
        raise SortingStopped("Sorting was given up for others. Ask again.")
    words = hashlib.blake2b(repr((choice, group)).encode(), digest_size=6).hexdigest()
    return answered(request, f"{look.version}-{words}", partial(_told, look, found))


def _tell(studio: Studio, name: str, future: Future[Order]) -> None:
    if isinstance(future.exception(), SortingStopped):
        studio.live.say("sorting", faceset=name, stopped=True)
    else:
        studio.live.say("faces", faceset=name, sorted=True)


class InFaceset(BaseModel):
    """One faceset, by PERFORMER/NAME."""

    faceset: str


@routes.post("/stop-sorting")
def stop_sorting(studio: StudioHere, asked: InFaceset) -> dict[str, Any]:
    """Stop the sorts of a faceset that go on; the faces stand as they did."""
    _, kept = kept_faceset(studio, asked.faceset)
    return {"stopped": kept.stop_sorting()}


def _told(look: Look, found: Order) -> dict[str, Any]:
    values = found.values if any(value is not None for value in found.values) else []
    return {
        "version": look.version,
        "total": len(look.table.faces),
        "places": base64.b64encode(found.places.astype("<u4").tobytes()).decode(),
        "values": [round(value, 4) if isinstance(value, float) else value for value in values],
        "groups": [[group.heading, group.count] for group in found.groups],
        "unmeasured": asdict(found.unmeasured),
    }


@routes.get("/why-none", dependencies=[HEAVY])
def why_none(studio: StudioHere, faceset: str, where: str) -> dict[str, Any]:
    """For a filter that leaves no face: which values there are."""
    from understudy.facesets.curation.choose import Choice
    from understudy.jobs.facesets.curating import spread_of, texts_not_there

    project = studio.project()
    spread = spread_of(project, faceset, where)
    return {"spread": spread, "texts": texts_not_there(project, faceset, Choice(where=where))}
