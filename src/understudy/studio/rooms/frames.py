"""Frames: what was found in every frame of a clip, and faces drawn, corrected and carried on by hand.

All of it is `jobs.frames.desk` and `jobs.frames.carry`; here clips are kept open between requests.
A face is carried over a few frames in a thread, over many in a run.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Generator
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from understudy.errors import FacesUnknown
from understudy.files import stat_of
from understudy.project.unknown import clip_named
from understudy.studio.lanes import HEAVY
from understudy.studio.mishaps import bugs_told
from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.run_words import carried_on

if TYPE_CHECKING:  # each takes a while to import
    from understudy.faces.dense.by_hand import DrawnBox, HandReader
    from understudy.facesets.by_hand.options import CarryOptions
    from understudy.facesets.by_hand.steps import HandStep
    from understudy.jobs.frames.desk import FramesDesk
    from understudy.jobs.runs.run import Run

routes = APIRouter()

_MOST_CLIPS_OPEN = 4
_MOST_CARRIED_HERE = 8  # frames: fewer take less time than a process of their own takes to begin
_QUALITY = 88
_YEAR_S = 31_536_000
_BITS = ("SEARCHED", "STORED", "FOUND", "SEVERAL", "DOUBTFUL", "OVERLAY_DELETED", "DRAWN", "REDONE", "WRITTEN")
_opening = threading.Lock()  # a clip
_beginning = threading.Lock()  # to carry a face on
_loading = threading.Lock()  # the network: that takes long, and frames are looked at meanwhile

_Pixel = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class InClip(BaseModel):
    """One clip of the project by its name."""

    clip: str


class Read(InClip):
    """A square about (x, y) in a frame, turned clockwise by `angle` degrees."""

    frame: int
    x: _Pixel
    y: _Pixel
    side: float = Field(ge=4, le=1e5)
    angle: float = Field(0.0, ge=-3600, le=3600)
    accurate: bool = False


class Drawn(InClip):
    """A face drawn in a frame, and the reader's 68 errors or none; `replaces` are faces that go."""

    frame: int
    landmarks: list[tuple[_Pixel, _Pixel]] = Field(min_length=68, max_length=68)
    spread: list[Annotated[float, Field(ge=0, le=1e6)]] = Field(default_factory=list, max_length=68)
    score: float = Field(1.0, ge=0, le=1)
    replaces: list[str] = Field(default_factory=list, max_length=100)


class Removed(InClip):
    """Faces of the clip by their file names."""

    names: list[str] = Field(min_length=1, max_length=10_000)


class Stepped(InClip):
    """The step that a window offers to take back or do again: no other one is."""

    step: int


class Carried(InClip):
    """Carry a face of a frame over frames behind it; `said` are options of `understudy frames carry`."""

    frame: int
    face: str = Field("", max_length=300)
    said: dict[str, Any] = Field(default_factory=dict)


# --- what is kept open


def _reader(studio: Studio) -> HandReader:
    with _loading:
        if "hand reader" not in studio.kept:
            from understudy.faces.dense.by_hand import HandReader

            studio.kept["hand reader"] = HandReader()
        return studio.kept["hand reader"]


def _desk(studio: Studio, clip: str) -> FramesDesk:
    """The clip, kept open until it or what is said of it is another one, and as long as a request looks at it:
    one that is no longer kept is closed by the last who has it in hand."""
    from understudy.jobs.frames.desk import FramesDesk

    project = studio.project()
    clip_named(project, clip)
    said = repr((project.manifest.clips[clip], project.manifest.extract, project.manifest.ocio_config))
    state = (said, stat_of(project.clip_path(clip)))
    with _opening:
        if "frames desks" not in studio.kept:
            studio.kept["frames desks"] = {}
            studio.at_end(partial(_close, studio.kept["frames desks"], _carrying(studio)))
        desks: dict[Any, tuple[Any, FramesDesk]] = studio.kept["frames desks"]
        key = (project.folder, clip)
        kept = desks.pop(key, None)
        if kept is None or kept[0] != state:
            kept = state, FramesDesk(project, clip)
        desks[key] = kept  # the last used is the last in the dict
        while len(desks) > _MOST_CLIPS_OPEN:
            del desks[next(iter(desks))]
        return kept[1]


def _close(desks: dict[Any, tuple[Any, FramesDesk]], jobs: dict[str, _Carrying]) -> None:
    for job in jobs.values():
        job.stopping.set()
    with _opening:
        desks.clear()  # whoever still has one in hand closes it


