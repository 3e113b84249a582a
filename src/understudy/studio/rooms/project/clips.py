"""Clips and performers of the project: who agreed to what, and clips taken out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from understudy.errors import OptionInvalid, UnderstudyError, UploadUnknown
from understudy.jobs.delivery.evidence import (
    EVIDENCE_SUFFIXES,
    LARGEST_EVIDENCE_BYTES,
    evidence_folder,
    require_evidence,
)
from understudy.project.manifest import Role
from understudy.project.project import Project
from understudy.project.unknown import clip_named
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.places import clip_path
from understudy.studio.receiving import Kind

if TYPE_CHECKING:
    from understudy.media.clip import Clip

routes = APIRouter()

_FORM_STYLE = "/api/project/consent-form.css"
_OF_A_WINDOW = {"status", "who", "scope", "uses", "valid_from", "valid_until", "attested_by"}


_EVIDENCE = Kind(
    suffixes=lambda: EVIDENCE_SUFFIXES,
    largest_bytes=LARGEST_EVIDENCE_BYTES,
    look=require_evidence,
    refused="can't be kept as evidence: take a PDF, a PNG, JPEG or TIFF, or text (.txt, .eml).",
    too_large=" `understudy consent` takes a file of any size and leaves it where it is.",
)


class NewClips(BaseModel):
    """Clips to be added to a side, by the ids of their places."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    places: list[str]


class RateSaid(BaseModel):
    """At how many frames a second images are shown; 0 takes back what was said."""

    model_config = ConfigDict(extra="forbid")

    fps: float


class ConsentSaid(BaseModel):
    """What is said of a performer's consent; `evidence` is a file that was sent, by the id of its way here."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, Any]
    evidence: str = ""


class EvidenceSaid(BaseModel):
    """A signed form or contract that is to be sent."""

    model_config = ConfigDict(extra="forbid")

    name: str
    size_bytes: int


@routes.post("/clips/add", dependencies=[HEAVY])
def add(studio: StudioHere, wish: NewClips) -> dict[str, Any]:
    """Add clips that were chosen or sent, all or none of them; `warnings` are what to know of them."""
    from understudy.jobs.clips.adding import add_clips, warnings_of

    paths, project = [clip_path(studio, place) for place in wish.places], studio.project()
    src, dst = (paths, []) if wish.role == "src" else ([], paths)
    moved: list[str] = []
    names = add_clips(project, src=src, dst=dst, tell=moved.append)
    studio.live.say("project", what="clips")
    return {"names": names, "warnings": [*moved, *warnings_of(project, names)]}


@routes.post("/clips/{clip}/remove")
def remove(studio: StudioHere, clip: str) -> dict[str, Any]:
    """Take a clip out of the project; what was made for it goes to the trash."""
    from understudy.jobs.clips.adding import remove_clip

    told = remove_clip(studio.project(), clip)
    studio.live.say("project", what="clips", clip=clip)
    return {"words": " ".join(told)}


@routes.get("/clips/{clip}/info", dependencies=[HEAVY])
def info(studio: StudioHere, clip: str) -> dict[str, Any]:
    """What a clip is: size, frames, rate, codec."""
    project = studio.project()
    clip_named(project, clip)
    with _opened(project, clip) as opened:
        told, pace = opened.info, _pace(opened)
    return {
        "width": told.width,
        "height": told.height,
        "frames": told.frame_count,
        "seconds": told.duration_s,
        "rate": float(told.rate) if told.rate else None,
        "pace": pace,
        "assumed_rate": told.assumed_rate,
        "codec": told.codec,
        "bit_depth": told.bit_depth,
        "damage": told.damage,
    }


@routes.post("/clips/{clip}/rate", dependencies=[HEAVY])
def rate(studio: StudioHere, clip: str, said: RateSaid) -> dict[str, Any]:
    """Say at how many frames a second a clip of images is shown; `before` is what was said until now."""
    from understudy.jobs.clips.rates import choose_rate, fps_of

    project = studio.project()
    clip_named(project, clip)
    project.present_clip_path(clip)
    before = fps_of(project, clip) or 0
    choose_rate(project, [clip], said.fps)
    studio.live.say("project", what="clips", clip=clip)
    with _opened(project, clip) as opened:
        return {"before": before, "pace": _pace(opened)}


def _opened(project: Project, clip: str) -> Clip:
    from understudy.jobs.clips.rates import fps_of
    from understudy.media.opening import open_clip

    return open_clip(project.present_clip_path(clip), fps=fps_of(project, clip))


def _pace(clip: Clip) -> str:
    """How many images a second are shown, also where nobody said it; empty of a video, which says it itself."""
    from understudy.media.rates import rate_words

    return "" if clip.info.kind == "video" else rate_words(1 / clip.time_base)


@routes.post("/performers/{performer}/consent")
def consent(studio: StudioHere, performer: str, said: ConsentSaid) -> dict[str, Any]:
    """Change what is recorded of a performer's consent. The answer, which is kept in a log, says none of it."""
    from understudy.jobs.delivery.consents import record_consent

    unknown = set(said.values) - _OF_A_WINDOW
    if unknown:
        raise OptionInvalid(f"{sorted(unknown)[0]} can't be said in the studio. Use `understudy consent`.")
    project = studio.project()
    evidence = _received(studio, project, performer, said.evidence) if said.evidence else None
    try:
        record_consent(project, performer, said.values | ({"evidence": str(evidence)} if evidence else {}))
    except UnderstudyError:
        if evidence is not None:
            evidence.unlink(missing_ok=True)
        raise
    studio.live.say("project", what="consent", performer=performer)
    return {"performer": performer}


@routes.post("/performers/{performer}/consent/evidence")
def evidence(studio: StudioHere, performer: str, coming: EvidenceSaid) -> dict[str, Any]:
    """Make room for evidence; its pieces go to /api/uploads, and it counts once the consent names it."""
    folder = evidence_folder(studio.project(), performer)
    upload = studio.receiving.begin(folder, coming.name, coming.size_bytes, kind=_EVIDENCE)
    return {"id": upload.id}


def _received(studio: Studio, project: Project, performer: str, upload_id: str) -> Path:
    """Evidence that has come whole, under its name in the project."""
    upload = studio.receiving.get(upload_id)
    if upload.kind is not _EVIDENCE or upload.folder != evidence_folder(project, performer):
        raise UploadUnknown(f"This is no evidence of {performer}'s consent.")
    return studio.receiving.finish(upload)


@routes.get("/performers/{performer}/consent/form")
def form(studio: StudioHere, performer: str) -> HTMLResponse:
    """The page for a performer to sign, filled in with what is recorded, to look at and to print."""
    from understudy.jobs.delivery.consents import form_of

    return HTMLResponse(form_of(studio.project(), performer, style_at=_FORM_STYLE))


@routes.get("/consent-form.css")
def form_style() -> Response:
    """How that page looks: the studio's pages hold no style of their own."""
    from understudy.provenance.consent_form import STYLE

    return Response(STYLE, media_type="text/css")
