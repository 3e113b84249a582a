"""The rooms: what each asks of the library. One entry a line; the key is the room's address under /api/."""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.rooms import deliver, faces, frames, masks, merge, project, training

ROOMS: dict[str, APIRouter] = {
    "project": project.routes,
    "faces": faces.routes,
    "frames": frames.routes,
    "masks": masks.routes,
    "training": training.routes,
    "merge": merge.routes,
    "deliver": deliver.routes,
}
