"""Masks and drawn regions put into faces and taken out again: each command is one step of the history.

What a person drew always wins over a mask (`face_mask.py`), so both may be in a face. Not here: who segments
(`masks.segmenter`), how a drawing stands in a file (`drawings.py`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from understudy.errors import MasksFull
from understudy.events import Events
from understudy.facesets.curation.rewriting import Rewritten, rewrite, with_record
from understudy.facesets.record import FaceRecord, PaintedLayer, Polygon, StoredMask
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import resized_crop, transform_points
from understudy.masks.segmenter import Segmenter
from understudy.media.images import encode_png

MASK_PX = 256  # the side of an applied mask, as XSeg has it
_SMALLEST_MASK_PX = 64
_BATCH = 8  # faces that a segmenter sees at once


def draw(
    faceset: Faceset,
    drawn: Mapping[str, Sequence[Polygon]],
    *,
    trash: Path,
    painted: Mapping[str, PaintedLayer] = {},
    keep_others: bool = False,
) -> Events:
    """Give faces, by name, the regions drawn on them: instead of those they have, or beside them.

    What is `painted` on a face replaces what was painted there; where nothing is, that stays.
    """

    def records() -> Iterator[Rewritten]:
        for face in faceset.faces():
            if face.name in drawn:
                before = face.record.polygons if keep_others else []
                both = [*before, *(polygon for polygon in drawn[face.name] if polygon not in before)]
                ordered = sorted(both, key=lambda polygon: polygon.kind != "include")
                layer = painted.get(face.name, face.record.painted)
                record = face.record.model_copy(update={"polygons": ordered, "painted": layer})
                with_record(face, record)  # refused here, it does not take a whole piece along
                yield face, record

    return rewrite(faceset, records(), total=len(drawn), trash=trash, verb="draw", words="draw on")


def apply_masks(
    faceset: Faceset,
    faces: Sequence[StoredFace],
    segmenter: Segmenter,
    *,
    name: str,
    made_by: str,
    trash: Path,
) -> Events:
    """Write what a segmenter sees into each face, under its name; from then on that mask counts.

    Faces that have the mask of the same state `made_by` of the segmenter are not looked at again. Raises
    ImageUnreadable, MasksFull, DiskFull, FolderUnwritable.
    """

    def records() -> Iterator[Rewritten]:
        todo = [face for face in faces if not _has(face.record, name, made_by)]
        for face in faces:
            if _has(face.record, name, made_by):
                yield face, _counting(face.record, name)
        for start in range(0, len(todo), _BATCH):
            batch = todo[start : start + _BATCH]
            for face, mask, cut in _segmented(faceset, batch, segmenter):
                yield face, _with_mask(face, mask, cut, name=name, made_by=made_by)

    return rewrite(
        faceset, records(), total=len(faces), trash=trash, verb="apply", words=f"apply masks of {name} to"
    )


def remove_masks(faceset: Faceset, faces: Sequence[StoredFace], *, name: str, trash: Path) -> Events:
    """Take a mask out of faces, or all masks where no name is given. What was drawn by hand stays."""

    def records() -> Iterator[Rewritten]:
        for face in faces:
            kept = {other: mask for other, mask in face.record.masks.items() if name not in ("", other)}
            used = face.record.mask_used if face.record.mask_used in kept else ""
            yield face, face.record.model_copy(update={"masks": kept, "mask_used": used})

    words = f"take masks{f' of {name}' if name else ''} out of"
    return rewrite(faceset, records(), total=len(faces), trash=trash, verb="remove", words=words)


def remove_polygons(faceset: Faceset, faces: Sequence[StoredFace], *, trash: Path) -> Events:
    """Take all that was drawn and painted out of faces. Their masks stay."""

    def records() -> Iterator[Rewritten]:
        for face in faces:
            yield face, face.record.model_copy(update={"polygons": [], "painted": None})

    words = "take drawn regions out of"
    return rewrite(faceset, records(), total=len(faces), trash=trash, verb="remove", words=words)


def _has(record: FaceRecord, name: str, made_by: str) -> bool:
    return name in record.masks and record.masks[name].made_by == made_by


def _counting(record: FaceRecord, name: str) -> FaceRecord:
    return record.model_copy(update={"mask_used": name})


def _segmented(
    faceset: Faceset, faces: Sequence[StoredFace], segmenter: Segmenter
) -> Iterator[tuple[StoredFace, npt.NDArray[np.float32], FaceRecord]]:
    """Every face with its mask and the record of the crop that was looked at; crops of one size together."""
    by_size: dict[int, list[tuple[StoredFace, npt.NDArray[np.uint8], FaceRecord]]] = {}
    for face in faces:
        picture, record = faceset.crop_of(face)
        by_size.setdefault(len(picture), []).append((face, picture, record))
    for group in by_size.values():
        points = [transform_points(record.crop_matrix(), record.landmarks()) for _, _, record in group]
        masks = segmenter.segment(np.stack([picture for _, picture, _ in group]), np.stack(points))
        for (face, _, record), mask in zip(group, masks, strict=True):
            yield face, mask, record


def _with_mask(
    face: StoredFace, mask_HW: npt.NDArray[np.float32], cut: FaceRecord, *, name: str, made_by: str
) -> FaceRecord:
    """The face's record with a mask as fine as its file has room for."""
    size_px = MASK_PX
    while True:
        try:
            masks = {**face.record.masks, name: _stored(mask_HW, cut, size_px, made_by)}
            record = face.record.model_copy(update={"masks": masks, "mask_used": name})
            with_record(face, record)
        except (MasksFull, ValidationError):
            if size_px <= _SMALLEST_MASK_PX:
                raise
            size_px //= 2
        else:
            return record


def _stored(mask_HW: npt.NDArray[np.float32], cut: FaceRecord, size_px: int, made_by: str) -> StoredMask:
    shrinks = size_px < len(mask_HW)
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    grey = cv2.resize(mask_HW.astype(np.float32), (size_px, size_px), interpolation=how)
    matrix = resized_crop(cut.crop_matrix(), from_px=len(mask_HW), to_px=size_px)
    png = encode_png(np.rint(np.clip(grey, 0, 1) * 255).astype(np.uint8))
    return StoredMask(
        size_px=size_px,
        mask_from_frame=np.round(matrix, 9).tolist(),
        png_base64=base64.b64encode(png).decode("ascii"),
        made_by=made_by,
    )
