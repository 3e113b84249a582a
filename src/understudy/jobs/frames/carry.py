"""Carry a face by hand from frame to frame: each is read in the box that the last one's landmarks ask for.

Stops where it goes wrong, at a cut, and where there is a face already, unless told otherwise. What is carried
is kept when it is stopped, and is one step to take back; the same command goes on behind it, after a kill too.
A few frames are in memory, however many are carried.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from understudy.errors import FacesUnknown, ImageUnreadable
from understudy.events import Events, Progress, StageFinished, StageStarted
from understudy.facesets.by_hand.options import CarryOptions
from understudy.jobs.frames.desk import FramesDesk

if TYPE_CHECKING:
    from understudy.faces.dense.by_hand import HandReading
    from understudy.facesets.by_hand.stored import StoredPlace
    from understudy.facesets.extraction.options import ExtractOptions
    from understudy.media.cuts import SceneWatch

Array = npt.NDArray[np.float64]

LEAST_SCORE = 0.5  # of the network; below it there is no face
_MOST_GROWTH = 1.4  # of the box's side from one frame to the next
_MOST_LEAP_SIDES = 0.6  # how far the middle may go
_CUT_CHANGE = 8.0  # of `SceneNote.change`: a new shot
_STORED_AT_ONCE = 16
# And of many the more: each store reads what was stored, so all of them together grow with the clip alone.
_OF_STORED = 16
_TIMES_A_STORE = 4.0  # as long as it takes to store is carried on before the next: logs of a long clip are long


@dataclass(frozen=True, eq=False)
class _Walk:
    """A carrying: the face it began from, its name in the log, and the frame and landmarks it is at."""

    origin: str
    command: str
    at: int
    points: Array


@dataclass(frozen=True, eq=False)
class _Stride:
    """One frame further: what is read there, or the landmarks of the face that is there. Or `why` it ends."""

    index: int
    points: Array | None = None
    reading: HandReading | None = None
    why: str = ""


def carry(desk: FramesDesk, frame: int, options: CarryOptions | None = None, *, face: str = "") -> Events:
    """Carry a face of `frame` over the frames behind it, and store it in each. `face` names one of several.

    Where this face was carried from here and nothing else was drawn since, it goes on behind the last frame.
    Raises FacesUnknown where there is no face to begin with.
    """
    options, started = options or CarryOptions(), time.monotonic()
    last = min(frame + options.count, desk.count - 1)
    walk = _begun(desk, frame, face, last)
    total, before, written, skipped, why = last - frame, walk.at - frame, 0, 0, ""
    again = f"goes on behind frame {walk.at}, to which it was carried before" if before else ""
    yield StageStarted(stage="carry", unit="frames", total=total, done=before, why=again)
    at_once = max(
        1, min(_STORED_AT_ONCE, desk.frames.room // 2)
    )  # so that none is decoded twice, where storing is quick
    stored_s, took_s = started, 0.0
    waiting: dict[int, HandReading] = {}
    try:
        for stride in _followed(desk, walk, last, options):
            if stride.points is None:
                why = stride.why
                break
            if stride.reading is None:
                skipped += 1
            else:
                waiting[stride.index] = stride.reading
                written += 1
            behind = (before + written - len(waiting)) // _OF_STORED
            if len(waiting) >= max(at_once, behind) and time.monotonic() - stored_s >= _TIMES_A_STORE * took_s:
                began_s = time.monotonic()
                _store(desk, waiting, walk)
                stored_s = time.monotonic()
                took_s = stored_s - began_s
            rate = (written + skipped) / max(time.monotonic() - started, 1e-6)
            done = before + written + skipped
            yield Progress(stage="carry", done=done, total=total, rate=rate, seconds_left=(total - done) / rate)
    finally:
        _store(desk, waiting, walk)
    yield StageFinished(
        stage="carry",
        summary={
            "clip": desk.clip,
            "faces_written": written,
            "faces_skipped": skipped,
            "last_frame": walk.at + written + skipped,
            "stopped": why or ("at the end of the clip" if total < options.count else ""),
            "seconds": round(time.monotonic() - started, 2),
        },
    )


def why_lost(before: Array, reading: HandReading, limits: ExtractOptions) -> str:
    """Why a reading can't be the face whose landmarks were `before` (68, 2) a frame ago; empty where it can."""
    from understudy.faces.dense.by_hand import box_about
    from understudy.facesets.extraction.absurd import shape_of

    was, now = box_about(before), reading.box
    if reading.score < LEAST_SCORE:
        return f"the face is lost: the network is {reading.score:.0%} sure"
    if not 1 / _MOST_GROWTH < now.side_px / was.side_px < _MOST_GROWTH:
        return "the face changes its size at once"
    if float(np.hypot(now.x - was.x, now.y - was.y)) > _MOST_LEAP_SIDES * was.side_px:
        return "the face leaps"
    return shape_of(reading.landmarks_68, now.xyxy()).why_absurd(limits) or ""


