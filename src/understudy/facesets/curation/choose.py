"""Which faces a command means: by name, by filter, by order and number.

Every command takes the same choice; what it then does with the faces is the command's. Columns and orders come
from `facesets.sorting`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from understudy.counts import counted
from understudy.errors import FacesUnknown, OptionInvalid
from understudy.events import Events
from understudy.facesets.curation.where import columns_in, parse_where, texts_sought
from understudy.facesets.index import NUMBERS
from understudy.facesets.sorting.identities import measure_identities
from understudy.facesets.sorting.measure import measure_faces, unmeasured
from understudy.facesets.sorting.options import SortOptions
from understudy.facesets.sorting.sorts import SORTS, ranked
from understudy.facesets.sorting.table import COLUMNS, Table, table_of
from understudy.facesets.sorting.told import Told, nobody
from understudy.facesets.store import Faceset, StoredFace
from understudy.options import meant

_SHOWN_VALUES = 5
_MEASURED = {*NUMBERS, "light", "light_deg"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Faces that a person means. Empty: all, in their usual order (clip, frame, track).

    `names` are file names, with or without ending; `where` is a filter (`where.py`); `sort` names a column or
    an order of `sorting.sorts`; `backwards` turns it round; `limit` takes the first so many. An order that
    chooses, like `final`, does so among the faces that names and filter leave, and takes `limit` as its target.
    """

    names: tuple[str, ...] = ()
    where: str = ""
    sort: str = ""
    backwards: bool = False
    limit: int | None = None

    @property
    def is_all(self) -> bool:
        """Whether nothing narrows it."""
        return not self.names and not self.where and self.limit is None and not self.is_choosing

    @property
    def is_choosing(self) -> bool:
        """Whether its order leaves faces out by itself."""
        return self.sort in SORTS and SORTS[self.sort].chooses

    @property
    def words(self) -> str:
        """For the log: "where blur < 3, first 20 by sharpness"."""
        parts = [f"where {self.where}"] if self.where else []
        if self.names:
            parts.append(f"{len(self.names)} named")
        if self.is_choosing:
            parts.append(f"{self.sort}{f' of {self.limit}' if self.limit is not None else ''}")
        elif self.limit is not None:
            order = f" by {self.sort}{' backwards' if self.backwards else ''}" if self.sort else ""
            parts.append(f"first {self.limit}{order}")
        return ", ".join(parts)


def made_ready(faceset: Faceset, choice: Choice) -> Events:
    """Measure the faces when the choice speaks of what is only known then; without events when it is known.

    Raises OptionInvalid for a filter that is none, WeightsMissing for one that asks who faces are where no
    network that knows is there.
    """
    needs = needs_of(choice)
    if "pixels" in needs and unmeasured(faceset):
        yield from measure_faces(faceset)
    if "identity" in needs:
        yield from measure_identities(faceset)


def needs_of(choice: Choice) -> set[Literal["pixels", "identity"]]:
    """What has to be measured before a choice is sure: `pixels`, `identity`, both or nothing."""
    spoken_of = {choice.sort} | (columns_in(choice.where) if choice.where else set[str]())
    sort = SORTS[choice.sort].needs if choice.sort in SORTS else "record"
    needs = set[Literal["pixels", "identity"]]()
    if sort == "pixels" or spoken_of & _MEASURED:
        needs.add("pixels")
    if sort == "identity" or "stranger" in spoken_of:
        needs.add("identity")
    return needs


def chosen(faceset: Faceset, choice: Choice) -> list[StoredFace]:
    """The faces meant, in the order asked for; `made_ready` comes before.

    Raises FacesUnknown for names and orders that are not there, OptionInvalid for a filter that is none.
    """
    if choice.names and not (choice.where or choice.sort or choice.backwards):  # no column is spoken of
        require_limit(choice)
        known = faceset.named(list(dict.fromkeys(choice.names)))
        if len(known) < len(set(choice.names)):  # some are said without their ending, or are not there
            unread = faceset.unread()
            known = faceset.named([unread[place].name for place in _places_of(unread, choice.names)])
        return known[: choice.limit]
    return chosen_table(faceset, choice).faces


def chosen_table(faceset: Faceset, choice: Choice) -> Table:
    """The faces meant with their columns."""
    return ranked_table(faceset, choice)[0]


def ranked_table(faceset: Faceset, choice: Choice) -> tuple[Table, list[Any]]:
    """The faces meant with their columns, and the value that each is sorted by; None where there is none."""
    require_limit(choice)
    return ranked_part(table_of(faceset), choice)


