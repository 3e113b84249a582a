"""Everything known about a faceset's faces as columns, one value a face, in the order of `faceset.faces()`.

Not here: measuring (`measure.py`), orders (`sorts.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.faces.openings import openings
from understudy.facesets.index import NUMBERS
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.pixels import THUMBNAIL_PX, VERSION
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import MEAN_FACE_51_IN_UNIT

Column = npt.NDArray[Any]
Float32 = npt.NDArray[np.float32]
Columns = Mapping[str, Column]
_RowOf = Mapping[bytes, list[int]]

_RECORD_FIELDS = (
    "clip", "frame", "time_s", "score", "face_type", "size_px", "yaw_deg", "pitch_deg", "roll_deg", "track",
    "person", "filled", "source_name",
)  # fmt: skip
_VECTOR_SHAPES = {
    "histogram": (768, "<f2"),
    "grey_histogram": (256, "<f2"),
    "thumbnail": (THUMBNAIL_PX**2, "u1"),
    "identity": (128, "<f4"),
}
IDENTITY_MAKER = "sface"  # of `faces.identity.EMBEDDERS`
# Points 17-47 and the mouth's corners: those that aligning a crop listens to.
_STEADY_POINTS = np.array([*range(17, 48), 48, 54])

# What each column means; `list` shows it, and filters name it.
COLUMNS: dict[str, str] = {
    "name": "File name.",
    "clip": "Name of the clip.",
    "frame": "Index of the frame in the clip.",
    "time_s": "Seconds from the clip's start.",
    "score": "The detector's confidence, 0 to 1.",
    "face_type": "How much around the face the crop shows.",
    "size_px": "Side of the crop.",
    "yaw_deg": "Positive turns the face to the image's right.",
    "pitch_deg": "Positive looks up.",
    "roll_deg": "Positive turns the head clockwise in the image.",
    "track": "Which continuous appearance in the clip.",
    "person": "Which person of the clip.",
    "filled": "Placed by its neighbours in time, because no detector found it.",
    "source_name": "Name of the frame's file, where the clip is a folder of images.",
    "source_size_px": "Side of the face's box in the frame: the square root of its area.",
    "faces_in_frame": "How many faces of this faceset come from the same frame.",
    "polygons": "How many regions are drawn by hand.",
    "painted": "Something was painted on it by hand.",
    "drawing_mark": "What a person said of its drawing: confirmed, skipped, or nothing.",
    "masks": "How many masks are stored.",
    "mask_names": "Their names, with commas between.",
    "distance": "Mean distance of the landmarks from the mean face, in shares of the face's side.",
    "eyes_open": "Gap between the lids, mean of both eyes, in shares of the face's side.",
    "mouth_open": "Gap between the inner edges of the lips, in shares of the face's side.",
    "sharpness": "How much detail there is: 1 fills a crop of 256 pixels, 0.5 one of 128.",
    "blur_px": "Width of the face's sharper edges, in pixels of a crop of 256.",
    "motion_sharpness": "Variance of the face's coarse Laplacian.",
    "brightness": "Mean of the face's brightest channel, 0 to 1.",
    "hue_deg": "Hue of the face's mean colour, 0 to 360.",
    "black_share": "Share of the crop that is black or lies outside the frame, 0 to 1.",
    "light_side": "How much brighter the face is to the image's right, as a share of its mean.",
    "light_height": "How much brighter the face is upwards, as a share of its mean.",
    "light": "How directed the light is: the length of both.",
    "stranger": "How unlike the faceset's usual person: 0 the same, 1 nothing in common; after `identity`.",
    "light_deg": "Where the light comes from: 0 the image's right, 90 above, 180 left, -90 below.",
}


@dataclass(frozen=True, eq=False)
class Table:
    """Faces, their columns and, on demand, their vectors."""

    faces: list[StoredFace]
    columns: Columns
    _faceset: Faceset | None = field(default=None, repr=False)
    digests: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    _landmarks: Float32 | None = field(default=None, repr=False)  # (n, 136) where they are at hand

    def replaced(
        self,
        faces: list[StoredFace],
        columns: Columns,
        digests: Mapping[str, bytes],
        landmarks: Float32,
    ) -> Table:
        """Another table of the same faceset."""
        return Table(faces, columns, self._faceset, digests, landmarks)

    def part(self, places: Sequence[int]) -> Table:
        """The faces at some places alone, in that order."""
        wanted = np.asarray(places, np.intp)
        columns = {name: column[wanted] for name, column in self.columns.items()}
        landmarks = None if self._landmarks is None else self._landmarks[wanted]
        return Table([self.faces[place] for place in wanted], columns, self._faceset, self.digests, landmarks)

    def vectors(self, kind: str) -> tuple[Float32, npt.NDArray[np.intp]]:
        """Vectors (m, d) of the faces that have one, and these faces' places (m,), ascending.

        Kinds: `histogram`, `grey_histogram` (square roots of shares), `thumbnail` (0..255), `landmarks`, the 68
        points on the unit square one after another, and `identity`, unit vectors of who it is.
        """
        if kind == "landmarks":
            known = self._landmarks
            if known is None:
                in_unit = landmarks_in_unit([face.record for face in self.faces])
                known = in_unit.reshape(len(self.faces), 136).astype(np.float32)
            return known, np.arange(len(self.faces))
        if self._faceset is None or not self.faces:
            return np.empty((0, _VECTOR_SHAPES[kind][0]), np.float32), np.empty(0, np.intp)
        return _kept_vectors(self._faceset, _rows_by_digest(self.digests, self.faces), kind, len(self.faces))


def table_of(faceset: Faceset) -> Table:
    """The faceset's faces with all that is known about them; what was not measured is NaN."""
    faces, digests = faceset.faces(), faceset.digests()
    records = [face.record for face in faces]
    found = record_columns([face.name for face in faces], records, landmarks_in_unit(records))
    return whole_table(faceset, faces, found, digests)


