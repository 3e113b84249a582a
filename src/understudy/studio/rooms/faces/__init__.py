"""Faces: the faces a model learns from, to sort, filter, compare and reject.

`listing.py` says which faces in which order, `pictures.py` shows them, `acting.py` changes them, `beside.py` is
what stands beside the gallery: the map of directions and the tracks.
"""

from __future__ import annotations

from fastapi import APIRouter

from understudy.studio.rooms.faces import acting, beside, listing, pictures

routes = APIRouter()
for part in (listing, pictures, acting, beside):
    routes.include_router(part.routes)
