"""Merge: one frame before and after under any settings, and settings over time.

`desk` keeps the model and the clip at hand, `turns` sees to it that only the latest wish is worked on,
`pictures`, `settings` and `shot` are what the page asks for.
"""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.rooms.merge import pictures, settings, shot

routes = APIRouter()
for _part in (pictures, settings, shot):
    routes.include_router(_part.routes)
