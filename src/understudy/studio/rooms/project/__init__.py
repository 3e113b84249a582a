"""Project: what is done, what is next, and every stage to start."""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.rooms.project import clips, forms, models, pictures, projects, runs, state
from understudy.studio.run_watch import watching_runs

routes = APIRouter(lifespan=watching_runs)
for part in (state, projects, clips, models, forms, pictures, runs):
    routes.include_router(part.routes)
