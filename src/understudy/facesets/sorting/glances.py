"""What tables need of each face's record, kept in the index, so that opening a faceset parses no record again.

The records are the truth: what is kept stands under the digest of its file, and a file without its own record
(`Row.lost`) keeps nothing. Not here: what the columns mean (`table.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

import numpy as np

from understudy.facesets.index import TEXTS, Row
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.table import Column, Float32, landmarks_in_unit, record_columns, texts
from understudy.facesets.store import Faceset

VERSION = 2  # another one when a column means something else, or there is one more
READ_TOGETHER = 2000
_NUMBERS = np.dtype(
    [
        ("frame", "<i8"),
        ("time_s", "<f8"),
        ("score", "<f8"),
        ("size_px", "<i8"),
        ("yaw_deg", "<f8"),
        ("pitch_deg", "<f8"),
        ("roll_deg", "<f8"),
        ("track", "<i8"),
        ("person", "<i8"),
        ("filled", "?"),
        ("source_size_px", "<f8"),
        ("polygons", "<i8"),
        ("painted", "?"),
        ("masks", "<i8"),
        ("distance", "<f8"),
        ("eyes_open", "<f8"),
        ("mouth_open", "<f8"),
        ("landmarks", "<f4", (136,)),
    ]
)

Glances = tuple[dict[str, Column], Float32]  # columns without `name`, landmarks (n, 136)


def read_glances(faceset: Faceset, rows: Sequence[Row]) -> Glances:
    """The columns and landmarks of these rows' records: those that are kept, the others read and kept."""
    kept, place_of = _kept(faceset)
    places = [-1 if row.lost else place_of.get(row.digest, -1) for row in rows]
    new, parts = [at for at, place in enumerate(places) if place < 0], [kept]
    for first in range(0, len(new), READ_TOGETHER):
        parts.append(parse_glances(faceset, [rows[at] for at in new[first : first + READ_TOGETHER]]))
    for number, at in enumerate(new, len(place_of)):
        places[at] = number
    return _taken(_joined(parts) if new else kept, np.array(places, np.intp))


def forget_glances(faceset: Faceset, *, keep: Set[bytes]) -> None:
    """Drop what is kept of files of other digests."""
    stale = set(faceset.index().glanced()) - keep
    if stale:
        faceset.index().forget_glances(stale)


def missing_glances(faceset: Faceset) -> Iterator[tuple[int, int]]:
    """Keep what is not kept yet of records that are known, piece by piece; says how many are, of how many."""
    kept = set(faceset.index().glanced(VERSION))
    rows = [row for row in faceset.rows().values() if row.record and not row.lost and row.digest not in kept]
    for first in range(0, len(rows), READ_TOGETHER):
        parse_glances(faceset, rows[first : first + READ_TOGETHER])
        yield min(first + READ_TOGETHER, len(rows)), len(rows)


def parse_glances(
    faceset: Faceset, rows: Sequence[Row], records: Sequence[FaceRecord] | None = None
) -> Glances:
    """The same of records that are parsed now, where they are not at hand; they are kept."""
    records = records or [FaceRecord.model_validate_json(row.record or "") for row in rows]
    in_unit = landmarks_in_unit(records)
    columns = record_columns([row.name for row in rows], records, in_unit)
    del columns["name"]
    landmarks = in_unit.reshape(len(rows), 136).astype(np.float32)
    numbers = np.empty(len(rows), _NUMBERS)
    for name in _NUMBERS.names or ():
        numbers[name] = landmarks if name == "landmarks" else columns[name]
    written = zip(*(columns[name].tolist() for name in TEXTS), strict=True)
    faceset.index().keep_glances(
        (
            (row.digest, *said, numbers[place].tobytes())
            for place, (row, said) in enumerate(zip(rows, written, strict=True))
            if not row.lost
        ),
        VERSION,
    )
    return columns, landmarks


def _kept(faceset: Faceset) -> tuple[Glances, dict[bytes, int]]:
    """All that is kept, and where each digest stands in it."""
    found = list(faceset.index().glances(VERSION))
    whole = [row for row in found if len(row[-1]) == _NUMBERS.itemsize]
    numbers = np.frombuffer(b"".join(row[-1] for row in whole), _NUMBERS)
    columns: dict[str, Column] = {
        name: texts([row[1 + place] for row in whole]) for place, name in enumerate(TEXTS)
    }
    columns |= {name: numbers[name] for name in _NUMBERS.names or () if name != "landmarks"}
    return (columns, numbers["landmarks"]), {row[0]: place for place, row in enumerate(whole)}


def _taken(glances: Glances, places: np.ndarray) -> Glances:
    columns, landmarks = glances
    return {name: column[places] for name, column in columns.items()}, landmarks[places]


def _joined(parts: Sequence[Glances]) -> Glances:
    columns = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
    return columns, np.concatenate([part[1] for part in parts])