def whole_table(
    faceset: Faceset,
    faces: list[StoredFace],
    from_records: Mapping[str, Column],
    digests: Mapping[str, bytes],
    landmarks: Float32 | None = None,
) -> Table:
    """A table of what the records say, and what was measured beside it."""
    columns = dict(from_records)
    places = list(zip(columns["clip"].tolist(), columns["frame"].tolist(), strict=True))
    in_frame = Counter(places)
    columns["faces_in_frame"] = np.array([in_frame[place] for place in places], int)
    columns |= _measured_columns(faceset, _rows_by_digest(digests, faces), len(faces))
    return Table(faces, {name: columns[name] for name in COLUMNS}, faceset, digests, landmarks)


def columns(faceset: Faceset) -> Columns:
    """One array a name of COLUMNS, aligned with `faceset.faces()`; what was not measured is NaN."""
    return table_of(faceset).columns


def landmarks_in_unit(records: Sequence[FaceRecord]) -> npt.NDArray[np.float64]:
    """Landmarks (n, 68, 2) of all faces, each brought to the mean face in the unit square.

    The same as `geometry.unit_from_frame` and `transform_points` one by one. A similarity of the plane is a
    complex factor, and least squares gives it in closed form (Umeyama's fit without its singular values).
    """
    numbers = chain.from_iterable(chain.from_iterable(record.landmarks_68 for record in records))
    points = np.fromiter(numbers, float, 136 * len(records)).reshape(-1, 68, 2)  # quicker than np.array
    start = points[:, _STEADY_POINTS] @ [1, 1j]
    goal = MEAN_FACE_51_IN_UNIT[_STEADY_POINTS - 17] @ [1, 1j]
    from_start, from_goal = start - start.mean(1, keepdims=True), goal - goal.mean()
    spread = np.maximum((np.abs(from_start) ** 2).sum(1), 1e-12)
    factor = (from_start.conj() * from_goal).sum(1) / spread
    placed = (points @ [1, 1j] - start.mean(1, keepdims=True)) * factor[:, None] + goal.mean()
    return np.stack([placed.real, placed.imag], axis=-1)


