"""Pictures of a training: the newest preview, one face of any preview, and the list to scrub through."""

from __future__ import annotations

import contextlib
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere

routes = APIRouter()

_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}  # addresses carry a version


@routes.get("/sheet")
def sheet(studio: StudioHere, model: str) -> dict[str, Any]:
    """What the newest preview shows and where, and its version; empty where there is none."""
    from dataclasses import asdict

    from understudy.jobs.models.watching import require_known, version_of
    from understudy.training.viewing.sheets import iteration_of, newest_layout

    path, layout = newest_layout(require_known(studio.project(), model)) or (None, None)
    if path is None or layout is None:
        return {}
    return {"iteration": iteration_of(path), "version": version_of(path), "layout": asdict(layout)}


@routes.get("/sheets")
def sheets(studio: StudioHere, model: str) -> dict[str, Any]:
    """All previews that are kept, oldest first: iteration, version, and which faces and columns they show."""
    from understudy.jobs.models.watching import require_known, version_of
    from understudy.training.viewing.sheets import preview_paths, read_layout

    found = []
    for path in preview_paths(require_known(studio.project(), model)):
        layout = None
        with contextlib.suppress(FileNotFoundError):  # thinned out just now
            layout = read_layout(path)
        if layout is not None:
            about = {"rows": layout.rows, "columns": layout.columns}
            found.append({"iteration": int(path.stem), "version": version_of(path), **about})
    return {"sheets": found}


@routes.get("/picture", dependencies=[HEAVY])
def picture(
    studio: StudioHere, request: Request, model: str, iteration: int, face: str = "", column: str = ""
) -> Response:
    """A preview of an iteration as WebP, or one of its faces without loss as PNG."""
    from understudy.errors import FacesUnknown
    from understudy.jobs.models.watching import require_known, version_of
    from understudy.training.viewing.sheets import sheet_of

    none = FacesUnknown(f"Model {model!r} has no preview of iteration {iteration}.")
    path = sheet_of(require_known(studio.project(), model), iteration)
    if path is None:
        raise none
    tag = f'"{version_of(path)}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304)
    try:
        data, kind = _cut(path, face, column) if face else _whole(path)
    except FileNotFoundError:  # a newer look took its place just now
        raise none from None
    return Response(data, media_type=kind, headers={**_KEPT, "ETag": tag})


def _cut(path: Any, face: str, column: str) -> tuple[bytes, str]:
    from understudy.errors import FacesUnknown
    from understudy.media.images import encode_png
    from understudy.training.viewing.sheets import cell_of, read_preview

    preview = read_preview(path)
    if preview is None:
        raise FacesUnknown("This preview is of an older version and doesn't say where its faces are.")
    return encode_png(cell_of(preview, face, column)), "image/png"


def _whole(path: Any) -> tuple[bytes, str]:
    """As WebP: a tenth of the PNG's bytes over a slow line. Larger than WebP can be stays PNG."""
    import io

    from PIL import Image

    with Image.open(path) as image:
        if max(image.size) > 16_000:
            return path.read_bytes(), "image/png"
        out = io.BytesIO()
        image.convert("RGB").save(out, "WEBP", quality=92, method=2)
    return out.getvalue(), "image/webp"