def require_limit(choice: Choice) -> None:
    """Raise OptionInvalid for a limit that is none."""
    if choice.limit is not None and choice.limit < 0:
        raise OptionInvalid(f"The number of faces can't be {choice.limit}.")


def ranked_part(table: Table, choice: Choice, told: Told = nobody) -> tuple[Table, list[Any]]:
    """Like `ranked_table`, of a table that is kept; `told` hears how far the sort is, and may raise."""
    require_limit(choice)
    if choice.names:
        table = table.part(_places_of(table.faces, choice.names))
    if choice.where:
        test, spoken_of = parse_where(choice.where, COLUMNS), columns_in(choice.where)
        table = table.part([place for place, row in enumerate(rows_of(table, spoken_of)) if test(row)])
    values: list[Any] = [None] * len(table.faces)
    if choice.sort:
        table, values = _sorted(table, choice, told)
    elif choice.backwards:
        table = table.part(range(len(table.faces))[::-1])
    return table.part(range(len(table.faces))[: choice.limit]), values[: choice.limit]


def spread_of(faceset: Faceset, where: str) -> dict[str, tuple[float, float]]:
    """The least and the greatest value, over all faces, of every number that a filter speaks of."""
    columns, found = table_of(faceset).columns, dict[str, tuple[float, float]]()
    for name in sorted(columns_in(where) & set(COLUMNS)):
        if columns[name].dtype.kind in "if":
            values = np.asarray(columns[name], float)
            if np.isfinite(values).any():
                found[name] = float(np.nanmin(values)), float(np.nanmax(values))
    return found


def texts_not_there(faceset: Faceset, choice: Choice) -> str:
    """A sentence for texts of the filter that no face has in that column, naming a few that some have."""
    sought = texts_sought(choice.where) if choice.where else []
    rows, said = rows_of(table_of(faceset)) if sought else [], []
    for column, text in sought:
        values = {row[column] for row in rows if row[column] is not None}
        if values and text not in values:
            some = ", ".join(repr(value) for value in sorted(values)[:_SHOWN_VALUES])
            more = ", …" if len(values) > _SHOWN_VALUES else ""
            said.append(f"No face has {column} {text!r}; there are {some}{more}.")
    return " ".join(said)


def rows_of(table: Table, names: Collection[str] = tuple(COLUMNS)) -> list[dict[str, Any]]:
    """Every face's values by column as plain values, of the columns `names`; None is what was not measured."""
    plain = {name: values_of(table, name) for name in names}
    return [{name: plain[name][place] for name in names} for place in range(len(table.faces))]


def values_of(table: Table, name: str) -> list[Any]:
    """Every face's value of one column as a plain value; None is what was not measured."""
    return [_plain(value) for value in table.columns[name].tolist()]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def _places_of(faces: Sequence[StoredFace], names: Collection[str]) -> list[int]:
    place_of: Mapping[str, int] = {face.path.stem: place for place, face in enumerate(faces)} | {
        face.name: place for place, face in enumerate(faces)
    }
    missing = [name for name in names if name not in place_of]
    if missing:
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        are = counted(len(missing), "face named is", "faces named are")
        raise FacesUnknown(f"{are} not in this faceset: {some}.")
    return list(dict.fromkeys(place_of[name] for name in names))


def _sorted(table: Table, choice: Choice, told: Told) -> tuple[Table, list[Any]]:
    if choice.sort in SORTS:
        options = SortOptions() if choice.limit is None else SortOptions(target=max(1, choice.limit))
        found = ranked(table, choice.sort, backwards=choice.backwards, options=options, told=told)
        place_of = {face.name: place for place, face in enumerate(table.faces)}
        order = [place_of[face.name] for face in found.faces]
        return table.part(order), [_plain(value) for value in found.values.tolist()]
    if choice.sort not in COLUMNS:
        raise FacesUnknown(
            f"Faces can't be sorted by {choice.sort!r}; known are {', '.join(SORTS)}, and the columns "
            f"{', '.join(COLUMNS)}.{meant(choice.sort, [*SORTS, *COLUMNS])}"
        )
    values = values_of(table, choice.sort)
    known = [place for place, value in enumerate(values) if value is not None]
    unknown = [place for place, value in enumerate(values) if value is None]
    known.sort(key=lambda place: values[place], reverse=choice.backwards)
    order = [*known, *unknown]
    return table.part(order), [values[place] for place in order]