def _loaded_meanwhile(studio: Studio) -> None:
    if "hand reader" not in studio.kept:
        loading = threading.Thread(target=_reader, args=(studio,), name="hand-reader", daemon=True)
        loading.start()
        studio.at_end(lambda: loading.join(10.0))  # or what it loads would be kept after the end


# --- looking


@routes.get("/clips")
def clips(studio: StudioHere) -> list[dict[str, Any]]:
    """Clips of the project, the footage that is swapped first."""
    project = studio.project()
    told = [
        {"name": name, "role": entry.role, "faceset": "/".join(project.faceset_of_clip(name))}
        for name, entry in project.manifest.clips.items()
    ]
    return sorted(told, key=lambda clip: (clip["role"] != "dst", clip["name"]))


@routes.get("/clip", dependencies=[HEAVY])
def clip(studio: StudioHere, clip: str) -> dict[str, Any]:
    """One clip and the state of each of its frames: `flags` are 16-bit, `error` 8-bit numbers in Base64."""
    from understudy.jobs.frames import desk as job

    desk = _desk(studio, clip)
    _loaded_meanwhile(studio)
    states, info = desk.states(), desk.frames.info
    return {
        "clip": clip,
        "count": desk.count,
        "width": info.width,
        "height": info.height,
        "rate": float(info.rate or 25),
        "pixel_aspect": float(info.pixel_aspect),
        "version": hashlib.sha256(desk.content.encode()).hexdigest()[:12],
        "bits": {name: getattr(job, name) for name in _BITS},
        "flags": base64.b64encode(states.flags.astype("<u2").tobytes()).decode(),
        "error": base64.b64encode(states.error.tobytes()).decode(),
        "filters": dict(job.FILTERS),
        "can": desk.can(),
        "carrying": _told_now(studio, desk),
    }


