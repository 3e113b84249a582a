"""Clips sent by a window, in pieces that can be sent again: POST begins, PUT brings a piece, POST finishes.

What is received is `receiving.py`'s matter; here are the addresses under /api/uploads.
"""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

from anyio import fail_after, to_thread
from fastapi import APIRouter, Body, Request
from starlette.requests import ClientDisconnect

from understudy.errors import UploadRefused, UploadUnknown
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere
from understudy.studio.places import clip_id
from understudy.studio.receiving import CLIP, CLIPS_FOLDER, Piece, Upload

LARGEST_PIECE_BYTES = 32 << 20
_PIECE_BYTES = 8 << 20  # sent at a time: a second or so, so that little is lost with a connection
_WRITTEN_BYTES = 1 << 20
_SILENT_S = 20.0  # a connection that says nothing for so long is half open: its window sends the piece again

routes = APIRouter()


@routes.post("")
def begin(
    studio: StudioHere,
    name: Annotated[str, Body()],
    size_bytes: Annotated[int, Body()],
    fingerprint: Annotated[str, Body(max_length=200)] = "",
) -> dict[str, Any]:
    """Make room for a clip, or go on with what came of the same file before."""
    folder = studio.project().folder / CLIPS_FOLDER
    return _told(studio.receiving.begin(folder, name, size_bytes, fingerprint))


@routes.get("/{upload_id}")
def standing(studio: StudioHere, upload_id: str) -> dict[str, Any]:
    """How much of a clip has come."""
    return _told(studio.receiving.get(upload_id))


@routes.put("/{upload_id}")
async def piece(studio: StudioHere, upload_id: str, at_bytes: int, request: Request) -> dict[str, Any]:
    """Take a piece. What came of one whose connection was lost is kept."""
    upload = studio.receiving.get(upload_id)
    taken = await to_thread.run_sync(studio.receiving.piece, upload, at_bytes)
    try:
        await _write(taken, request)
    finally:
        await to_thread.run_sync(taken.close)
    return _told(upload)


@routes.post("/{upload_id}/finish", dependencies=[HEAVY])
def finish(studio: StudioHere, upload_id: str) -> dict[str, Any]:
    """Look into a clip that has come whole; its id chooses it as one of the clips of /api/places."""
    upload = studio.receiving.get(upload_id)
    if upload.kind is not CLIP:
        raise UploadUnknown("This is no clip on its way.")
    path = studio.receiving.finish(upload)
    studio.live.say("project", clips=True)
    return {"clip": clip_id(path), "name": path.name}


@routes.post("/{upload_id}/cancel")
def cancel(studio: StudioHere, upload_id: str) -> dict[str, Any]:
    """Forget a clip and what came of it."""
    studio.receiving.cancel(studio.receiving.get(upload_id))
    return {}


async def _write(taken: Piece, request: Request, *, silent_s: float = _SILENT_S) -> None:
    waiting, seen = bytearray(), 0
    with contextlib.suppress(ClientDisconnect, TimeoutError, StopAsyncIteration):
        pieces = aiter(request.stream())
        while True:
            with fail_after(silent_s):
                data = await anext(pieces)
            seen += len(data)
            if seen > LARGEST_PIECE_BYTES:
                raise UploadRefused(f"A piece has at most {LARGEST_PIECE_BYTES >> 20} MB.")
            waiting += data
            if len(waiting) >= _WRITTEN_BYTES:
                await to_thread.run_sync(taken.write, bytes(waiting))
                waiting.clear()
    await to_thread.run_sync(taken.write, bytes(waiting))


def _told(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": upload.name,
        "size_bytes": upload.size_bytes,
        "have_bytes": upload.have_bytes,
        "piece_bytes": _PIECE_BYTES,
    }
