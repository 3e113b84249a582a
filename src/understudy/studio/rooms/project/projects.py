"""The projects in the studio's folder: make, open and duplicate one. A project is named by its folder there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from understudy.errors import ProjectInvalid
from understudy.project.manifest import require_name
from understudy.project.project import Project
from understudy.studio.neighbours import open_project
from understudy.studio.open_studio import Studio, StudioHere

routes = APIRouter()


class ProjectName(BaseModel):
    """The name of a project, which is that of its folder."""

    model_config = ConfigDict(extra="forbid")

    name: str


@routes.get("/projects")
def projects(studio: StudioHere) -> dict[str, Any]:
    """The projects there are to open."""
    from understudy.jobs.projects import projects_in

    found = projects_in(studio.projects) if studio.projects else []
    told = [
        {
            "name": one.folder.name,
            "title": one.name,
            "clips": one.clips,
            "models": one.models,
            "complaint": one.complaint,
            "open": studio.folder is not None and one.folder.resolve() == studio.folder.resolve(),
        }
        for one in found
    ]
    return {"projects": told, "folder": str(studio.projects or "")}


@routes.post("/projects/create")
def create(studio: StudioHere, wish: ProjectName) -> dict[str, Any]:
    """Make a project and open it as `open_one` does."""
    return _open(studio, Project.create(_place(studio, wish.name)).folder)


@routes.post("/projects/open")
def open_one(studio: StudioHere, wish: ProjectName) -> dict[str, Any]:
    """Open a project: in this studio where none is open, else in one of its own, whose link is the answer."""
    return _open(studio, Project.open(_place(studio, wish.name)).folder)


@routes.post("/projects/duplicate")
def duplicate(studio: StudioHere, wish: ProjectName) -> dict[str, Any]:
    """Copy the open project under another name. The one that is open stays open."""
    from understudy.jobs.projects import duplicate_project

    copy = duplicate_project(studio.project(), _place(studio, wish.name))
    studio.live.say("project", what="projects")
    return {"name": copy.folder.name}


def _place(studio: Studio, name: str) -> Path:
    require_name(name)
    if studio.projects is None:
        raise ProjectInvalid("This studio has no folder for projects. Start it with --projects FOLDER.")
    return studio.projects / name


def _open(studio: Studio, folder: Path) -> dict[str, Any]:
    link = open_project(studio, folder)
    if link is None:
        studio.live.say("project", what="opened", name=folder.name)
    return {"name": folder.name, "link": link}
