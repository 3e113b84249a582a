"""What may be chosen on the studio's machine, by ids: clips in the folders that `--clips` names, and projects.

A window never names a path: an id is looked up among what is listed, so that nothing else can be reached.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from understudy.errors import ClipMissing, ProjectInvalid
from understudy.facesets.names import safe_name
from understudy.media.movie_files import is_movie
from understudy.project.project import MANIFEST_NAME
from understudy.studio.lanes import HEAVY
from understudy.studio.open_studio import Studio, StudioHere
from understudy.studio.receiving import CLIP, CLIPS_FOLDER

_DEEPEST, _MOST = 6, 5000  # folders into each other, clips listed
_MOST_KNOWN = 4 * _MOST
_PICTURE_PX = 320

routes = APIRouter()


@dataclass(frozen=True)
class ClipPlace:
    """A clip that may be chosen: a movie, or a folder of images."""

    path: Path
    root: Path
    kind: Literal["movie", "images", "image"]

    @property
    def id(self) -> str:
        """What a window calls it."""
        return clip_id(self.path)


def clip_id(path: Path) -> str:
    """The id of a clip at `path`; whether it may be chosen is another matter."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def clip_places(studio: Studio) -> Iterator[ClipPlace]:
    """The clips of the project's own folder, then those of the folders that were named."""
    known = _known(studio)
    if len(known) > _MOST_KNOWN:
        known.clear()
    for root in _roots(studio):
        if root.is_dir():
            for place in _clips_below(root):
                known[place.id] = place
                yield place


def _roots(studio: Studio) -> tuple[Path, ...]:
    own = (studio.folder / CLIPS_FOLDER,) if studio.folder else ()
    return (*own, *studio.clips)


def clip_path(studio: Studio, wanted_id: str) -> Path:
    """Where a chosen clip lies. Raises ClipMissing for what isn't listed."""
    known = _known(studio).get(wanted_id)
    if known is not None and _is_there(studio, known):
        return known.path
    for place in clip_places(studio):
        if place.id == wanted_id:
            return place.path
    raise ClipMissing("This clip is not, or no longer, in the folders that the studio may look into.")


def _known(studio: Studio) -> dict[str, ClipPlace]:
    """The clips seen in the folders, by their ids, so that a picture of one walks through no folder."""
    with studio.keeping:
        return studio.kept.setdefault("clip places", {})


def _is_there(studio: Studio, place: ClipPlace) -> bool:
    """Whether a clip that was seen before would be listed now: a link may lie in its place since."""
    parts = place.path.relative_to(place.root).parts
    ways = [place.root.joinpath(*parts[: n + 1]) for n in range(len(parts))]
    is_kind = place.path.is_dir() if place.kind == "images" else place.path.is_file()
    return place.root in _roots(studio) and is_kind and not any(way.is_symlink() for way in ways)


def project_places(studio: Studio) -> list[Path]:
    """The projects of the folder where projects are looked for, the last changed first."""
    if studio.projects is None:
        return []
    found = list[tuple[float, Path]]()
    for path in studio.projects.glob(f"*/{MANIFEST_NAME}"):
        status = _status(path)
        if status and not path.parent.is_symlink():
            found.append((status.st_mtime, path.parent))
    return [folder for _, folder in sorted(found, key=lambda one: -one[0])]


def project_path(studio: Studio, wanted_id: str) -> Path:
    """The folder of a listed project; its id is the folder's name. Raises ProjectInvalid for any other."""
    for folder in project_places(studio):
        if folder.name == wanted_id:
            return folder
    raise ProjectInvalid("There is no project of this name where the studio looks for projects.")


def new_project_path(studio: Studio, name: str) -> Path:
    """Where a new project of this name will lie. Raises ProjectInvalid where there is something already."""
    if studio.projects is None:
        raise ProjectInvalid("This studio makes no projects. Start it with --projects FOLDER.")
    folder = studio.projects / safe_name(name.lstrip("."))
    if folder.exists():
        raise ProjectInvalid("There is a folder of this name already. Choose another.", folder)
    return folder


