"""A shot as a whole: its facts, how every frame stands, who is painted by whom, graphs, and making the rest."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from understudy.jobs.merging.cast import change_cast, listed_cast
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere
from understudy.studio.rooms.merge.desk import DeskHere
from understudy.studio.rooms.merge.settings import Wish
from understudy.studio.rooms.merge.state import shot_of

routes = APIRouter()


class ChangeCast(Wish):
    """Words like `person 2=anna`."""

    words: list[str]


@routes.get("/room")
def room(studio: StudioHere) -> dict[str, Any]:
    """Which dst clips and models there are."""
    manifest = studio.project().manifest
    return {
        "clips": [{"name": name, "cast": bool(clip.cast)} for name, clip in manifest.clips_of("dst").items()],
        "models": list(manifest.models),
    }


@routes.get("/shot", dependencies=[HEAVY])
def shot(studio: StudioHere, clip: str, model: str = "main") -> dict[str, Any]:
    """A clip's size, length and cuts, and who is painted by which model."""
    from understudy.jobs.clips.color_spaces import color_space_of
    from understudy.jobs.clips.rates import fps_of
    from understudy.jobs.merging.inputs import cuts_of
    from understudy.media.opening import open_clip

    project = studio.project()
    shot_of(project, clip, model)
    path = project.present_clip_path(clip)
    with open_clip(path, color_space_of(project, clip), fps=fps_of(project, clip)) as opened:
        info = opened.info
        facts = {
            "frames": info.frame_count,
            "width": info.width,
            "height": info.height,
            "fps": float(info.rate or 25),
        }
    return {**facts, "cuts": cuts_of(project, clip) or [], **listed_cast(project, clip, model)}


@routes.get("/states", dependencies=[HEAVY])
def states(studio: StudioHere, desk: DeskHere, clip: str, model: str = "main") -> dict[str, Any]:
    """One letter a frame (m made, s stale, t to make, r refused, n no face), and why where that is not all;
    `footage` is what a merge that would paint says of the clip's footage, `merging` who merges it right now."""
    from understudy.jobs.merging.frame_states import STALE, TO_MAKE
    from understudy.jobs.merging.under_way import merging_now

    project = studio.project()
    wanted = desk.wanted(project, shot_of(project, clip, model))
    found = wanted.states()
    footage = wanted.footage if {STALE, TO_MAKE} & {*found.letters} else []
    return {
        "letters": found.letters,
        "why": found.why,
        "notices": wanted.notices,
        "footage": footage,
        "merging": merging_now(project, clip),
    }


@routes.get("/graphs")
def graphs(studio: StudioHere, clip: str, model: str = "main") -> dict[str, Any]:
    """What was measured of the merged frames last; `measured` is null before that."""
    from understudy.jobs.measure import measured
    from understudy.measure.against_plate import hardly_changed

    project = studio.project()
    shot_of(project, clip, model)
    found = measured(project, clip, model)
    if found is not None:  # an older measure has no such share
        found["hardly_changed"] = hardly_changed(found.get("all", {}).get("changed", 1.0))
    return {"measured": found}


@routes.post("/cast")
def cast(studio: StudioHere, wish: ChangeCast) -> dict[str, Any]:
    """Give parts of the clip to models."""
    project = studio.project()
    change_cast(project, wish.clip, wish.words)
    studio.live.say("merge", clip=wish.clip, window=wish.window)
    return {"said": ""}
