"""What stands beside the gallery: the map of directions of src and dst, and the tracks of a clip."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from understudy.project.manifest import ROLES, Role
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere
from understudy.studio.rooms.faces.kept import answered, kept_facesets

if TYPE_CHECKING:
    from understudy.jobs.facesets.kept_open import Look

routes = APIRouter()
_COVERAGE = "coverage"


@routes.get("/coverage", dependencies=[HEAVY])
def coverage(studio: StudioHere, request: Request) -> Response:
    """How many faces of each side look in each direction, and what src lacks for dst, of those that are read.

    Compared anew only when a face or a measure of one is another.
    """
    project, kept = studio.project(), kept_facesets(studio)
    names: dict[Role, list[str]] = {role: project.facesets_with_clips(role) for role in ROLES}
    looks: dict[Role, list[Look]] = {
        role: [kept.get(project, name).look(project) for name in names[role]] for role in ROLES
    }
    versions = [(names[role], [look.version for look in looks[role]]) for role in ROLES]
    tag = hashlib.blake2b(repr(versions).encode(), digest_size=12).hexdigest()
    with studio.keeping:
        last = studio.kept.get(_COVERAGE)
    if last is None or last[0] != tag:
        last = tag, _compared(names, looks)
        with studio.keeping:
            studio.kept[_COVERAGE] = last
    return answered(request, tag, lambda: last[1])


def _compared(names: dict[Role, list[str]], looks: dict[Role, list[Look]]) -> dict[str, Any]:
    from understudy.facesets.curation.coverage import STEP_DEG
    from understudy.facesets.curation.coverage import coverage as compared

    tables = {role: [look.table for look in looks[role] if look.table.faces] for role in ROLES}
    found = compared(tables["src"], tables["dst"])
    unmeasured = sum(look.unmeasured_pixels for role in ROLES for look in looks[role])
    return {**found.as_json(), "facesets": names, "step_deg": STEP_DEG, "unmeasured": unmeasured}


@routes.get("/tracks")
def tracks(studio: StudioHere, clip: str) -> dict[str, Any]:
    """What the last extraction saw of a clip's tracks, with the names people gave them.

    `tracks` is None where the clip was not extracted yet.
    """
    from understudy.jobs.frames.tracks import listed_tracks, tracks_known

    project = studio.project()
    told = listed_tracks(project, clip) if tracks_known(project, clip) else {"clip": clip, "tracks": None}
    entry = project.manifest.clips[clip]
    performer, short = project.faceset_of_clip(clip)
    return {
        **told,
        "role": entry.role,
        "names": entry.track_names,
        "said": entry.tracks,
        "faceset": f"{performer}/{short}",
    }


@routes.get("/tracks/{clip}/{number}", dependencies=[HEAVY])
def track_picture(studio: StudioHere, clip: str, number: int) -> Response:
    """The card of one track."""
    from understudy.jobs.frames.tracks import picture_of_track

    return FileResponse(picture_of_track(studio.project(), clip, number), headers={"Cache-Control": "no-cache"})


class NamedTrack(BaseModel):
    """A name for a track; an empty one is none."""

    clip: str
    track: int
    name: str = Field(max_length=200)


@routes.post("/tracks/name")
def name_track(studio: StudioHere, asked: NamedTrack) -> dict[str, Any]:
    """Give a track a name, as `understudy tracks --name` does."""
    from understudy.jobs.frames.tracks import name_track as named

    project = studio.project()
    named(project, asked.clip, asked.track, asked.name)
    studio.live.say("faces", clip=asked.clip)
    return {"names": project.manifest.clips[asked.clip].track_names}


class EditedTracks(BaseModel):
    """Edits of a clip's tracks in the words of `extract --track`."""

    clip: str
    edits: list[str] = Field(min_length=1, max_length=1000)


@routes.post("/tracks/edit")
def edit_tracks(studio: StudioHere, asked: EditedTracks) -> dict[str, Any]:
    """Say what a clip's tracks are and extract it again, as a run. Words that say nothing are refused."""
    from understudy.jobs.frames.tracks import changed_edits, listed_tracks

    listed_tracks(studio.project(), asked.clip)
    changed_edits([], asked.edits)
    words = ["extract", ".", asked.clip, *(word for edit in asked.edits for word in ("--track", edit))]
    return {"run": studio.runs.start(words, title=f"Tracks of {asked.clip}: {', '.join(asked.edits)}").id}
