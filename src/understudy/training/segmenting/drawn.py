"""The faces a segmenter learns from: those that are drawn on, with what is face and what covers it.

Few enough to lie in memory. Images are the segmenter's crops with a margin around them, so that they can be
turned and shifted. Not here: what is done to them (`variety.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.errors import FacesetUnusable, ImageUnreadable
from understudy.facesets.face_mask import drawn_mask, face_mask, mask_that_counts
from understudy.facesets.painted import Painted, painted, painted_over
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import FaceType, compose, crop_from_frame, inverse, transform_points
from understudy.masks.hull import hull_mask
from understudy.masks.own import laid_back, square
from understudy.masks.segmenter import Segmenter
from understudy.training.feeding.cache import margin_px
from understudy.training.segmenting.options import FaceCut

UInt8 = npt.NDArray[np.uint8]
Named = tuple[str, Faceset]  # PERFORMER/NAME and the faceset
_COVERS_ENOUGH = 0.03  # share of the hull from which on something is said to cover a face


@dataclass(frozen=True, eq=False)
class DrawnFaces:
    """n faces; pictures and masks have side `size_px` + 2·`margin`."""

    images_NHWC: UInt8  # RGB
    masks_NHW: UInt8  # what is face: 0 to 255
    covers_NHW: UInt8  # what lies before it: 0 to 255
    is_covered_N: npt.NDArray[np.bool_]  # enough to be laid over others
    landmarks_N682: npt.NDArray[np.float64]  # in pixels of the crop without its margin
    is_pictured_NHW: npt.NDArray[np.bool_]  # inside the face's own picture; black lies beyond it
    names: tuple[str, ...]  # PERFORMER/NAME/FILE
    size_px: int
    margin: int

    def __len__(self) -> int:
        return len(self.names)

    def of(self, places: Sequence[int]) -> DrawnFaces:
        """Some of them, in this order."""
        chosen = np.array(places, int)
        return DrawnFaces(
            self.images_NHWC[chosen],
            self.masks_NHW[chosen],
            self.covers_NHW[chosen],
            self.is_covered_N[chosen],
            self.landmarks_N682[chosen],
            self.is_pictured_NHW[chosen],
            tuple(self.names[place] for place in places),
            self.size_px,
            self.margin,
        )

    def inner(self) -> tuple[UInt8, UInt8]:
        """Images and masks without their margin: (n, size, size, 3) and (n, size, size)."""
        inside = self._inside
        return self.images_NHWC[:, inside, inside], self.masks_NHW[:, inside, inside]

    def inner_pictured(self) -> npt.NDArray[np.bool_]:
        """What of those lies inside the faces' own pictures, (n, size, size)."""
        return self.is_pictured_NHW[:, self._inside, self._inside]

    @property
    def _inside(self) -> slice:
        return slice(self.margin, self.margin + self.size_px)


def faces_to_learn_from(facesets: Sequence[Named]) -> tuple[list[tuple[str, Faceset, StoredFace]], bool]:
    """The faces that are drawn on, or whose mask a person confirmed; where none is, those with a stored mask.
    True where they are drawn on. Faces that are marked as skipped are left out.

    Raises FacesetUnusable where there is neither.
    """
    faces = [
        (name, faceset, face)
        for name, faceset in facesets
        for face in faceset.faces()
        if not face.record.done.is_skipped
    ]
    drawn = [entry for entry in faces if entry[2].record.teaches_masks]
    masked = [entry for entry in faces if entry[2].record.masks]
    if not drawn and not masked:
        raise FacesetUnusable(
            "Nothing is drawn on any face here, so there is nothing to learn. Fetch some with "
            "`understudy masks fetch --undrawn`, draw on 20 to 50, and bring them back with `masks draw`."
        )
    return (drawn, True) if drawn else (masked, False)


def usual_face_type(faces: Sequence[tuple[str, Faceset, StoredFace]], wish: FaceCut) -> FaceType:
    """The face type wished for: as drawn is the head where most of the faces are heads, or else whole, which
    the face network knows best."""
    if wish != "as-drawn":
        return wish
    kinds: Counter[FaceType] = Counter(face.record.face_type for _, _, face in faces)
    usual = kinds.most_common(1)[0][0]
    return usual if usual in ("head", "head-no-align") else "whole"


