"""Drawing on the faces of a faceset, one after the other: what is on each, kept as it is changed.

Not here: drawings that come as files, segmenters (`jobs.facesets.masks`), how a drawing stands in a face
(`facesets.curation.by_hand`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import DrawingChanged, OptionInvalid
from understudy.events import Events, Notice
from understudy.facesets.curation import by_hand
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation.by_hand import DrawnFace, Mark, revision_of
from understudy.facesets.curation.choose import Choice
from understudy.facesets.face_mask import face_mask as mask_of_record
from understudy.facesets.face_mask import mask_seen, record_hull
from understudy.facesets.painted import grey_of, layer_of
from understudy.facesets.record import FaceRecord, Polygon
from understudy.facesets.store import Faceset
from understudy.geometry import inverse, transform_points
from understudy.jobs.facesets.curating import changed, looked_at
from understudy.jobs.facesets.long_sorts import chosen_told
from understudy.options import meant
from understudy.project.project import Project

UInt8 = npt.NDArray[np.uint8]
Kind = Literal["include", "exclude"]
MARKS: tuple[Mark, ...] = ("", "confirmed", "skipped")


@dataclass(frozen=True, eq=False)
class FaceDrawing:
    """A drawing as it lies on the square picture of a face, `size_px` wide. Regions are in its pixels."""

    name: str
    size_px: int
    regions: tuple[tuple[Kind, npt.NDArray[np.float64]], ...]
    grey_HW: UInt8 | None  # what was painted: 255 is face, 0 is none, 128 is neither
    mark: Mark
    masks: tuple[str, ...]  # names of the masks that are stored in it
    revision: str  # another text when it was changed, and for another face


def drawing_of(project: Project, text: str, name: str, *, opened: Faceset | None = None) -> FaceDrawing:
    """What is drawn on a face. Raises FacesUnknown, ImageUnreadable."""
    with looked_at(project, text, opened) as desk:
        face = desk.faceset.face(name)
        _, cut = desk.faceset.crop_of(face)
        return _shown(face.record, cut, name)


def _shown(record: FaceRecord, cut: FaceRecord, name: str) -> FaceDrawing:
    matrix = cut.crop_matrix()
    regions: list[tuple[Kind, npt.NDArray[np.float64]]] = [
        (one.kind, transform_points(matrix, one.points)) for one in record.polygons
    ]
    return FaceDrawing(
        name=name,
        size_px=cut.size_px,
        regions=tuple(regions),
        grey_HW=grey_of(record, matrix, cut.size_px),
        mark=record.drawing_mark,
        masks=tuple(record.masks),
        revision=revision_of(record),
    )


def keep(
    project: Project,
    text: str,
    wish: FaceDrawing,
    *,
    visit: str = "",
    force: bool = False,
    opened: Faceset | None = None,
) -> FaceDrawing:
    """Put a drawing into its face, in place of the one of `wish.revision`; returns what is there now.

    Changes of one `visit` are one step of the faceset's history. Raises DrawingChanged when another one is
    there meanwhile and not `force`, FacesUnknown, MasksFull, and OptionInvalid for a drawing of another size.
    """
    with changed(project, text, opened, only=[wish.name]) as desk:
        face = desk.faceset.face(wish.name)
        there = revision_of(face.record)
        _, cut = desk.faceset.crop_of(face)
        drawn = by_hand.fitting(face, _in_frame(wish, cut))
        is_there = revision_of(drawn.within(face.record)) == there  # it was sent twice
        if wish.revision != there and not force and not is_there:
            raise DrawingChanged(
                "This face was drawn on elsewhere meanwhile, or another one has its name now. Look at what is "
                "there; yours can be put over it.",
                face.path,
            )
        face = by_hand.keep_drawing(desk.faceset, face, drawn, trash=desk.trash, visit=visit)
        return _shown(face.record, cut, face.name)


def _in_frame(wish: FaceDrawing, cut: FaceRecord) -> DrawnFace:
    if wish.size_px != cut.size_px:
        raise OptionInvalid(
            f"This was drawn on a picture of {wish.size_px} pixels; the face has {cut.size_px}. Look anew."
        )
    frame_from_crop = inverse(cut.crop_matrix())
    polygons = tuple(
        Polygon(kind=kind, points=[_rounded(point) for point in transform_points(frame_from_crop, points)])
        for kind, points in wish.regions
    )
    layer = None if wish.grey_HW is None else layer_of(wish.grey_HW, cut.crop_matrix(), cut.size_px)
    return DrawnFace(polygons, layer, wish.mark)


def _rounded(point: npt.NDArray[np.float64]) -> tuple[float, float]:
    return round(float(point[0]), 2), round(float(point[1]), 2)


def carried(
    project: Project, text: str, giver: str, taker: str, *, opened: Faceset | None = None
) -> FaceDrawing:
    """What is drawn on one face as it would lie on another, which stays as it is. Raises FacesUnknown."""
    with looked_at(project, text, opened) as desk:
        given, taken = desk.faceset.face(giver), desk.faceset.face(taker)
        _, cut = desk.faceset.crop_of(taken)
        record = by_hand.carried(given.record, taken.record).within(taken.record)
        return _shown(record, cut, taker)


def carry(
    project: Project,
    text: str,
    giver: str,
    choice: Choice,
    *,
    dry_run: bool = False,
    opened: Faceset | None = None,
) -> Events:
    """Give the chosen faces what is drawn on another one, laid where their landmarks are."""
    with changed(project, text, opened, only=[giver, *choice.names] if choice.names else ()) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        given = desk.faceset.face(giver)
        if not given.record.is_drawn_on:
            raise OptionInvalid(f"Nothing is drawn on {giver}, so there is nothing to carry.")
        faces = yield from chosen_told(desk.faceset, choice)
        if dry_run:
            yield Notice(f"{counted(len(faces), 'face')} would get what is drawn on {giver}.")
            return
        yield from by_hand.carry(desk.faceset, given, faces, trash=desk.trash)


def mark(
    project: Project,
    text: str,
    said: Mark,
    choice: Choice,
    *,
    dry_run: bool = False,
    opened: Faceset | None = None,
) -> Events:
    """Note of the chosen faces that their drawing is right, or that they are left out, or neither."""
    with changed(project, text, opened, only=choice.names) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
        if dry_run:
            what = f"be marked as {said}" if said else "lose their mark"
            yield Notice(f"{counted(len(faces), 'face')} would {what}.")
            return
        yield from by_hand.mark(desk.faceset, faces, said, trash=desk.trash)


def picture_and_record(
    project: Project, text: str, name: str, *, opened: Faceset | None = None
) -> tuple[UInt8, FaceRecord, FaceRecord]:
    """The square picture of a face, the record of that square, and its own record."""
    with looked_at(project, text, opened) as desk:
        face = desk.faceset.face(name)
        return *desk.faceset.crop_of(face), face.record


def mask_there(record: FaceRecord, cut: FaceRecord, name: str) -> UInt8:
    """A mask that needs no network, as it lies on the face's square, (size, size), 0 to 255.

    `name` is drawn (what counts, with all drawn over it), base (the same before a person drew), hull, or that
    of a mask stored in the face. Raises OptionInvalid.
    """
    matrix, size_px = cut.crop_matrix(), cut.size_px
    if name in record.masks:
        return mask_seen(record.masks[name], matrix, size_px)
    if name not in ("drawn", "base", "hull"):
        there, near = ", ".join(record.masks) or "none", meant(name, record.masks)
        raise OptionInvalid(f"This face has no mask of {name!r}; there are {there}.{near}")
    if name == "base":
        record = DrawnFace().within(record)
    mask = record_hull(record, matrix, size_px) if name == "hull" else mask_of_record(record, matrix, size_px)
    return np.rint(np.clip(mask, 0, 1) * 255).astype(np.uint8)
