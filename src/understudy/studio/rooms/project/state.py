"""What is done and what is next, whose consent stands, and what the machine has."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from understudy.jobs.merging.standing import state_now
from understudy.project.finished import finished_by_name
from understudy.project.project import Project
from understudy.project.state import ProjectState
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere

routes = APIRouter()


@routes.get("/state", dependencies=[HEAVY])
def state(studio: StudioHere) -> dict[str, Any]:
    """Everything the room shows; `open` is False where no project is."""
    if studio.folder is None:
        return {"open": False, "can_make": studio.projects is not None}
    from understudy.media.opening import holds_images

    project = studio.project()
    now = state_now(project)
    told = asdict(now)
    names = {path: name for name, path in finished_by_name(project).items()}
    films = [{**one, "path": names[one["path"]]} for one in told["outputs"] if one["path"] in names]
    for clip in told["clips"]:
        entry = project.manifest.clips[clip["name"]]
        clip |= {"performer": entry.performer, "cast": bool(entry.cast), "images": holds_images(clip["path"])}
        clip["path"] = str(clip["path"])
    return {
        **told,
        "open": True,
        "id": project.folder.name,
        "folder": str(project.folder),
        "can_make": studio.projects is not None,
        "outputs": films,
        "performers": _performers(project),
        "steps": steps(now),
        "disk": _disk(project),
    }


@routes.get("/machine", dependencies=[HEAVY])
def machine() -> dict[str, Any]:
    """Memory of the machine and its devices; those take torch, so this is asked apart."""
    import psutil

    from understudy.training.machine.device import choose_device, describe_devices, free_memory_bytes

    memory = psutil.virtual_memory()
    devices = [
        {"name": name, "words": words, "free_bytes": free_memory_bytes(choose_device(name).device)}
        for name, words in describe_devices()
    ]
    return {"memory_bytes": memory.total, "free_bytes": memory.available, "devices": devices}


def steps(now: ProjectState) -> list[dict[str, Any]]:
    """The pipeline as five steps, each done, next, or waiting for those before, with what there is of it."""
    order = ("add", "extract", "train", "merge", "encode")
    words = {
        "add": _counted(len(now.clips), "clip"),
        "extract": _counted(sum(faceset.faces for faceset in now.facesets), "face"),
        "train": ", ".join(f"{model.name}: iteration {model.iteration:,}" for model in now.models),
        "merge": ", ".join(f"{one.clip}: {_counted(one.frames, 'frame')}" for one in now.merged),
        "encode": _counted(len(now.outputs), "finished file"),
    }
    return [
        {
            "stage": stage,
            "state": "next" if stage == now.next_stage else "waits" if stage in now.stages_left else "done",
            "words": words[stage],
            "why": now.next_why if stage == now.next_stage else "",
        }
        for stage in order
    ]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}" if count else ""


def _performers(project: Project) -> list[dict[str, Any]]:
    today = datetime.now(UTC).astimezone().date()
    told = []
    for name, performer in project.manifest.performers.items():
        consent = performer.consent
        told.append(
            {
                "name": name,
                "called": performer.name or consent.who or name,
                "consent": consent.model_dump(mode="json"),
                "problem": consent.problem(today=today),
                "facesets": list(performer.facesets),
            }
        )
    return told


def _disk(project: Project) -> dict[str, int]:
    usage = shutil.disk_usage(project.folder)
    return {"free_bytes": usage.free, "total_bytes": usage.total}
