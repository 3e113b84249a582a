"""Faces to look at: many small ones at once, one large with all that is known of it, its mask, its frame."""

from __future__ import annotations

import hashlib
import io
import struct
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from understudy.errors import OptionInvalid
from understudy.files import stat_of
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.rooms.faces.kept import FOREVER, kept_faceset, key_text, number_of

if TYPE_CHECKING:
    from understudy.facesets.record import FaceRecord
    from understudy.facesets.thumbnails import Thumbnails
    from understudy.media.color_spaces import ColorSpace
    from understudy.project.project import Project

routes = APIRouter()
_MOST = 256  # thumbnails in one answer
_MASK_COLOR = (60, 190, 255)


@routes.get("/thumbs", dependencies=[HEAVY])
def thumbs(studio: StudioHere, faceset: str, keys: str) -> Response:
    """Thumbnails of faces one after the other, each a JPEG of 128 pixels.

    Four bytes say how many, four bytes each how long; a face that can't be read is 0 bytes long. What a key
    stands for never changes, so an answer may be kept, unless a face was missing.
    """
    wanted = keys.split(",")
    if len(wanted) > _MOST:
        raise OptionInvalid(f"At most {_MOST} thumbnails are given at once; these are {len(wanted)}.")
    found = _thumbnails(studio, faceset, [number_of(key) for key in wanted])
    jpegs = [found.get(number_of(key), b"") for key in wanted]
    head = struct.pack(f"<{1 + len(jpegs)}I", len(jpegs), *map(len, jpegs))
    return Response(
        head + b"".join(jpegs),
        media_type="application/octet-stream",
        headers={"Cache-Control": FOREVER if all(jpegs) else "no-store"},
    )


@routes.get("/thumb/{key}", dependencies=[HEAVY])
def thumb(studio: StudioHere, faceset: str, key: str) -> Response:
    """One thumbnail."""
    jpeg = _thumbnails(studio, faceset, [number_of(key)]).get(number_of(key))
    if jpeg is None:
        return Response(status_code=404)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": FOREVER, "ETag": f'"{key}"'})


def _thumbnails(studio: Studio, faceset: str, numbers: list[int]) -> dict[int, bytes]:
    from understudy.facesets.thumbnails import thumbnail_jpeg

    project, kept = kept_faceset(studio, faceset)
    look = kept.look(project)
    makers = {}
    for number in numbers:
        place = look.place_of_key.get(number)
        if place is not None:
            face, digest = look.table.faces[place], look.digests[place]
            makers[number] = partial(thumbnail_jpeg, kept.pictures, face, digest)
    return thumbnails_of(studio, project).of(makers)


def thumbnails_of(studio: Studio, project: Project) -> Thumbnails:
    """The thumbnails that are kept in the project's cache."""
    from understudy.facesets.thumbnails import Thumbnails

    path = project.cache_folder / "thumbnails.sqlite"
    with studio.keeping:
        if path not in studio.kept:
            studio.kept[path] = Thumbnails(path)
            studio.at_end(studio.kept[path].close)
        return studio.kept[path]


@routes.get("/picture", dependencies=[HEAVY])
def picture(studio: StudioHere, request: Request, faceset: str, name: str, v: str = "") -> Response:
    """The face's own file, as it lies in the faceset; with its key as `v` it may be kept."""
    from understudy.facesets.thumbnails import read_same

    project, kept = kept_faceset(studio, faceset)
    face, digest = kept.look(project).face(name)
    keep = FOREVER if v == key_text(digest) else "no-cache"
    headers = {"ETag": f'"{key_text(digest)}"', "Cache-Control": keep}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = "image/png" if face.name.lower().endswith(".png") else "image/jpeg"
    return Response(read_same(face.path, digest), media_type=kind, headers=headers)


@routes.get("/face", dependencies=[HEAVY])
def face(studio: StudioHere, faceset: str, name: str) -> dict[str, Any]:
    """All that is known of a face: its columns, its record without landmarks in the frame, and its landmarks,
    drawn regions and masks in its picture."""
    from understudy.facesets.curation.choose import rows_of
    from understudy.geometry import transform_points

    project, kept = kept_faceset(studio, faceset)
    look = kept.look(project)
    one, digest = look.face(name)
    record = one.record
    matrix = record.crop_matrix()
    width, height = record.picture_size
    return {
        "name": one.name,
        "key": key_text(digest),
        "columns": rows_of(look.table.part([look.place_of_name[name]]))[0],
        "picture_size": [width, height],
        "landmarks": transform_points(matrix, record.landmarks()).round(2).tolist(),
        "spread": record.spread_68,
        "frame_size": record.frame_size,
        "box": record.box_xyxy,
        "regions": [
            {"kind": drawn.kind, "points": transform_points(matrix, drawn.points).round(2).tolist()}
            for drawn in record.polygons
        ],
        "masks": sorted(record.masks),
        "person_name": record.person_name,
        "original_name": record.original_name,
        "clip_is_here": record.clip in project.manifest.clips,
    }


@routes.get("/mask", dependencies=[HEAVY])
def mask(studio: StudioHere, faceset: str, name: str, v: str = "") -> Response:
    """The mask that counts for training, as a tint over the face's picture."""
    import numpy as np
    from PIL import Image

    from understudy.facesets.face_mask import face_mask

    project, kept = kept_faceset(studio, faceset)
    one, digest = kept.look(project).face(name)
    size = one.record.size_px
    share = face_mask(one.record, one.record.crop_matrix(), size)
    rgba = np.empty((size, size, 4), np.uint8)
    rgba[..., :3] = _MASK_COLOR
    rgba[..., 3] = np.rint(110 * share)
    keep = FOREVER if v == key_text(digest) else "no-cache"
    png = io.BytesIO()
    Image.fromarray(rgba).save(png, "PNG", compress_level=1)
    return Response(png.getvalue(), media_type="image/png", headers={"Cache-Control": keep})


@routes.get("/frame", dependencies=[HEAVY])
def frame(studio: StudioHere, request: Request, faceset: str, name: str) -> Response:
    """The whole frame that a face comes from. Raises what reading the clip raises.

    A browser keeps it and asks whether it is still the one: the clip may be another by now.
    """
    from understudy.jobs.clips.color_spaces import color_space_of
    from understudy.media.images import encode_jpeg
    from understudy.media.opening import open_clip

    project, kept = kept_faceset(studio, faceset)
    record = kept.look(project).face(name)[0].record
    if record.clip not in project.manifest.clips:
        raise OptionInvalid(f"The clip {record.clip!r} is not in this project, so its frames can't be shown.")
    path, space = project.present_clip_path(record.clip), color_space_of(project, record.clip)
    headers = {"ETag": _frame_tag(path, record, space), "Cache-Control": "private, no-cache"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    with open_clip(path, space) as clip:
        found = next(iter(clip.frames(record.frame, record.frame + 1)), None)
        if found is None:
            raise OptionInvalid(f"The clip {record.clip!r} has no frame {record.frame} any more.")
        jpeg = encode_jpeg(found.rgb_8bit, quality=88)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _frame_tag(path: Path, record: FaceRecord, space: ColorSpace | None) -> str:
    """Another text as soon as the frame may be another: the clip's file, or that of the frame in a folder of
    images, has another date or size, or colours are read otherwise."""
    files = [path, path / record.source_name] if record.source_name and path.is_dir() else [path]
    stamps = [stat_of(one) for one in files]
    said = repr((str(path), record.frame, stamps, space and space.name))
    return f'"{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"'
