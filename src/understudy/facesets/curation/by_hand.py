"""One face's drawing, kept as often as a person changes it; marks; drawings carried to other faces.

What a person does on one face in one visit is one step of the history: only the first change puts the file as
it was into the trash. Not here: drawings in files (`drawings.py`), whole facesets (`masks.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from understudy.errors import MasksFull
from understudy.events import Events
from understudy.facesets.curation.history import History
from understudy.facesets.curation.rewriting import Rewritten, keep_measures, rewrite, with_record
from understudy.facesets.painted import grey_of_layer, layer_of
from understudy.facesets.record import FaceRecord, PaintedLayer, Polygon
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import write_bytes
from understudy.geometry import compose, inverse, transform_points, unit_from_frame

Mark = Literal["", "confirmed", "skipped"]
_VERB = "draw"
_SMALLEST_PX = 64  # of a painted layer
_IDENTITY = {
    "clip",
    "frame",
    "time_s",
    "source_name",
    "frame_size",
    "box_xyxy",
    "landmarks_68",
    "crop_from_frame",
    "size_px",
}


@dataclass(frozen=True)
class DrawnFace:
    """What a person drew, painted and said on one face. Regions are in frame pixels."""

    polygons: tuple[Polygon, ...] = ()
    painted: PaintedLayer | None = None
    mark: Mark = ""

    @classmethod
    def of(cls, record: FaceRecord) -> Self:
        """What stands in a record."""
        return cls(tuple(record.polygons), record.painted, record.drawing_mark)

    def within(self, record: FaceRecord) -> FaceRecord:
        """A record with this in it; includes come first, as they are filled first."""
        ordered = sorted(self.polygons, key=lambda polygon: polygon.kind != "include")
        update = {"polygons": ordered, "painted": self.painted, "drawing_mark": self.mark}
        return record.model_copy(update=update)


def revision_of(record: FaceRecord) -> str:
    """Another text for another drawing, and for another face, which may have the same name elsewhere."""
    drawn = DrawnFace.of(record)
    parts = [polygon.model_dump_json() for polygon in drawn.polygons]
    parts += [drawn.painted.model_dump_json() if drawn.painted else "", drawn.mark]
    parts.append(record.model_dump_json(include=_IDENTITY))
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def keep_drawing(
    faceset: Faceset, face: StoredFace, drawn: DrawnFace, *, trash: Path, visit: str
) -> StoredFace:
    """Put a drawing into a face; changes of the same `visit` that follow each other are one step.

    Raises MasksFull, ImageUnreadable, DiskFull, FolderUnwritable.
    """
    record = drawn.within(face.record)
    if record == face.record:
        return face
    made = with_record(face, record)
    keep_measures(faceset, made.measured)
    history = History(faceset.folder, trash)
    command = f"{visit} {face.name}" if visit else ""
    is_overwritten = _goes_on(history, command)
    if is_overwritten:
        write_bytes(face.path, made.data)  # the file from before the visit lies in the trash already
    else:
        with history.change(_VERB, f"draw on {face.name}", command=command) as change:
            change.remove(face.name)
            change.add(face.name, made.data)
    faceset.look_at([face.name])
    if is_overwritten:  # the drawing before is nowhere any more, unless somebody made a copy beside it
        gone = {old for old, _ in made.measured}.difference(faceset.digests().values())
        faceset.index().forget_measures(gone, carried=True)
    return faceset.face(face.name)


def _goes_on(history: History, command: str) -> bool:
    last = next(iter(history.to_undo()), None)
    return bool(command) and last is not None and not history.can_redo and last.entries[-1].command == command


def fitting(face: StoredFace, drawn: DrawnFace) -> DrawnFace:
    """The drawing with what was painted as fine as the face's file has room for. Raises MasksFull."""
    while True:
        try:
            with_record(face, drawn.within(face.record))
        except MasksFull:
            coarser = _coarser(drawn)
            if coarser is None:
                raise
            drawn = coarser
        else:
            return drawn


def _coarser(drawn: DrawnFace) -> DrawnFace | None:
    layer = drawn.painted
    if layer is None or layer.size_px <= _SMALLEST_PX:
        return None
    grey = grey_of_layer(layer)
    smaller = layer_of(grey, layer.layer_from_frame, layer.size_px, largest_px=layer.size_px // 2)
    return DrawnFace(drawn.polygons, smaller, drawn.mark)


def carried(giver: FaceRecord, taker: FaceRecord) -> DrawnFace:
    """What is drawn on one face, as it lies on another: both are laid on the mean face by their landmarks."""
    taker_from_giver = compose(inverse(unit_from_frame(taker.landmarks())), unit_from_frame(giver.landmarks()))
    polygons = tuple(
        polygon.model_copy(update={"points": _rounded(transform_points(taker_from_giver, polygon.points))})
        for polygon in giver.polygons
    )
    layer = giver.painted
    if layer is not None:
        matrix = compose(layer.layer_from_frame, inverse(taker_from_giver))
        rows = np.round(matrix, 9).tolist()
        layer = layer.model_copy(update={"layer_from_frame": rows})
    return DrawnFace(polygons, layer)


def _rounded(points: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(round(float(x), 2), round(float(y), 2)) for x, y in points]


def carry(faceset: Faceset, giver: StoredFace, faces: Sequence[StoredFace], *, trash: Path) -> Events:
    """Give faces what is drawn on another one, laid where their own landmarks are."""

    def records() -> Iterator[Rewritten]:
        for face in faces:
            if face.name == giver.name:
                yield face, face.record
            else:
                yield face, carried(giver.record, face.record).within(face.record)

    words = f"carry the drawing of {giver.name} to"
    return rewrite(faceset, records(), total=len(faces), trash=trash, verb="carry", words=words)


def mark(faceset: Faceset, faces: Sequence[StoredFace], said: Mark, *, trash: Path) -> Events:
    """Note of faces that their drawing is right (confirmed), that they are left out (skipped), or neither."""

    def records() -> Iterator[Rewritten]:
        for face in faces:
            yield face, face.record.model_copy(update={"drawing_mark": said})

    words = f"mark as {said}" if said else "take the mark off"
    return rewrite(faceset, records(), total=len(faces), trash=trash, verb="mark", words=words)
