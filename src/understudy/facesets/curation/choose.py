"""Which faces a command means: by name, by filter, by order and number.

Every command takes the same choice; what it then does with the faces is the command's. Orders come from
`facesets.sorting` where that room knows them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.errors import FacesUnknown, OptionInvalid
from understudy.facesets.curation.where import parse_where
from understudy.facesets.store import Faceset, StoredFace

# What a record says about a face that one can filter and sort by.
RECORD_COLUMNS = (
    "name", "clip", "frame", "time_s", "score", "face_type", "size_px", "yaw_deg", "pitch_deg", "roll_deg",
    "track", "person", "sharpness", "filled", "source_name",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Faces that a person means. Empty: all, in their usual order (clip, frame, track).

    `names` are file names, with or without ending; `where` is a filter (`where.py`); `sort` names a column or
    an order; `backwards` turns it round; `limit` takes the first so many.
    """

    names: tuple[str, ...] = ()
    where: str = ""
    sort: str = ""
    backwards: bool = False
    limit: int | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing narrows it."""
        return not self.names and not self.where and self.limit is None

    @property
    def words(self) -> str:
        """For the log: "where blur < 3, first 20 by sharpness"."""
        parts = [f"where {self.where}"] if self.where else []
        if self.names:
            parts.append(f"{len(self.names)} named")
        if self.limit is not None:
            order = f" by {self.sort}{' backwards' if self.backwards else ''}" if self.sort else ""
            parts.append(f"first {self.limit}{order}")
        return ", ".join(parts)


def chosen(faceset: Faceset, choice: Choice) -> list[StoredFace]:
    """The faces meant, in the order asked for. Raises FacesUnknown for names and columns that are not there,
    OptionInvalid for a filter that is none."""
    if choice.limit is not None and choice.limit < 0:
        raise OptionInvalid(f"The number of faces can't be {choice.limit}.")
    faces = _named(faceset.faces(), choice.names)
    if choice.where:
        test = parse_where(choice.where, RECORD_COLUMNS)
        faces = [face for face in faces if test(row_of(face))]
    if choice.sort:
        faces = _sorted(faces, choice.sort, backwards=choice.backwards)
    elif choice.backwards:
        faces.reverse()
    return faces[: choice.limit]


def row_of(face: StoredFace) -> dict[str, Any]:
    """A face's values by column."""
    record = face.record
    return {name: getattr(record, name) for name in RECORD_COLUMNS if name != "name"} | {"name": face.name}


def _named(faces: Sequence[StoredFace], names: Collection[str]) -> list[StoredFace]:
    if not names:
        return list(faces)
    by_name: Mapping[str, StoredFace] = {face.path.stem: face for face in faces} | {f.name: f for f in faces}
    missing = [name for name in names if name not in by_name]
    if missing:
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        raise FacesUnknown(f"{len(missing)} of the {len(names)} faces named are not in this faceset: {some}.")
    return list({by_name[name].name: by_name[name] for name in names}.values())


def _sorted(faces: list[StoredFace], by: str, *, backwards: bool) -> list[StoredFace]:
    if by not in RECORD_COLUMNS:
        raise FacesUnknown(f"Faces can't be sorted by {by!r}; known are {', '.join(RECORD_COLUMNS)}.")
    return sorted(faces, key=lambda face: row_of(face)[by], reverse=backwards)
