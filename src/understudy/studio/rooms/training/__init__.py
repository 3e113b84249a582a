"""Training: how models learn, and what may be changed meanwhile."""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.rooms.training import asking, making, pictures, watching

routes = APIRouter()
for part in (watching, pictures, asking, making):
    routes.include_router(part.routes)