def _begun(desk: FramesDesk, frame: int, name: str, last: int) -> _Walk:
    """Where a carrying begins: at its face, or behind the last frame where it went on and was cut off."""
    origin, points = _face_of(desk, frame, name)
    steps = desk.steps_to_undo()
    at = max((index for step in steps for index in step.frames), default=frame)
    if not steps or steps[0].origin != origin or not frame < at < last:
        return _Walk(origin, uuid4().hex, frame, points)
    there = [face for face in desk.faces(at) if face["name"] in steps[0].there]
    if not there:
        return _Walk(origin, uuid4().hex, frame, points)
    return _Walk(origin, steps[0].command, at, np.array(there[0]["landmarks"], float))


def _followed(desk: FramesDesk, walk: _Walk, last: int, options: CarryOptions) -> Iterator[_Stride]:
    """One frame after the other; the last one says why it ends."""
    from understudy.media.cuts import SceneWatch

    watch, points = SceneWatch(), walk.points
    watch.look(desk.frames.frame(walk.at).rgb_8bit)
    for index in range(walk.at + 1, last + 1):
        stride = _stride(desk, index, points, watch, options)
        yield stride
        if stride.points is None:
            return
        points = stride.points


def _stride(desk: FramesDesk, index: int, points: Array, watch: SceneWatch, options: CarryOptions) -> _Stride:
    from understudy.faces.dense.by_hand import box_about

    there = desk.places(index)
    if (name := _name_at(there, box_about(points).xyxy())) and options.existing == "stop":
        return _Stride(index, why=f"frame {index} has a face already")
    try:
        picture = desk.frames.frame(index)
    except ImageUnreadable as error:
        return _Stride(index, why=error.message)
    if watch.look(picture.rgb_8bit).change >= _CUT_CHANGE:
        return _Stride(index, why=f"a new shot begins at frame {index}")
    if name and options.existing == "skip":
        return _Stride(index, _face_of(desk, index, name)[1])
    reading = desk.reader.read(picture, box_about(points), accurate=options.accurate)
    if why := why_lost(points, reading, desk.options):
        return _Stride(index, why=f"frame {index}: {why}")
    if (name := _name_at(there, reading.box.xyxy())) and options.existing == "stop":
        return _Stride(index, why=f"frame {index} has a face already")
    if name and options.existing == "skip":
        return _Stride(index, _face_of(desk, index, name)[1])
    return _Stride(index, reading.landmarks_68, reading)


def _name_at(places: Sequence[StoredPlace], box_xyxy: Array) -> str:
    """The face that lies where a box is; empty for none."""
    return next((place.name for place in places if place.shares(box_xyxy)), "")


def _face_of(desk: FramesDesk, frame: int, name: str) -> tuple[str, Array]:
    """A stored face of a frame: its name and landmarks (68, 2). Raises FacesUnknown."""
    faces = [face for face in desk.faces(frame) if face["name"] and name in ("", face["name"])]
    if not faces:
        raise FacesUnknown(f"There is no face {name!r} in frame {frame} to be carried on.")
    return faces[0]["name"], np.array(faces[0]["landmarks"], float)


def _store(desk: FramesDesk, waiting: dict[int, HandReading], walk: _Walk) -> None:
    if waiting:
        desk.draw_all(waiting, command=walk.command, verb="carry", origin=walk.origin)
        waiting.clear()
