"""A new model: what it can be made of, and making it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from understudy.geometry import FaceType
from understudy.project.manifest import ROLES
from understudy.project.project import Project
from understudy.project.unknown import model_named
from understudy.studio.open_studio import StudioHere

routes = APIRouter()


class NewModel(BaseModel):
    """What a new model is to be. Without facesets it learns from all that hold a clip of their side."""

    name: str
    preset: str
    face_type: FaceType | None = None
    network: dict[str, Any] = {}
    start_from: str = ""
    src: list[str] = []
    dst: list[str] = []


@routes.get("/choices")
def choices(studio: StudioHere) -> dict[str, Any]:
    """Facesets with the number of their faces, devices, and what each model learns from."""
    from understudy.training.machine.device import describe_devices

    project = studio.project()
    facesets = []
    for performer, entry in project.manifest.performers.items():
        for name, about in entry.facesets.items():
            roles = {
                project.manifest.clips[clip].role for clip in about.clips if clip in project.manifest.clips
            }
            count = 0
            if project.faceset_folder(performer, name).is_dir():
                with project.faceset(performer, name) as faceset:
                    count = len(faceset)
            facesets.append({"name": f"{performer}/{name}", "roles": sorted(roles), "faces": count})
    return {
        "facesets": facesets,
        "devices": [{"name": name, "words": words} for name, words in describe_devices()],
        "models": list(project.manifest.models),
        "learns": {name: _learns(project, name) for name in project.manifest.models},
    }


@routes.post("/new")
def new(studio: StudioHere, said: NewModel) -> dict[str, Any]:
    """Make a model beside the others."""
    from understudy.jobs import stages
    from understudy.jobs.facesets.curating import full_name
    from understudy.jobs.models import making

    project = studio.project()
    if said.start_from:
        model_named(project, said.start_from)
    for wanted in (*said.src, *said.dst):
        full_name(project, wanted)  # refused before anything is made
    taken = making.new_model(
        project,
        said.name,
        preset=said.preset,
        network=said.network,
        face_type=said.face_type,
        source=said.start_from or None,
    )
    stages.choose_facesets(project, said.name, src=said.src, dst=said.dst)
    studio.live.say("training", model=said.name)
    studio.live.say("project", what="models", model=said.name)
    return {"taken": taken}


def _learns(project: Project, model: str) -> dict[str, Any]:
    sides = {role: list(project.facesets_of(role, model)) for role in ROLES}
    return {**sides, "made": (project.model_folder(model) / "model.toml").exists()}
