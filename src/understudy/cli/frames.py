"""`understudy frames`: list the frames that need a hand; draw, carry, remove faces, and take it back."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from understudy.cli.changes import run_change, say_who_learns
from understudy.cli.flags import Json
from understudy.facesets.by_hand.options import CarryOptions
from understudy.project.project import Project

if TYPE_CHECKING:
    from understudy.facesets.by_hand.steps import HandStep
    from understudy.jobs.frames.desk import FramesDesk

app = App(name="frames", help="See what was found in frames; draw, carry and remove faces by hand.")

_Which = Literal["no face", "overlay deleted", "several", "bad score", "drawn"]
_Box = Annotated[
    tuple[float, float, float], Parameter(consume_multiple=True, allow_leading_hyphen=True, negative="")
]


@app.command(name="list")
def list_(project: Path, clip: str, /, *, which: _Which = "no face", json: Json = False) -> None:
    """List the frames of a clip that need a hand.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    which:
        Frames without a face in the faceset, whose overlay was deleted, with several faces, whose face is
        trusted less than min_score, or drawn by hand.
    json:
        Print the numbers as JSON.
    """
    from understudy.facesets.extraction.summary import as_ranges
    from understudy.jobs.frames.desk import FramesDesk

    with FramesDesk(Project.open(project), clip) as desk:
        frames = desk.states().frames(which)
        if json:
            print(json_text.dumps(frames))
        else:
            print(f"{clip}, {which}: {as_ranges(frames) or 'none'} ({len(frames)} of {desk.count} frames)")


@app.command
def draw(
    project: Path, clip: str, frame: int, /, *, box: _Box, angle: float = 0.0, accurate: bool = False
) -> None:
    """Read the landmarks in a box and store the face; one at the same place goes to the trash.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    frame:
        The frame, counted from 0.
    box:
        A square about the face: x and y of its middle and its side, in pixels of the frame.
    angle:
        By how many degrees the box is turned clockwise.
    accurate:
        Read several times and take the mean.
    """
    from understudy.faces.dense.by_hand import DrawnBox
    from understudy.jobs.frames.desk import FramesDesk

    with FramesDesk(Project.open(project), clip) as desk:
        reading = desk.read(frame, DrawnBox(*box, angle), accurate=accurate)
        step = desk.draw(frame, reading)
        print(f"{step.words}: {', '.join(step.there)}; the network is {reading.score:.0%} sure of it")
    _say_who_learns(desk)


@app.command
def carry(
    project: Path,
    clip: str,
    frame: int,
    /,
    *,
    face: str = "",
    json: Json = False,
    options: Annotated[CarryOptions, Parameter(name="*", group="Carrying")] = CarryOptions(),
) -> None:
    """Carry the face of a frame on to the frames behind it, until it goes wrong. Run again, it goes on.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    frame:
        The frame to begin from, counted from 0.
    face:
        Which of the frame's faces, by its file name; the largest one otherwise.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.frames.carry import carry as carry_on
    from understudy.jobs.frames.desk import FramesDesk

    with FramesDesk(Project.open(project), clip) as desk:
        faceset = "/".join(desk.project.faceset_of_clip(clip))
        run_change(carry_on(desk, frame, options, face=face), desk.project, faceset, json=json)


@app.command
def remove(project: Path, clip: str, frame: int, /) -> None:
    """Put the faces of a frame into the trash; they are not made again.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    frame:
        The frame, counted from 0.
    """
    from understudy.errors import FacesUnknown
    from understudy.jobs.frames.desk import FramesDesk

    with FramesDesk(Project.open(project), clip) as desk:
        names = [face["name"] for face in desk.faces(frame) if face["name"]]
        if not names:
            raise FacesUnknown(f"Frame {frame} of {clip!r} has no face in the faceset.")
        print(desk.remove(names).words)
    _say_who_learns(desk)


@app.command
def undo(project: Path, clip: str, /, *, step: int | None = None) -> None:
    """Take back what was drawn, carried or removed last in a clip.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    step:
        The number of the step that is meant: refused where it is not the next one.
    """
    from understudy.jobs.frames.desk import FramesDesk

    with FramesDesk(Project.open(project), clip) as desk:
        _say("taken back", desk.undo(step))
    _say_who_learns(desk)


@app.command
def redo(project: Path, clip: str, /, *, step: int | None = None) -> None:
    """Do again what was taken back last in a clip.

    Parameters
    ----------
    project:
        The project folder.
    clip:
        Name of the clip in the project.
    step:
        The number of the step that is meant: refused where it is not the next one.
    """
    from understudy.jobs.frames.desk import FramesDesk

    with FramesDesk(Project.open(project), clip) as desk:
        _say("done again", desk.redo(step))
    _say_who_learns(desk)


def _say(what: str, steps: list[HandStep]) -> None:
    for step in steps:
        print(f"{what}: {step.words} (step {step.number})")


def _say_who_learns(desk: FramesDesk) -> None:
    say_who_learns(desk.project, "/".join(desk.project.faceset_of_clip(desk.clip)))
