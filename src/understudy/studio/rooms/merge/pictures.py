"""Pictures of a frame: before, after under any settings, as it was merged, and every step of its merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from understudy.errors import ClipUnreadable, ImageUnreadable, OptionInvalid
from understudy.files import stat_of
from understudy.project.project import Project
from understudy.studio.lanes import HEAVY, PREVIEW
from understudy.studio.open_studio import StudioHere
from understudy.studio.rooms.merge.desk import Desk, DeskHere, Shown, jpeg, said_of
from understudy.studio.rooms.merge.state import Shot, frame_key, picture_key, shot_of
from understudy.studio.rooms.merge.turns import Superseded

if TYPE_CHECKING:
    from understudy.merging.settings_over_time import SettingsOverTime

routes = APIRouter()


class Ask(BaseModel):
    """Which frame of which shot, how wide at most (0: as it is), and which wish of which window this is."""

    model_config = ConfigDict(extra="forbid")

    clip: str
    model: str = "main"
    frame: int = Field(ge=0, le=2**31)
    width: int = Field(0, ge=0, le=16384)
    said: str = ""
    part: str = Field("", max_length=40)  # whose settings the said ones are; everybody's where empty
    window: str = Field("", max_length=40)
    number: int = Field(0, ge=0, le=2**53)


class AskPicture(Ask):
    """Of the frame: as it was, as a merge would make it, or the mask its faces are blended through."""

    what: Literal["before", "after", "mask"] = "after"


@routes.get("/picture", dependencies=[PREVIEW])
def picture(
    studio: StudioHere, desk: DeskHere, request: Request, ask: Annotated[AskPicture, Query()]
) -> Response:
    """One frame as JPEG: as it was, as a merge would make it with what is `said` over all that is kept, or the
    mask of that.

    A wish that was overtaken by a later one of its window is answered by 204.
    """
    started = perf_counter()
    project = studio.project()
    shot, tried = shot_of(project, ask.clip, ask.model), said_of(ask.said)
    settings = _tried(project, ask, tried) if ask.what != "before" else None
    is_mask = ask.what == "mask"
    key = frame_key(project, shot, ask.frame, settings, ask.width, ask.part and ask.said, *["mask"] * is_mask)
    shown = desk.kept(key)
    if shown is None:
        asked_ms = _since(started)
        try:
            with desk.turns.turn(f"{ask.window} {ask.what}", ask.number):
                waited_ms = _since(started) - asked_ms
                shown = _made(desk, project, shot, ask, settings, key)
        except Superseded:
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        shown = replace(shown, steps_ms={"asked": asked_ms, "waited": waited_ms, **(shown.steps_ms or {})})
    return _sent(request, shown)


def _tried(project: Project, ask: Ask, said: Mapping[str, Any]) -> SettingsOverTime:
    """The clip's settings with what is tried over them, for everybody or for one part of the cast."""
    from understudy.jobs.merging.inputs import settings_over_time
    from understudy.jobs.merging.part_settings import with_values

    if not ask.part:
        return settings_over_time(project, ask.clip, said)
    entry = with_values(project.manifest.clips[ask.clip], ask.part, said)
    return settings_over_time(project, ask.clip, {}, entry=entry)


def _made(
    desk: Desk, project: Project, shot: Shot, ask: AskPicture, settings: SettingsOverTime | None, key: str
) -> Shown:
    started = perf_counter()
    previews = desk.previews(project, shot)
    opened_ms = _since(started)
    require_frame(ask.frame, previews.frame_count)
    if settings is None:
        return desk.encoded(key, previews.plate_frame(ask.frame), width=ask.width)
    if ask.what == "mask":
        return desk.encoded(key, previews.mask_frame(ask.frame, settings), width=ask.width)
    made = previews.preview_frame(ask.frame, settings)
    steps = {
        "open": opened_ms,
        "paint": 1000 * made.ready_s,
        "compose": 1000 * (made.took_s - made.ready_s),
    }
    return desk.encoded(key, made.picture, width=ask.width, reason=made.reason, steps_ms=steps)


def _since(started: float) -> float:
    return 1000 * (perf_counter() - started)


@routes.get("/made", dependencies=[HEAVY])
def made(studio: StudioHere, request: Request, ask: Annotated[Ask, Query()]) -> Response:
    """A frame as it was merged last, from disk; 404 where it is not there."""
    from understudy.media.images import read_image
    from understudy.merging.journal import frame_path

    project = studio.project()
    shot = shot_of(project, ask.clip, ask.model)
    path = frame_path(project.merged_folder(shot.clip, project.merged_name(*shot)), ask.frame)
    if not path.is_file():
        return Response(status_code=404)
    written_ns, size = stat_of(path)
    etag = f'"{written_ns:x}-{size:x}-{ask.width}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    try:
        seen = read_image(path)
    except ImageUnreadable:
        if path.exists():
            raise
        return Response(status_code=404)  # it went just now
    return _sent(request, Shown(jpeg(seen, ask.width), etag))


@routes.get("/layers", dependencies=[PREVIEW])
def layers(studio: StudioHere, desk: DeskHere, ask: Annotated[Ask, Query()]) -> Any:
    """Every step of a frame's merge: names of pictures, to be asked for as KEY-NAME, and the numbers."""
    from understudy.merging.explain import explained

    project = studio.project()
    shot, tried = shot_of(project, ask.clip, ask.model), said_of(ask.said)
    key = picture_key(project, shot, ask.frame, "layers", ask.width, ask.part, sorted(tried.items()))
    try:
        with desk.turns.turn(f"{ask.window} layers", ask.number):
            previews = desk.previews(project, shot)
            require_frame(ask.frame, previews.frame_count)
            found = explained(previews, ask.frame, _tried(project, ask, tried))
    except Superseded:
        return Response(status_code=204)
    for name, seen in found.pictures.items():
        desk.encoded(f"{key}-{name}", seen, width=ask.width)
    sizes = {name: [seen.shape[1], seen.shape[0]] for name, seen in found.pictures.items()}
    named = [{"name": name, "size": size} for name, size in sizes.items()]
    return {"key": key, "layers": named, "numbers": found.numbers}


@routes.get("/layer")
def layer(desk: DeskHere, request: Request, key: Annotated[str, Query(max_length=120)]) -> Response:
    """One step's picture; 404 once it was forgotten."""
    shown = desk.kept(key)
    return _sent(request, shown) if shown is not None else Response(status_code=404)


def require_frame(frame: int, frame_count: int) -> None:
    """Raise OptionInvalid for a frame outside the clip, ClipUnreadable for a clip without frames."""
    if not frame_count:
        raise ClipUnreadable("The clip has no frames.")
    if frame >= frame_count:
        raise OptionInvalid(f"There is no frame {frame}: the clip's frames are 0 to {frame_count - 1}.")


def _sent(request: Request, shown: Shown) -> Response:
    headers = {"ETag": shown.etag, "Cache-Control": "private, no-cache"}
    if shown.reason:
        headers["X-Reason"] = quote(shown.reason)
    if shown.steps_ms:
        headers["Server-Timing"] = ", ".join(f"{name};dur={ms:.1f}" for name, ms in shown.steps_ms.items())
    if request.headers.get("if-none-match") == shown.etag:
        return Response(status_code=304, headers=headers)
    return Response(shown.data, media_type="image/jpeg", headers=headers)
