"""The table of a faceset that stays open: after a change it costs what changed, and no record is held.

`table.table_of` gives the same of a faceset that is looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from understudy.facesets.index import NUMBERS, Row
from understudy.facesets.sorting.glances import VERSION as GLANCE_VERSION
from understudy.facesets.sorting.glances import forget_glances, parse_glances, read_glances
from understudy.facesets.sorting.pixels import VERSION
from understudy.facesets.sorting.table import (
    Column,
    Float32,
    Table,
    number_columns,
    record_columns,
    texts,
    whole_table,
)
from understudy.facesets.store import Faceset, UnreadFace

_FEW = 500  # changed faces whose places are looked up one by one
_PLACED_BY = ("clip", "frame", "track")


class KeptTable:
    """Whoever asks holds the faceset alone; a table that was given stays as it is."""

    def __init__(self, faceset: Faceset) -> None:
        self._faceset = faceset
        self._news = faceset.followed()
        self._measured: object = None
        self._table: Table | None = None
        self._landmarks: Float32 = np.empty((0, 136), np.float32)
        self._place_of: dict[str, int] = {}
        # Where the last table differs from the one before; None where other faces are in it, or all may differ.
        self.changed: list[int] | None = None

    def part(self) -> Table:
        """The faces of which the index knows enough already, while others are still read."""
        kept = set(self._faceset.index().glanced(GLANCE_VERSION))
        rows = [row for row in self._faceset.rows().values() if not row.lost and row.digest in kept]
        return KeptTable(self._faceset)._of(rows, {row.name: row for row in rows})

    def table(self) -> Table:
        """The faces there are now."""
        changed = self._faceset.news(self._news)
        measured = self._faceset.index().state() if self._faceset.folder.is_dir() else None
        table = self._changed_at(changed) if measured == self._measured else None
        if table is None:
            table, self.changed = self._made(changed), None
        self._table = table
        self._news.seen()
        # The first reading may have made the index.
        self._measured = self._faceset.index().state() if self._faceset.folder.is_dir() else None
        return table

    # --- a few changed faces that stay where they are

    def _changed_at(self, changed: Mapping[str, Row | None]) -> Table | None:
        """The last table with the changed faces in their places; None where that is not enough."""
        table = self._table
        rows = [row for row in changed.values() if row is not None and row.record is not None]
        if table is None or len(rows) < len(changed) or len(rows) > _FEW:
            return None
        places = [self._place_of.get(row.name, -1) for row in rows]
        if min(places, default=0) < 0 or not np.isnan(table.columns["stranger"]).all():
            return None
        if not rows:
            self.changed = []
            return table
        found, landmarks = parse_glances(self._faceset, rows)
        before = {name: table.columns[name][places] for name in _PLACED_BY}
        if any((found[name] != before[name]).any() for name in _PLACED_BY):
            return None
        columns = {**found, **self._numbers_of(rows)}
        digests = {**table.digests, **{row.name: row.digest for row in rows}}
        faces = list(table.faces)
        for place, row in zip(places, rows, strict=True):
            faces[place] = UnreadFace(row.name, self._faceset.folder, row.record or "")
        if (self._landmarks[places] != landmarks).any():
            self._landmarks = self._landmarks.copy()
            self._landmarks[places] = landmarks
        whole = {name: _with(column, places, columns.get(name)) for name, column in table.columns.items()}
        self.changed = places
        return table.replaced(faces, whole, digests, self._landmarks)

    def _numbers_of(self, rows: Sequence[Row]) -> dict[str, Column]:
        """What was measured on these rows' files."""
        found = self._faceset.index().measures_of({row.digest for row in rows}, VERSION)
        nothing = (None,) * len(NUMBERS)
        return number_columns(np.array([found.get(row.digest, nothing) for row in rows], float))

    # --- all of it

    def _made(self, changed: Mapping[str, Row | None]) -> Table:
        rows = [row for row in self._faceset.rows().values() if row.record is not None]
        if self._table is None and rows:
            forget_glances(self._faceset, keep={row.digest for row in rows})
        return self._of(rows, changed)

    def _of(self, rows: Sequence[Row], changed: Mapping[str, Row | None]) -> Table:
        """A table whose known faces keep what is known of them."""
        known = [row for row in rows if row.name not in changed and row.name in self._place_of]
        new = [row for row in rows if row.name in changed or row.name not in self._place_of]
        parts, points = list[Mapping[str, Column]](), list[Float32]()
        if known and self._table is not None:
            kept = np.array([self._place_of[row.name] for row in known], np.intp)
            parts.append({name: column[kept] for name, column in self._table.columns.items()})
            points.append(self._landmarks[kept])
        if new:
            read = parse_glances if known and len(new) <= _FEW else read_glances
            found, landmarks = read(self._faceset, new)
            parts.append({"name": texts([row.name for row in new]), **found})
            points.append(landmarks)
        if not rows:
            parts.append(record_columns([], [], np.empty((0, 68, 2))))
            points.append(np.empty((0, 136), np.float32))
        return self._ordered(parts, points, [*known, *new])

    def _ordered(
        self, parts: Sequence[Mapping[str, Column]], points: Sequence[Float32], rows: Sequence[Row]
    ) -> Table:
        """Join the parts and bring them into the usual order: clip, frame, track, name."""
        names = [name for name in parts[0] if all(name in part for part in parts)]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
        by = [columns[name].tolist() for name in (*_PLACED_BY, "name")]
        order = np.array(sorted(range(len(rows)), key=list(zip(*by, strict=True)).__getitem__), np.intp)
        self._landmarks = np.concatenate(points)[order]
        faces = [UnreadFace(rows[at].name, self._faceset.folder, rows[at].record or "") for at in order]
        self._place_of = {face.name: place for place, face in enumerate(faces)}
        found = {name: column[order] for name, column in columns.items()}
        return whole_table(self._faceset, list(faces), found, self._faceset.digests(), self._landmarks)


def _with(column: Column, places: Sequence[int], values: Column | None) -> Column:
    """A column with other values at some places; the same one where they are no others."""
    if values is None:
        return column
    before = column[places]
    same = before == values
    if column.dtype.kind == "f":
        same |= np.isnan(before) & np.isnan(values)
    if same.all():
        return column
    changed = column.copy()
    changed[places] = values
    return changed
