"""A project's facesets as files: other sizes and face types of the faces, packs to send and to keep."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from understudy.counts import counted
from understudy.errors import OptionInvalid
from understudy.events import Events, Notice
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation.choose import Choice
from understudy.facesets.curation.pack import Pack, pack, unpack
from understudy.facesets.curation.recut import Shape, recut
from understudy.files import move_to_trash
from understudy.geometry import FACE_TYPES, FaceType
from understudy.jobs.clips.color_spaces import color_space_of
from understudy.jobs.facesets.curating import all_names, changed, looked_at
from understudy.jobs.facesets.long_sorts import chosen_told
from understudy.jobs.facesets.sets import named_or_new
from understudy.options import meant
from understudy.project.lock import exclusive
from understudy.project.project import Project


def recut_faces(
    project: Project,
    text: str,
    choice: Choice,
    *,
    size_px: int | None = None,
    face_type: str | None = None,
    dry_run: bool = False,
) -> Events:
    """Bring the chosen faces to another size or face type, from their clips' frames where these are there."""
    kinds: dict[str | None, FaceType] = {kind: kind for kind in FACE_TYPES}
    known = kinds.get(face_type)
    if face_type is not None and known is None:
        near = meant(face_type, FACE_TYPES)
        raise OptionInvalid(f"There is no face type {face_type!r}; known: {', '.join(FACE_TYPES)}.{near}")

    def clip_of(name: str) -> Path | None:
        return project.clip_path(name) if name in project.manifest.clips else None

    verb = "resize" if face_type is None else "retype"
    with changed(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
        shape = Shape(size_px, known)
        if dry_run:
            count = sum(shape.changes(face.record) for face in faces)
            yield Notice(f"{counted(count, 'face')} would be cut anew.")
            return
        yield from recut(
            desk.faceset,
            faces,
            shape,
            clip_of=clip_of,
            trash=desk.trash,
            verb=verb,
            color_space_of=partial(color_space_of, project),
        )


def pack_set(project: Project, text: str, *, out: Path | None = None) -> Events:
    """Write a faceset into one file; without a place, into the project's folder `packs`.

    A pack that is there already goes to the project's trash. Raises FacesetUnusable, PackUnreadable.
    """

    def put_away(path: Path) -> Path:
        if path.absolute().is_relative_to(project.folder.absolute()):
            return project.trash.put(path).path
        return move_to_trash(path, project.trash.folder)  # of another place, so the trash can't note from where

    with looked_at(project, text) as desk:
        path = out or project.folder / "packs" / f"{desk.name.replace('/', '-')}.tar"
        yield from pack(desk.faceset, path, put_away=put_away)


def unpack_set(project: Project, text: str, path: Path, *, dry_run: bool = False) -> Events:
    """Bring a pack's faces into a faceset, which is made where it is missing. Raises PackUnreadable."""
    with Pack(path) as opened:  # a file that is no pack makes no faceset
        opened.require_faces()
        if dry_run:
            yield _would_unpack(project, text, opened)
            return
        name = named_or_new(project, text)
    with exclusive(project.faceset_lock(name), wait_s=2.0), project.faceset(*name.split("/")) as faceset:
        yield from unpack(path, faceset, trash=project.trash.folder)


def _would_unpack(project: Project, text: str, opened: Pack) -> Notice:
    """Raises PackUnreadable, FacesUnknown."""
    if "/" in text and text not in all_names(project):  # it would be made
        opened.require_whole()
        return Notice(f"{counted(len(opened), 'face')} would be unpacked; all are whole.")
    with looked_at(project, text) as desk:
        new = opened.count_new(desk.faceset)
    there = f"; there before: {len(opened) - new}" if new < len(opened) else ""
    return Notice(f"{counted(new, 'face')} would be unpacked{there}; all are whole.")
