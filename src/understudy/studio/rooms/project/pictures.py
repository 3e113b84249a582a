"""Small pictures: a frame of each clip, the last preview of a model, a merged frame, one of a finished film; as
JPEG with a tag."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from understudy.errors import UnderstudyError
from understudy.project.manifest import Role
from understudy.project.project import Project
from understudy.project.unknown import clip_named, model_named
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import StudioHere

if TYPE_CHECKING:
    from understudy.media.color_spaces import ColorSpace

routes = APIRouter()

_WIDTHS_PX = (240, 480, 960, 1920)
_KEPT = 64
_made: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


@routes.get("/pictures/clip/{clip}", dependencies=[HEAVY])
def clip_picture(studio: StudioHere, request: Request, clip: str, width: int = 480) -> Response:
    """A frame from the first third of a clip."""
    project = studio.project()
    clip_named(project, clip)
    path = project.clip_path(clip)
    return _jpeg(request, path, width, lambda: _frame(project, clip))


@routes.get("/pictures/face/{role}", dependencies=[HEAVY])
def face_picture(studio: StudioHere, request: Request, role: Role, width: int = 240) -> Response:
    """A face of src, or of dst."""
    project = studio.project()
    facesets = (project.faceset_folder(*name.split("/")) for name in project.facesets_with_clips(role))
    found = next((face for face in map(_a_face, facesets) if face is not None), None)
    return _none() if found is None else _jpeg(request, found, width, lambda: _read(found))


def _a_face(folder: Path) -> Path | None:
    """Any face of a folder; the folder is not walked, it may hold a hundred thousand."""
    if not folder.is_dir():
        return None
    with os.scandir(folder) as files:
        return next((Path(one.path) for one in files if one.name.endswith((".jpg", ".png"))), None)


@routes.get("/pictures/preview/{model}", dependencies=[HEAVY])
def preview_picture(studio: StudioHere, request: Request, model: str, width: int = 960) -> Response:
    """Two rows of the newest preview of a model's training: src, dst and the swap, large enough to be read."""
    project = studio.project()
    model_named(project, model)
    newest = max((project.model_folder(model) / "previews").glob("[0-9]*.png"), default=None)
    return _none() if newest is None else _jpeg(request, newest, width, lambda: _rows(newest))


@routes.get("/pictures/merged/{clip}/{model}", dependencies=[HEAVY])
def merged_picture(studio: StudioHere, request: Request, clip: str, model: str, width: int = 480) -> Response:
    """A merged frame from the middle of a clip."""
    project = studio.project()
    clip_named(project, clip)
    if model != "cast":
        model_named(project, model)
    folder = project.merged_folder(clip, model)
    frames = sorted(path for path in folder.glob("[0-9]*") if path.suffix in (".png", ".exr"))
    if not frames:
        return _none()
    middle = frames[len(frames) // 3]
    return _jpeg(request, middle, width, lambda: _read(middle))


@routes.get("/pictures/finished", dependencies=[HEAVY])
def finished_picture(studio: StudioHere, request: Request, name: str, width: int = 480) -> Response:
    """A frame from the first third of a finished film, by its name in the Deliver room."""
    from understudy.jobs.delivery.finished_files import finished_path

    path = finished_path(studio.project(), name)
    return _jpeg(request, path, width, lambda: _frame_of(path, None))


def _none() -> Response:
    return Response(status_code=204)


def _jpeg(request: Request, source: Path, width: int, read: Callable[[], object]) -> Response:
    width = min(_WIDTHS_PX, key=lambda known: abs(known - width))
    try:
        stat = source.stat()
    except OSError:
        return _none()
    tag = hashlib.sha256(f"{source}\0{stat.st_mtime_ns}\0{stat.st_size}\0{width}".encode()).hexdigest()[:24]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    with _lock:
        data = _made.get(tag)
    if data is None:
        try:
            data = _small(read(), width)
        except (OSError, UnderstudyError):
            if source.exists():
                raise
            return _none()  # it went just now
        with _lock:
            _made[tag] = data
            while len(_made) > _KEPT:
                _made.popitem(last=False)
    return Response(data, media_type="image/jpeg", headers=headers)


def _small(picture: object, width: int) -> bytes:
    import cv2
    import numpy as np

    from understudy.media.clip import UInt8
    from understudy.media.images import eight_bit, encode_jpeg

    rgb: UInt8 = eight_bit(np.asarray(picture))
    height_px, width_px = rgb.shape[:2]
    if width_px > width:
        size = (width, max(1, round(height_px * width / width_px)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return encode_jpeg(np.ascontiguousarray(rgb), 88)


def _frame(project: Project, clip: str) -> object:
    from understudy.jobs.clips.color_spaces import color_space_of

    return _frame_of(project.clip_path(clip), color_space_of(project, clip))


def _frame_of(path: Path, color_space: ColorSpace | None) -> object:
    from understudy.media.opening import frame_to_show, open_clip

    with open_clip(path, color_space) as opened:
        return frame_to_show(opened, opened.info.frame_count // 3).rgb


def _rows(sheet: Path) -> object:
    import numpy as np

    from understudy.training.viewing.sheets import SWAP, cell_of, read_preview

    preview = read_preview(sheet)
    columns = [one for one in ("src", "dst", SWAP) if preview and one in preview.layout.columns]
    if preview is None or not columns:
        return _read(sheet)
    faces = list(dict.fromkeys(preview.layout.rows))[:2]
    return np.vstack([np.hstack([cell_of(preview, face, one) for one in columns]) for face in faces])


def _read(path: Path) -> object:
    from understudy.media.images import read_image_deep

    return read_image_deep(path)
