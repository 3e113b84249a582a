"""What the masks room asks: faces with their drawings, pictures, and stages to start.

What a drawing is and where it is kept says `jobs.facesets.drawing`; which faces there are is `listing.py`'s;
what segmenters and models see is `seeing.py`'s.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere
from understudy.studio.rooms.faces.kept import in_hand
from understudy.studio.rooms.masks.listing import facesets_here
from understudy.studio.rooms.masks.listing import routes as list_routes
from understudy.studio.rooms.masks.runs import routes as run_routes
from understudy.studio.rooms.masks.shapes import Region, as_json, drawing_from, layer_png, mask_png, picture

routes = APIRouter()
routes.include_router(run_routes)
routes.include_router(list_routes)
_KEPT = "private, max-age=31536000, immutable"  # an address with another `v` is another picture


class Kept(BaseModel):
    """A drawing that a window wants to be kept."""

    faceset: str = Field(max_length=300)
    face: str = Field(max_length=300)
    size_px: int = Field(gt=0, le=16384)
    regions: list[Region] = Field(max_length=1000)
    painted: str | None = Field(default=None, max_length=16_000_000)
    mark: Literal["", "confirmed", "skipped"] = ""
    revision: str = Field(max_length=64)
    visit: str = Field(default="", max_length=100)
    force: bool = False


class Stepped(BaseModel):
    """The step of a faceset that a window offers to take back: no other one is."""

    faceset: str = Field(max_length=300)
    step: int


@routes.get("/desk")
def desk(studio: StudioHere) -> dict[str, Any]:
    """The facesets, with what is drawn on those that are open, the segmenters, and the models whose masks can
    be looked at."""
    from understudy.jobs.facesets import masks
    from understudy.training.keeping.about import read_about

    project = studio.project()
    models = [name for name in project.manifest.models if read_about(project.model_folder(name)) is not None]
    return {
        "facesets": facesets_here(studio),
        "segmenters": masks.segmenters_listed(project),
        "models": models,
    }


@routes.get("/drawing")
def drawing(studio: StudioHere, faceset: str, face: str) -> dict[str, Any]:
    """What is drawn on a face."""
    from understudy.jobs.facesets.drawing import drawing_of

    with in_hand(studio, faceset, [face]) as (project, opened):
        return as_json(drawing_of(project, faceset, face, opened=opened))


@routes.get("/carried", dependencies=[HEAVY])
def carried(studio: StudioHere, faceset: str, giver: str, face: str) -> dict[str, Any]:
    """What is drawn on `giver` as it would lie on `face`."""
    from understudy.jobs.facesets.drawing import carried as carried_to

    with in_hand(studio, faceset, [giver, face]) as (project, opened):
        return as_json(carried_to(project, faceset, giver, face, opened=opened))


@routes.post("/drawing")
def keep(studio: StudioHere, wish: Kept) -> dict[str, Any]:
    """Keep a drawing in its face."""
    from understudy.jobs.facesets.drawing import keep as keep_drawing

    drawn = drawing_from(
        wish.face, wish.size_px, wish.regions, wish.painted, mark=wish.mark, revision=wish.revision
    )
    with in_hand(studio, wish.faceset, [wish.face]) as (project, opened):
        kept = keep_drawing(project, wish.faceset, drawn, visit=wish.visit, force=wish.force, opened=opened)
    studio.live.say("masks", faceset=wish.faceset, face=wish.face, revision=kept.revision, visit=wish.visit)
    return as_json(kept)


@routes.post("/undo")
def undo(studio: StudioHere, wish: Stepped) -> dict[str, Any]:
    """Take back a step of the faceset's history, if it is still the last one; says what it was."""
    from understudy.events import Notice
    from understudy.jobs.facesets.curating import undo as take_back

    events = take_back(studio.project(), wish.faceset, step=wish.step)
    said = [event.text for event in events if isinstance(event, Notice)]
    for topic in ("masks", "faces", "frames"):
        studio.live.say(topic, faceset=wish.faceset)
    return {"said": said}


@routes.get("/picture", dependencies=[HEAVY])
def picture_file(studio: StudioHere, request: Request, faceset: str, face: str, v: str = "") -> Response:
    """The square picture that is drawn on."""
    with in_hand(studio, faceset, [face]) as (project, opened):
        data, kind = picture(project, faceset, face, opened)
    return _pictured(request, data, kind, v)


@routes.get("/painted", dependencies=[HEAVY])
def painted_file(studio: StudioHere, request: Request, faceset: str, face: str, v: str = "") -> Response:
    """What is painted on a face: white is face, black is none, clear is neither."""
    with in_hand(studio, faceset, [face]) as (project, opened):
        data = layer_png(project, faceset, face, opened)
    return _pictured(request, data, "image/png", v)


@routes.get("/mask", dependencies=[HEAVY])
def mask_file(
    studio: StudioHere, request: Request, faceset: str, face: str, name: str, v: str = ""
) -> Response:
    """A mask over a face, white with the mask as its alpha: drawn, hull, the name of a stored one, or what a
    segmenter (seg:NAME) or a model (learned:MODEL) sees now."""
    from understudy.jobs.facesets.drawing import picture_and_record
    from understudy.studio.rooms.masks.seeing import seeing_of

    with in_hand(studio, faceset, [face]) as (project, opened):
        seen = picture_and_record(project, faceset, face, opened=opened)
    grey = seeing_of(request.app).mask(project, faceset, face, name, seen=seen)
    return _pictured(request, mask_png(grey), "image/png", v)


def _pictured(request: Request, data: bytes, kind: str, v: str) -> Response:
    from hashlib import blake2b

    tag = f'"{blake2b(data, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": _KEPT if v else "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)