def read_drawn(
    faces: Sequence[tuple[str, Faceset, StoredFace]],
    *,
    face_type: FaceType,
    size_px: int,
    stock: Segmenter,
    on_broken: Callable[[str], None],
) -> DrawnFaces:
    """Read faces to learn from. Where only covers are drawn, the rest is as the mask or `stock` has it.

    A face whose picture can't be read is left out and told to `on_broken`. Raises FacesetUnusable where none is
    left.
    """
    entries = list(_entries(faces, face_type, size_px, stock, on_broken))
    if not entries:
        raise FacesetUnusable("None of the faces that are drawn on can be read.")
    names, images, masks, covers, covered, points, pictured = zip(*entries, strict=True)
    return DrawnFaces(
        np.stack(images),
        np.stack(masks),
        np.stack(covers),
        np.array(covered),
        np.stack(points),
        np.stack(pictured),
        names,
        size_px,
        margin_px(size_px),
    )


_Entry = tuple[str, UInt8, UInt8, UInt8, bool, npt.NDArray[np.float64], npt.NDArray[np.bool_]]


def _entries(
    faces: Sequence[tuple[str, Faceset, StoredFace]],
    face_type: FaceType,
    size_px: int,
    stock: Segmenter,
    on_broken: Callable[[str], None],
) -> Iterator[_Entry]:
    margin = margin_px(size_px)
    whole_px = size_px + 2 * margin
    for name, faceset, face in faces:
        try:
            picture, record = faceset.crop_of(face)
        except ImageUnreadable as error:
            on_broken(f"{face.name} is left out: {error.message}")
            continue
        matrix = crop_from_frame(record.landmarks(), face_type=face_type, size_px=size_px)
        matrix[:, 2] += margin
        from_picture = compose(matrix, inverse(record.crop_matrix()))
        image = square(picture, from_picture, whole_px)
        pictured = square(np.full_like(picture, 255), from_picture, whole_px)[..., 0] == 255
        mask = _mask(record, picture, matrix, whole_px, stock)
        points = transform_points(matrix, record.landmarks())
        hull = hull_mask(points, whole_px, whole_px)
        cover = _cover(record, matrix, whole_px, hull * (1 - mask))
        enough = float((cover * hull).sum()) > _COVERS_ENOUGH * float(hull.sum())
        yield f"{name}/{face.name}", image, _bytes(mask), _bytes(cover), enough, points - margin, pictured


def _mask(
    record: FaceRecord, picture: UInt8, matrix: npt.NDArray[np.float64], whole_px: int, stock: Segmenter
) -> npt.NDArray[np.float32]:
    only_excluded = not any(polygon.kind == "include" for polygon in record.polygons)
    if not only_excluded or mask_that_counts(record):
        return face_mask(record, matrix, whole_px)
    points = transform_points(record.crop_matrix(), record.landmarks())
    (seen,) = stock.segment(picture[None], points[None])
    laid = laid_back(seen, compose(record.crop_matrix(), inverse(matrix)), whole_px)
    excluded = drawn_mask(record, matrix, whole_px, "exclude")
    laid = laid if excluded is None else np.minimum(laid, 1 - excluded)
    return painted_over(laid, painted(record, matrix, whole_px))


def _cover(
    record: FaceRecord, matrix: npt.NDArray[np.float64], whole_px: int, not_face_HW: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """What lies before the face: what is excluded, or else what is inside the landmarks' hull and no face."""
    excluded, layer = drawn_mask(record, matrix, whole_px, "exclude"), painted(record, matrix, whole_px)
    if layer is None:
        return not_face_HW if excluded is None else excluded
    return layer.none_HW if excluded is None else painted_over(excluded, Painted(layer.none_HW, layer.face_HW))


def _bytes(mask_HW: npt.NDArray[np.float32]) -> UInt8:
    return np.rint(np.clip(mask_HW, 0, 1) * 255).astype(np.uint8)


def held_out_places(
    names: Sequence[str], share: float, before: Sequence[str], *, learned: Collection[str] = ()
) -> list[int]:
    """Which faces are held out: those that were before and still are here, and evenly more up to the share, of
    those that were never `learned` from as far as there are any."""
    count = 0 if len(names) < _FEWEST_TO_HOLD_OUT else max(1, round(len(names) * share)) if share else 0
    held = [place for place, name in enumerate(names) if name in set(before)][:count]
    for are_new in (True, False):
        others = [p for p in range(len(names)) if p not in set(held) and (names[p] not in learned) == are_new]
        missing = min(count - len(held), len(others))
        held += [others[(2 * k + 1) * len(others) // (2 * missing)] for k in range(missing)]
    return sorted(held)


_FEWEST_TO_HOLD_OUT = 6