def record_columns(
    names: Sequence[str], records: Sequence[FaceRecord], in_unit: npt.NDArray[np.float64]
) -> dict[str, Column]:
    """The columns that faces' records say; `in_unit` is what `landmarks_in_unit` makes of them."""
    found: dict[str, Column] = {"name": texts(names)}
    for name in _RECORD_FIELDS:
        values = [getattr(record, name) for record in records]
        found[name] = texts(values) if name in ("clip", "face_type", "source_name") else np.array(values)
    boxes = np.array([record.box_xyxy for record in records], float).reshape(-1, 4)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    found["source_size_px"] = np.sqrt(sides[:, 0] * sides[:, 1])
    found["polygons"] = np.array([len(record.polygons) for record in records], int)
    found["painted"] = np.array([record.painted is not None for record in records], bool)
    found["drawing_mark"] = texts([record.drawing_mark for record in records])
    found["masks"] = np.array([len(record.masks) for record in records], int)
    found["mask_names"] = texts([",".join(record.masks) for record in records])
    offset = in_unit[:, 17:] - MEAN_FACE_51_IN_UNIT
    found["distance"] = np.sqrt((offset**2).sum(-1)).mean(-1)
    found["eyes_open"], found["mouth_open"] = openings(in_unit)
    return found


def _measured_columns(faceset: Faceset, row_of: _RowOf, count: int) -> dict[str, Column]:
    values = np.full((count, len(NUMBERS)), np.nan)
    if count:
        for digest, numbers in faceset.index().measures(VERSION).items():
            rows = row_of.get(digest)
            if rows is not None:
                values[rows] = np.array(numbers, float)  # None becomes NaN
    return number_columns(values) | {"stranger": _strangeness(faceset, row_of, count) if count else np.empty(0)}


def number_columns(values: npt.NDArray[np.float64]) -> dict[str, Column]:
    """The columns of what was measured, (n, len(NUMBERS)); what was not is NaN."""
    found: dict[str, Column] = {name: values[:, place] for place, name in enumerate(NUMBERS)}
    found["light"] = np.hypot(found["light_side"], found["light_height"])
    found["light_deg"] = np.degrees(np.arctan2(found["light_height"], found["light_side"]))
    return found


def _kept_vectors(
    faceset: Faceset, row_of: _RowOf, kind: str, count: int
) -> tuple[Float32, npt.NDArray[np.intp]]:
    length, kept_as = _VECTOR_SHAPES[kind]
    vectors, known = np.zeros((count, length), np.float32), np.zeros(count, bool)
    for digest, data in faceset.index().vectors(kind, IDENTITY_MAKER if kind == "identity" else ""):
        rows = row_of.get(digest)
        if rows is not None:
            vectors[rows] = np.frombuffer(data, kept_as)
            known[rows] = True
    places = np.flatnonzero(known)
    return (vectors if known.all() else vectors[places]), places


def _strangeness(faceset: Faceset, row_of: _RowOf, count: int) -> Column:
    """1 - cosine to the usual person: the mean of the half nearest to all, which strangers don't move."""
    found = np.full(count, np.nan)
    vectors, places = _kept_vectors(faceset, row_of, "identity", count)
    if len(places):
        towards = vectors @ vectors.mean(0)
        usual = vectors[towards >= np.median(towards)].mean(0)
        found[places] = 1 - vectors @ (usual / max(float(np.linalg.norm(usual)), 1e-9))
    return found


def _rows_by_digest(digests: Mapping[str, bytes], faces: Sequence[StoredFace]) -> dict[bytes, list[int]]:
    """Places of the faces of each content; copies of one file share it."""
    rows = dict[bytes, list[int]]()
    for place, face in enumerate(faces):
        rows.setdefault(digests[face.name], []).append(place)
    return rows


def texts(values: Sequence[str]) -> Column:
    """A column of texts."""
    column = np.empty(len(values), object)  # fixed-width text would cost the longest name for every face
    column[:] = values
    return column
