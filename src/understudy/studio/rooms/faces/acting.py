"""What is done with faces: put away, kept, brought back, taken back, copied, measured, numbered.

Each is the `faceset` command of that name. What takes long is started as a run.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.rooms.faces.kept import kept_faceset

routes = APIRouter()
_MOST_NAMES = 1_000_000


class InFaceset(BaseModel):
    """One faceset, by PERFORMER/NAME."""

    faceset: str


class Named(InFaceset):
    """Faces of a faceset by their file names."""

    names: list[str] = Field(min_length=1, max_length=_MOST_NAMES)


class Restored(InFaceset):
    """Rejected faces: those named, the last ones, or all."""

    names: list[str] = Field(default_factory=list, max_length=_MOST_NAMES)
    last: bool = False


class Stepped(InFaceset):
    """The step that a window offers to take back or do again: no other one is."""

    step: int


class Copied(Named):
    """Faces that go also into another faceset, which is made where it is missing."""

    goal: str


class Numbered(InFaceset):
    """An order to number faces in."""

    sort: str = ""
    backwards: bool = False


class Measured(InFaceset):
    """What is measured: `identity` also asks who each face is."""

    identity: bool = False


@routes.post("/reject")
def reject(studio: StudioHere, asked: Named) -> dict[str, Any]:
    """Put faces into the trash."""
    from understudy.facesets.curation.choose import Choice
    from understudy.jobs.facesets.curating import reject_faces

    project, kept = kept_faceset(studio, asked.faceset)
    with kept.in_hand() as opened:
        gone = reject_faces(project, kept.name, Choice(names=tuple(asked.names)), opened=opened)
    return _done(studio, kept.name, {"gone": [face.name for face in gone]})


@routes.post("/keep")
def keep(studio: StudioHere, asked: Named) -> dict[str, Any]:
    """Put all but these into the trash."""
    from understudy.facesets.curation.choose import Choice
    from understudy.jobs.facesets.curating import keep_faces

    project, kept = kept_faceset(studio, asked.faceset)
    with kept.in_hand() as opened:
        gone = keep_faces(project, kept.name, Choice(names=tuple(asked.names)), opened=opened)
    return _done(studio, kept.name, {"gone": [face.name for face in gone]})


@routes.post("/restore")
def restore(studio: StudioHere, asked: Restored) -> dict[str, Any]:
    """Bring rejected faces back."""
    from understudy.jobs.facesets.curating import restore_faces

    project, kept = kept_faceset(studio, asked.faceset)
    with kept.in_hand() as opened:
        back = restore_faces(project, kept.name, names=asked.names, last=asked.last, opened=opened)
    return _done(studio, kept.name, {"back": back})


@routes.post("/undo")
def undo(studio: StudioHere, asked: Stepped) -> dict[str, Any]:
    """Take back a change, if it is still the last one."""
    return _stepped(studio, asked, redo=False)


@routes.post("/redo")
def redo(studio: StudioHere, asked: Stepped) -> dict[str, Any]:
    """Do again what was taken back, if it is still the next."""
    return _stepped(studio, asked, redo=True)


def _stepped(studio: Studio, asked: Stepped, *, redo: bool) -> dict[str, Any]:
    from understudy.events import Notice
    from understudy.jobs.facesets.curating import undo as step

    project, kept = kept_faceset(studio, asked.faceset)
    before = set(kept.look(project).place_of_name)
    with kept.in_hand() as opened:
        events = list(step(project, kept.name, step=asked.step, redo=redo, opened=opened))
    after = kept.look(project).place_of_name
    words = [event.text for event in events if isinstance(event, Notice)]
    studio.live.say("frames", faceset=kept.name)  # it may have been drawn there
    studio.live.say("masks", faceset=kept.name)
    return _done(studio, kept.name, {"words": words, "back": [name for name in after if name not in before]})


@routes.get("/steps")
def steps(studio: StudioHere, faceset: str) -> dict[str, Any]:
    """Which step would be taken back now, and which done again."""
    from understudy.jobs.facesets.curating import next_steps

    return next_steps(studio.project(), faceset)


@routes.get("/history")
def history(studio: StudioHere, faceset: str) -> list[dict[str, Any]]:
    """Every change, the newest first."""
    from understudy.jobs.facesets.curating import history as steps

    fields = ("number", "when", "verb", "words", "faces", "undone", "dropped")
    told = [{field: getattr(step, field) for field in fields} for step in steps(studio.project(), faceset)]
    return told[::-1]


@routes.get("/rejected")
def rejected(studio: StudioHere, faceset: str) -> list[str]:
    """Names of the faces that lie in the trash and can come back, the newest first."""
    from understudy.jobs.facesets.curating import rejected_faces

    return list(rejected_faces(studio.project(), faceset))[::-1]


@routes.post("/copy")
def copy(studio: StudioHere, asked: Copied) -> dict[str, Any]:
    """Copy faces into another faceset."""
    from understudy.events import Notice, StageFinished
    from understudy.facesets.curation.choose import Choice
    from understudy.jobs.facesets.sets import copy_faces

    project, kept = kept_faceset(studio, asked.faceset)
    events = list(copy_faces(project, kept.name, asked.goal, Choice(names=tuple(asked.names))))
    words = [event.text for event in events if isinstance(event, Notice)]
    summary = next((event.summary for event in reversed(events) if isinstance(event, StageFinished)), {})
    studio.live.say("project")
    return _done(studio, asked.goal, {"words": words, "summary": summary})


@routes.post("/new")
def new(studio: StudioHere, asked: InFaceset) -> dict[str, Any]:
    """Make an empty faceset."""
    from understudy.jobs.facesets.sets import new_set

    made = new_set(studio.project(), asked.faceset)
    studio.live.say("project")
    return _done(studio, asked.faceset, {"made": made})


@routes.post("/measure")
def measure(studio: StudioHere, asked: Measured) -> dict[str, Any]:
    """Start measuring what sorts and filters need, as a run."""
    _, kept = kept_faceset(studio, asked.faceset)
    words = ["faceset", "measure", ".", kept.name, *(["--identity"] if asked.identity else [])]
    return {"run": studio.runs.start(words, title=f"Measure {kept.name}").id}


@routes.post("/rename")
def rename(studio: StudioHere, asked: Numbered) -> dict[str, Any]:
    """Number the faces in an order, as a run."""
    from understudy.facesets.sorting.sorts import sort_named
    from understudy.facesets.sorting.table import COLUMNS

    _, kept = kept_faceset(studio, asked.faceset)
    if asked.sort and asked.sort not in COLUMNS:
        sort_named(asked.sort)
    words = ["faceset", "rename", ".", kept.name, *(["--sort", asked.sort] if asked.sort else [])]
    words += ["--backwards"] if asked.backwards else []
    return {"run": studio.runs.start(words, title=f"Number {kept.name}").id}


@routes.post("/recover-names")
def recover_names(studio: StudioHere, asked: InFaceset) -> dict[str, Any]:
    """Give all faces their first names again, as a run."""
    _, kept = kept_faceset(studio, asked.faceset)
    run = studio.runs.start(["faceset", "recover-names", ".", kept.name], title=f"First names of {kept.name}")
    return {"run": run.id}


def _done(studio: Studio, name: str, facts: dict[str, Any]) -> dict[str, Any]:
    """The answer to a change, with what could be taken back now, and the models that learn on without it."""
    from understudy.jobs.facesets.curating import next_steps
    from understudy.jobs.facesets.still_learning import still_learning

    studio.live.say("faces", faceset=name)
    project = studio.project()
    return facts | {"next": next_steps(project, name), "learning": list(still_learning(project, name))}