@routes.get("/picture", dependencies=[HEAVY])
def picture(
    studio: StudioHere,
    request: Request,
    clip: str,
    frame: int,
    width: Annotated[int, Query(ge=16, le=8192)] = 1280,
) -> Response:
    """A frame as JPEG, at most `width` wide. The address carries the clip's version, so it is kept for ever."""
    import cv2

    from understudy.media.images import encode_jpeg

    desk = _desk(studio, clip)
    tag = f'"{hashlib.sha256(f"{desk.content} {frame} {width}".encode()).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": f"private, max-age={_YEAR_S}, immutable"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    rgb = desk.frames.frame(frame).rgb_8bit
    if rgb.shape[1] > width:
        size = (width, max(1, round(rgb.shape[0] * width / rgb.shape[1])))
        rgb = cast("Any", cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    return Response(encode_jpeg(rgb, quality=_QUALITY), media_type="image/jpeg", headers=headers)


@routes.get("/faces")
def faces(studio: StudioHere, clip: str, frame: int) -> dict[str, Any]:
    """The faces of a frame, or why it has none."""
    desk = _desk(studio, clip)
    desk.frames.require(frame)
    found = desk.faces(frame)
    why = "" if any(face["name"] for face in found) else desk.why_without_face(frame)
    return {"frame": frame, "faces": found, "why": why}


@routes.get("/read", dependencies=[HEAVY])
def read(studio: StudioHere, asked: Annotated[Read, Query()]) -> dict[str, Any]:
    """The landmarks in a box, with the error expected of each and the box about them."""
    from understudy.faces.dense.by_hand import DrawnBox

    picture = _desk(studio, asked.clip).frames.frame(asked.frame)
    box = DrawnBox(asked.x, asked.y, asked.side, asked.angle)
    reading = _reader(studio).read(picture, box, accurate=asked.accurate)
    return {
        "frame": asked.frame,
        "landmarks": reading.landmarks_68.round(2).tolist(),
        "spread": reading.spread_68.round(2).tolist(),
        "score": round(reading.score, 4),
        "box": _plain_box(reading.box),
    }


@routes.get("/mean")
def mean() -> dict[str, Any]:
    """The mean face's 68 landmarks for a box of side 1 about 0, 0: where nothing can be read."""
    import numpy as np

    from understudy.faces.dense.by_hand import box_about
    from understudy.mean_face import MEAN_FACE_68_IN_SPACE

    flat = np.asarray(MEAN_FACE_68_IN_SPACE[:, :2], float)
    box = box_about(flat)
    return {"landmarks": ((flat - [box.x, box.y]) / box.side_px).round(5).tolist()}


def _plain_box(box: DrawnBox) -> dict[str, float]:
    return {"x": box.x, "y": box.y, "side": box.side_px, "angle": box.angle_deg}


# --- changing


@routes.post("/draw")
def draw(studio: StudioHere, asked: Drawn) -> dict[str, Any]:
    """Store a face; what was there goes to the trash."""
    import numpy as np

    from understudy.faces.dense.by_hand import HandReading, box_about

    desk = _desk(studio, asked.clip)
    points, spread = np.array(asked.landmarks, float), np.array(asked.spread, float)
    is_read = spread.shape == (68,) and bool(np.ptp(points, axis=0).min())
    drawn = HandReading(points, spread, asked.score, box_about(points)) if is_read else points
    step = desk.draw(asked.frame, drawn, replaces=asked.replaces)
    return _changed(studio, desk, {"words": step.words, "names": list(step.there), "frames": list(step.frames)})


@routes.post("/remove")
def remove(studio: StudioHere, asked: Removed) -> dict[str, Any]:
    """Put faces into the trash; they are not made again."""
    desk = _desk(studio, asked.clip)
    step = desk.remove(asked.names)
    return _changed(studio, desk, {"words": step.words, "frames": list(step.frames)})


@routes.post("/undo")
def undo(studio: StudioHere, asked: Stepped) -> dict[str, Any]:
    """Take back what was drawn last in this clip, if it is what the window offers."""
    desk = _desk(studio, asked.clip)
    return _stepped(studio, desk, desk.undo(asked.step))


@routes.post("/redo")
def redo(studio: StudioHere, asked: Stepped) -> dict[str, Any]:
    """Do again what was taken back, if it is still the next."""
    desk = _desk(studio, asked.clip)
    return _stepped(studio, desk, desk.redo(asked.step))


def _stepped(studio: Studio, desk: FramesDesk, steps: list[HandStep]) -> dict[str, Any]:
    frames = sorted({frame for step in steps for frame in step.frames})
    return _changed(studio, desk, {"words": steps[0].words, "frames": frames})


def _changed(studio: Studio, desk: FramesDesk, told: dict[str, Any]) -> dict[str, Any]:
    studio.live.say("frames", clip=desk.clip, frames=told["frames"][:1000])
    studio.live.say("faces", faceset=f"{desk.performer}/{desk.short}")
    return told | _next(desk)


def _next(desk: FramesDesk) -> dict[str, Any]:
    """What could be taken back after a change, and the models that learn on without it."""
    from understudy.jobs.facesets.still_learning import still_learning

    learning = still_learning(desk.project, f"{desk.performer}/{desk.short}")
    return {"can": desk.can(), "learning": list(learning)}


# --- carrying


class _Carrying:
    """One clip's face that is carried on over a few frames, here."""

    def __init__(self, number: int) -> None:
        self.number = number  # tells it from the one before
        self.begun = time.time()
        self.stopping = threading.Event()
        self.done = self.total = 0
        self.frame = 0
        self.is_over = False
        self.summary: dict[str, Any] = {}
        self.error = ""
        self.next: dict[str, Any] = {}  # what can be taken back, and who learns on, once it is over


def _carrying(studio: Studio) -> dict[str, _Carrying]:
    return studio.kept.setdefault("frames carrying", {})


def _told(job: _Carrying) -> dict[str, Any]:
    names = ("number", "done", "total", "frame", "is_over", "summary", "error")
    return {name: getattr(job, name) for name in names} | job.next


def _run_of(studio: Studio, clip: str) -> Run | None:
    """The newest run that carries a face of a clip, whoever began it."""
    words = ("frames", "carry", ".", clip)
    return next((run for run in studio.runs.all() if run.words[: len(words)] == words), None)


def _run_told(studio: Studio, desk: FramesDesk, run: Run) -> dict[str, Any]:
    """A run in the words of one that is carried here."""
    now, first = studio.runs.standing(run.id), int(run.words[4])
    summary = None if run.living else studio.runs.result(run.id)
    is_broken = run.state in ("failed", "lost")
    if not run.living and not is_broken and not summary:
        summary = {"faces_written": now.done, "last_frame": first + now.done, "stopped": "as asked"}
    return {
        "number": run.id,
        "run": run.id,
        "done": now.done,
        "total": now.total or 0,
        "frame": (summary or {}).get("last_frame", first + now.done),
        "is_over": not run.living,
        "summary": summary or {},
        "error": carried_on(run) if is_broken else "",
        **({} if run.living else _next(desk)),
    }


def _told_now(studio: Studio, desk: FramesDesk) -> dict[str, Any] | None:
    """What is carried on in a clip now, here or by a run; else what was last."""
    job, run = _carrying(studio).get(desk.clip), _run_of(studio, desk.clip)
    if run is not None and (run.living or job is None or (job.is_over and run.created > job.begun)):
        return _run_told(studio, desk, run)
    return None if job is None else _told(job)


@routes.get("/carrying")
def carrying(studio: StudioHere, clip: str) -> dict[str, Any]:
    """How far the carrying of a clip is that was begun last."""
    return {"carrying": _told_now(studio, _desk(studio, clip))}


@routes.get("/carry-options")
def carry_options() -> list[dict[str, Any]]:
    """How a face can be carried on."""
    from understudy.facesets.by_hand.options import CarryOptions
    from understudy.options import describe

    return [vars(info) for info in describe(CarryOptions)]


@routes.post("/carry")
def carry(studio: StudioHere, asked: Carried) -> dict[str, Any]:
    """Begin to carry a face on; `stop` ends it, and what was carried stays. The windows hear of each frame.

    Over many frames it is a run of its own, which goes on without the studio.
    """
    from understudy.errors import ProjectInvalid
    from understudy.facesets.by_hand.options import CarryOptions
    from understudy.options import parse_options
    from understudy.studio.run_words import option_words

    desk, options = _desk(studio, asked.clip), parse_options(CarryOptions, asked.said)
    desk.frames.require(asked.frame)
    if asked.face and asked.face not in [face["name"] for face in desk.faces(asked.frame)]:
        raise FacesUnknown(f"There is no face {asked.face!r} in frame {asked.frame} to be carried on.")
    with _beginning:
        now = _told_now(studio, desk)
        if now is not None and not now["is_over"]:
            raise ProjectInvalid(f"A face of {asked.clip!r} is being carried on already; stop that first.")
        if options.count <= _MOST_CARRIED_HERE:
            return {"carrying": _carried_here(studio, desk, asked, options)}
        words = ["frames", "carry", ".", asked.clip, str(asked.frame)]
        words += option_words(CarryOptions, asked.said) + ([f"--face={asked.face}"] if asked.face else [])
        run = studio.runs.start(words, title=f"Carry a face of {asked.clip} on from frame {asked.frame}")
    told = _run_told(studio, desk, run)
    studio.live.say("runs", id=run.id)
    studio.live.say("frames", clip=desk.clip, carrying=told)
    return {"carrying": told}


def _carried_here(studio: Studio, desk: FramesDesk, asked: Carried, options: CarryOptions) -> dict[str, Any]:
    from understudy.jobs.frames.carry import carry as carry_on

    desk.use(_reader(studio))
    jobs = _carrying(studio)
    before = jobs.get(asked.clip)
    job = jobs[asked.clip] = _Carrying(before.number + 1 if before else 1)
    events = carry_on(desk, asked.frame, options, face=asked.face)
    job.frame = asked.frame
    work = threading.Thread(target=_carry, args=(studio, desk, job, events, asked.frame), daemon=True)
    work.start()
    return _told(job)


@routes.post("/stop")
def stop(studio: StudioHere, asked: InClip) -> dict[str, Any]:
    """End the carrying of this clip after the frame it is at."""
    desk = _desk(studio, asked.clip)
    job, run = _carrying(studio).get(asked.clip), _run_of(studio, asked.clip)
    if job is not None:
        job.stopping.set()
    if run is not None and run.living:
        studio.runs.stop(run.id)
    return {"carrying": _told_now(studio, desk)}


def _carry(
    studio: Studio, desk: FramesDesk, job: _Carrying, events: Generator[Any, None, None], first: int
) -> None:
    from understudy.errors import UnderstudyError
    from understudy.events import Progress, StageFinished, StageStarted

    try:
        # Closed, it stores what is carried.
        with bugs_told(studio.log, f"carry {desk.clip!r}", partial(setattr, job, "error")), closing(events):
            for event in events:
                if isinstance(event, StageStarted):
                    job.total = event.total or 0
                elif isinstance(event, Progress):
                    job.done, job.frame = event.done, first + event.done
                    studio.live.say("frames", clip=desk.clip, carrying=_told(job))
                elif isinstance(event, StageFinished):
                    job.summary = event.summary
                if job.stopping.is_set():
                    break
    except UnderstudyError as error:
        job.error = str(error)
    finally:
        with suppress(UnderstudyError, OSError, ValueError):  # the next look asks again what can be taken back
            job.next = _next(desk)
        if not job.summary and not job.error:
            job.summary = {"faces_written": job.done, "last_frame": job.frame, "stopped": "as asked"}
        job.is_over = True  # last: whoever sees it reads the others
        studio.live.say("frames", clip=desk.clip, carrying=_told(job), frames=[])
        studio.live.say("faces", faceset=f"{desk.performer}/{desk.short}")
