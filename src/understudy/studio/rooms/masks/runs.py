"""What the masks room starts as runs: train a segmenter, apply, fetch and remove masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from understudy.errors import FacesUnknown, OptionInvalid
from understudy.project.project import Project
from understudy.studio.open_studio import StudioHere

routes = APIRouter()
_HERE = "."


class Faces(BaseModel):
    """Faces of a faceset: those named, or all where none is."""

    faceset: str = Field(max_length=300)
    faces: list[str] = Field(default_factory=list, max_length=2000)


class Trained(BaseModel):
    """A segmenter to teach; `said` are options by name."""

    segmenter: str = Field(max_length=60)
    facesets: list[str] = Field(default_factory=list, max_length=200)
    said: dict[str, Any] = Field(default_factory=dict)


class Applied(Faces):
    """Faces that get a segmenter's mask."""

    segmenter: str = Field(max_length=60)


class Fetched(Faces):
    """Faces that are copied into another faceset: those drawn on, or those of a mark."""

    into: str = Field(max_length=300)
    mark: Literal["", "confirmed", "skipped"] = ""


class Removed(Faces):
    """Faces that lose their masks of a name, all masks, or what is drawn."""

    name: str = Field(default="", max_length=200)
    polygons: bool = False


@routes.get("/train-options")
def train_options(studio: StudioHere) -> dict[str, Any]:
    """How a segmenter can learn. For how long is asked beside its name, so it stands there alone."""
    from understudy.studio.forms import form

    return {"options": [one for one in form(studio.project(), "masks-train") if one["name"] != "minutes"]}


@routes.post("/train")
def train(studio: StudioHere, wish: Trained) -> dict[str, Any]:
    """Teach a segmenter what is drawn."""
    from understudy.jobs.facesets.masks import segmenters_of
    from understudy.training.segmenting.options import MaskTrainOptions

    project = studio.project()
    segmenters_of(project).folder_of(wish.segmenter)
    if wish.said.get("minutes") == 0 and not wish.said.get("iterations"):
        # What an empty field says; whoever wants to learn without end says so on the command line.
        raise OptionInvalid(
            "Say for how many minutes the segmenter is to learn. Without them it would learn with no limit; "
            "iterations, among the options, are one too."
        )
    words = ["masks", "train", _HERE, wish.segmenter, *_facesets(project, wish.facesets)]
    return _started(
        studio, [*words, *_options(MaskTrainOptions, wish.said)], f"Train segmenter {wish.segmenter}"
    )


@routes.post("/apply")
def apply(studio: StudioHere, wish: Applied) -> dict[str, Any]:
    """Write a segmenter's mask into faces."""
    from understudy.jobs.facesets.masks import segmenters_of

    project = studio.project()
    segmenters_of(project).require(wish.segmenter)
    words = ["masks", "apply", _HERE, *_named(project, wish), f"--segmenter={wish.segmenter}"]
    return _started(studio, words, f"Apply {wish.segmenter} to {wish.faceset}")


@routes.post("/fetch")
def fetch(studio: StudioHere, wish: Fetched) -> dict[str, Any]:
    """Copy the faces that are drawn on into another faceset."""
    from understudy.project.manifest import require_name

    for part in wish.into.split("/", 1):
        require_name(part)
    words = ["masks", "fetch", _HERE, *_named(studio.project(), wish), f"--into={wish.into}"]
    words += ["--undrawn", f"--where=drawing_mark == '{wish.mark}'"] if wish.mark else []
    return _started(studio, words, f"Copy {wish.mark or 'drawn'} faces of {wish.faceset} into {wish.into}")


@routes.post("/remove")
def remove(studio: StudioHere, wish: Removed) -> dict[str, Any]:
    """Take masks, or what is drawn, out of faces."""
    words = ["masks", "remove", _HERE, *_named(studio.project(), wish)]
    words += ["--polygons"] if wish.polygons else [f"--name={wish.name}"] if wish.name else []
    what = "what is drawn on" if wish.polygons else f"masks{f' of {wish.name}' if wish.name else ''} out of"
    return _started(studio, words, f"Take {what} {wish.faceset}")


def _named(project: Project, wish: Faces) -> list[str]:
    """The faceset's and the faces' names as words; each is one that is there."""
    from understudy.jobs.facesets.curating import full_name, looked_at

    name = full_name(project, wish.faceset)
    with looked_at(project, name) as desk:
        names = [desk.faceset.face(face).name for face in wish.faces]
    if any(face.startswith("-") for face in names):
        raise FacesUnknown("A face whose name begins with - can't be named to a command. Rename it first.")
    return [name, *names]


def _facesets(project: Project, names: Sequence[str]) -> list[str]:
    from understudy.jobs.facesets.curating import full_name

    return [full_name(project, name) for name in names]


def _options(options: Any, said: Mapping[str, Any]) -> list[str]:
    from understudy.studio.run_words import option_words

    return option_words(options, said)


def _started(studio: StudioHere, words: list[str], title: str) -> dict[str, Any]:
    run = studio.runs.start(words, title=title)
    studio.live.say("runs", id=run.id)
    return {"id": run.id}