@routes.get("/clips", dependencies=[HEAVY])
def clips(studio: StudioHere) -> dict[str, Any]:
    """The clips that may be chosen, and the `endings` of files that may be sent instead."""
    here = _in_project(studio)
    found = [
        {**told, "is_in": " and ".join(here.get(place.path, ()))}
        for place, _ in zip(clip_places(studio), range(_MOST), strict=False)
        if (told := _told(place))
    ]
    folders = [folder.name for folder in studio.clips]
    return {"clips": found, "folders": folders, "endings": sorted(CLIP.suffixes())}


def _in_project(studio: Studio) -> dict[Path, list[str]]:
    """What the clips that the open project has are in it, by where they lie."""
    found = dict[Path, list[str]]()
    if studio.folder is None:
        return found
    project = studio.project()
    for name, entry in project.manifest.clips.items():
        found.setdefault(project.clip_path(name), []).append(f"{entry.role} clip {name}")
    return found


def _told(place: ClipPlace) -> dict[str, Any] | None:
    """What a window is told of a clip; nothing of one that went while the folders were listed."""
    status = _status(place.path)
    if status is None:
        return None
    return {
        "id": place.id,
        "name": place.path.name,
        "folder": "/".join((place.root.name, *place.path.relative_to(place.root).parts[:-1])),
        "kind": place.kind,
        "size_bytes": None if place.kind == "images" else status.st_size,
        "changed": status.st_mtime,
        "picture": f"places/clips/{place.id}/picture?v={status.st_mtime_ns}",
    }


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


@routes.get("/clips/{wanted_id}/picture", dependencies=[HEAVY])
def picture(studio: StudioHere, wanted_id: str, request: Request) -> Response:
    """A clip's middle frame, small. Raises what opening a clip raises."""
    path = clip_path(studio, wanted_id)
    status = _status(path)
    if status is None:
        raise ClipMissing("This clip went away just now.", path)
    etag = f'"{wanted_id}-{status.st_mtime_ns}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(_small_picture(path), media_type="image/jpeg", headers=headers)


@routes.get("/projects")
def projects(studio: StudioHere) -> dict[str, Any]:
    """The projects that may be opened, and whether new ones can be made."""
    found = [
        {
            "id": folder.name,
            "changed": status.st_mtime,
            "open": folder == studio.folder,
        }
        for folder in project_places(studio)
        if (status := _status(folder / MANIFEST_NAME))
    ]
    return {"projects": found, "can_make": studio.projects is not None}


def _small_picture(path: Path) -> bytes:
    import cv2

    from understudy.media.images import eight_bit, encode_jpeg
    from understudy.media.opening import frame_to_show, open_clip

    with open_clip(path) as clip:
        rgb = eight_bit(frame_to_show(clip, clip.info.frame_count // 2).rgb)
    scale = min(1.0, _PICTURE_PX / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return encode_jpeg(eight_bit(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)), 80)


def _clips_below(root: Path) -> Iterator[ClipPlace]:
    """Movies, and folders that hold images. Hidden ones and links are left out: a link could lead anywhere."""
    from understudy.media.images import IMAGE_SUFFIXES

    for folder, folders, files in os.walk(root):
        here = Path(folder)
        deep = len(here.relative_to(root).parts)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and deep < _DEEPEST and not (here / name).is_symlink()
        )
        shown = sorted(name for name in files if not name.startswith(".") and not (here / name).is_symlink())
        images = [name for name in shown if Path(name).suffix.lower() in IMAGE_SUFFIXES]
        if len(images) > 1 and here != root:
            yield ClipPlace(here, root, "images")
            images = []
        for name in shown:
            if name in images:
                yield ClipPlace(here / name, root, "image")
            elif is_movie(here / name):
                yield ClipPlace(here / name, root, "movie")
