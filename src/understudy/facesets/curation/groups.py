"""Faces of an order under headings: by clip, person, track, direction and more. One entry a line.

The groups stand in order of their values; in each the faces keep the order they have. Not here: the order
itself (`choose.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import OptionInvalid
from understudy.facesets.curation.coverage import STEP_DEG
from understudy.facesets.sorting.table import Table
from understudy.options import meant

Places = npt.NDArray[np.intp]
_UNKNOWN = "not measured"


@dataclass(frozen=True)
class Grouping:
    """One way to group: for a table, each face's value (values sort) and the heading of a value."""

    words: str
    values: Callable[[Table], Sequence[Any]]
    heading: Callable[[Any], str]


@dataclass(frozen=True)
class Group:
    """So many faces under one heading."""

    heading: str
    count: int


def _column(name: str) -> Callable[[Table], Sequence[Any]]:
    return lambda table: table.columns[name].tolist()


def _of_clip(name: str) -> Callable[[Table], Sequence[Any]]:
    return lambda table: list(zip(table.columns["clip"].tolist(), table.columns[name].tolist(), strict=True))


def _steps(name: str, step: float) -> Callable[[Table], Sequence[Any]]:
    return lambda table: (np.rint(np.asarray(table.columns[name], float) / step) * step).tolist()


def _angle(below: str, above: str) -> Callable[[Any], str]:
    def heading(value: float) -> str:
        return "straight" if value == 0 else f"{abs(value):.0f}° {above if value > 0 else below}"

    return heading


GROUPINGS: dict[str, Grouping] = {
    "clip": Grouping("clip", _column("clip"), str),
    "person": Grouping("person", _of_clip("person"), lambda value: f"{value[0]}, person {value[1]}"),
    "track": Grouping("track", _of_clip("track"), lambda value: f"{value[0]}, track {value[1]}"),
    "yaw": Grouping("turn of the head", _steps("yaw_deg", STEP_DEG), _angle("left", "right")),
    "pitch": Grouping("nod of the head", _steps("pitch_deg", STEP_DEG), _angle("down", "up")),
    "sharpness": Grouping("sharpness", _steps("sharpness", 0.1), lambda value: f"sharpness {value:.0%}"),
    "faces-in-frame": Grouping(
        "faces in the frame", _column("faces_in_frame"), lambda value: f"{counted(value, 'face')} in the frame"
    ),
    "filled": Grouping(
        "found or filled", _column("filled"), lambda value: "placed by neighbours" if value else "found"
    ),
    "mark": Grouping("mark of the drawing", _column("drawing_mark"), lambda value: value or "no mark"),
    "face-type": Grouping("face type", _column("face_type"), str),
}


def grouped(table: Table, by: str) -> tuple[Places, list[Group]]:
    """Places of a table's faces, group after group, and the groups. What is not known comes last.

    Raises OptionInvalid for a grouping that isn't there.
    """
    if by not in GROUPINGS:
        raise OptionInvalid(
            f"There is no grouping {by!r}. Known are: {', '.join(GROUPINGS)}.{meant(by, GROUPINGS)}"
        )
    grouping, places_of = GROUPINGS[by], dict[Any, list[int]]()
    for place, value in enumerate(grouping.values(table)):
        unknown = isinstance(value, float) and np.isnan(value)
        places_of.setdefault(None if unknown else value, []).append(place)
    keys = sorted(key for key in places_of if key is not None)
    keys += [None] if None in places_of else []
    groups = [Group(_UNKNOWN if key is None else grouping.heading(key), len(places_of[key])) for key in keys]
    return np.array([place for key in keys for place in places_of[key]], np.intp), groups
