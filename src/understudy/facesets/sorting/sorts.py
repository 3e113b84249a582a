"""Every sort, in one dict: what comes first, what it must know, and how it orders.

A sort orders places in a table; it renames nothing and throws nothing away. Faces of equal value stay in the
order of their clip and frame; backwards turns the whole order round. Faces that a sort knows nothing about come
last, both ways round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid
from understudy.facesets.sorting.chain import chain
from understudy.facesets.sorting.dissimilar import mean_distance
from understudy.facesets.sorting.final import choose
from understudy.facesets.sorting.options import SortOptions
from understudy.facesets.sorting.table import Table, table_of
from understudy.facesets.sorting.told import Told, nobody
from understudy.facesets.store import Faceset, StoredFace
from understudy.options import meant

Array = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
Needs = Literal["record", "pixels", "identity"]


@dataclass(frozen=True, eq=False)
class Ordered:
    """Places in a table, first to last, with a value each (NaN: not known); and those that are left out."""

    places: Places
    values: Array
    left_out: Places = field(default_factory=lambda: np.empty(0, np.intp))


Order = Callable[[Table, SortOptions, Told], Ordered]


@dataclass(frozen=True)
class Sort:
    """One way to order faces. `needs` says what has to run first: `measure_faces` for pixels,
    `measure_identities` for identity."""

    first: str  # which faces come first, in one sentence
    needs: Needs
    order: Order
    chooses: bool = False  # leaves faces out


@dataclass(frozen=True, eq=False)
class Ranking:
    """Faces in order with the value that put each there, and the faces that were not chosen."""

    faces: list[StoredFace]
    values: Array
    left_out: list[StoredFace]


def ranking(
    faceset: Faceset, by: str, *, backwards: bool = False, options: SortOptions = SortOptions()
) -> Ranking:
    """The faces ordered or chosen `by` a sort of SORTS. Raises OptionInvalid for a sort that isn't there."""
    sort_named(by)
    return ranked(table_of(faceset), by, backwards=backwards, options=options)


def ranked(
    table: Table,
    by: str,
    *,
    backwards: bool = False,
    options: SortOptions = SortOptions(),
    told: Told = nobody,
) -> Ranking:
    """Like `ranking`, of the faces of a table alone; `told` hears how far it is, and may raise to stop it."""
    found = _both_ways(sort_named(by).order(table, options, told), backwards)
    return Ranking(
        [table.faces[place] for place in found.places],
        found.values,
        [table.faces[place] for place in found.left_out],
    )


def ordered(
    faceset: Faceset, by: str, *, backwards: bool = False, options: SortOptions = SortOptions()
) -> list[StoredFace]:
    """The faces of `ranking`, without those that a choosing sort leaves out."""
    return ranking(faceset, by, backwards=backwards, options=options).faces


def sort_named(name: str) -> Sort:
    """The sort of that name. Raises OptionInvalid."""
    if name not in SORTS:
        raise OptionInvalid(f"There is no sort {name!r}. Known are: {', '.join(SORTS)}.{meant(name, SORTS)}")
    return SORTS[name]


def _both_ways(found: Ordered, backwards: bool) -> Ordered:
    """The other way round, but for faces without a value: nothing is known about them either way."""
    if not backwards:
        return found
    known = np.flatnonzero(~np.isnan(found.values))
    unknown = np.flatnonzero(np.isnan(found.values))
    turned = np.concatenate([known[::-1], unknown])
    return Ordered(found.places[turned], found.values[turned], found.left_out)


def _by(name: str, *, largest_first: bool = False) -> Order:
    """Order by a column."""

    def order(table: Table, options: SortOptions, told: Told) -> Ordered:
        return _by_values(np.asarray(table.columns[name], float), largest_first=largest_first)

    return order


def _by_values(values: Array, *, largest_first: bool) -> Ordered:
    places = np.argsort(-values if largest_first else values, kind="stable")  # NaN sorts last
    return Ordered(places, values[places])


def _alike(kind: str) -> Order:
    """A chain over vectors of a kind; the value is the distance to the face before."""

    def order(table: Table, options: SortOptions, told: Told) -> Ordered:
        vectors, places = table.vectors(kind)
        found = chain(vectors, told)
        return _with_the_rest(table, places[found.order], found.step.astype(float))

    return order


def _unlike(kind: str) -> Order:
    """Most unlike all others first; the value is the mean distance to them."""

    def order(table: Table, options: SortOptions, told: Told) -> Ordered:
        vectors, places = table.vectors(kind)
        values = np.full(len(table.faces), np.nan)
        values[places] = mean_distance(vectors, told=told)
        return _by_values(values, largest_first=True)

    return order


def _with_the_rest(table: Table, places: Places, values: Array) -> Ordered:
    """Put faces that have no vector last."""
    without = np.setdiff1d(np.arange(len(table.faces)), places)
    return Ordered(
        np.concatenate([places, without]).astype(np.intp), np.append(values, np.full(len(without), np.nan))
    )


def _groups_sharpest_first(table: Table, options: SortOptions, told: Told) -> Ordered:
    """A chain of histograms, cut where it takes a large step; each piece by sharpness."""
    alike = _alike("histogram")(table, options, told)
    known = np.flatnonzero(~np.isnan(alike.values))
    steps = alike.values[known]
    if len(steps) == 0:
        return alike
    large = float(steps[1:].mean()) if len(steps) > 1 else 0.0
    if 2 * large < steps.max():
        large *= 2
    group = np.cumsum(steps > large)
    blur = np.asarray(table.columns["blur_px"], float)[alike.places[known]]
    inside = np.lexsort((blur, group))  # lexsort is stable and puts NaN last
    places = np.concatenate([alike.places[known][inside], alike.places[len(known) :]])
    values = np.append(group[inside].astype(float), alike.values[len(known) :])
    return Ordered(places.astype(np.intp), values)


def _by_hue(table: Table, options: SortOptions, told: Told) -> Ordered:
    """Around the hue circle, cut open opposite of where most faces are."""
    hue_deg = np.asarray(table.columns["hue_deg"], float)
    known = hue_deg[~np.isnan(hue_deg)]
    usual_deg = np.degrees(np.angle(np.exp(1j * np.radians(known)).sum())) if len(known) else 0.0
    offset_deg = (hue_deg - usual_deg + 180) % 360 - 180
    found = _by_values(offset_deg, largest_first=True)
    return Ordered(found.places, hue_deg[found.places])


def _by_origin(table: Table, options: SortOptions, told: Told) -> Ordered:
    """By the frame's own file name where there is one, else by clip and frame: the order of the table."""
    names = table.columns["source_name"]
    clips, frames = table.columns["clip"], table.columns["frame"]
    keys = [(clips[p], names[p], frames[p], p) for p in range(len(table.faces))]
    places = np.array([key[-1] for key in sorted(keys)], np.intp)
    return Ordered(places, np.asarray(frames, float)[places])


def _alone_in_frame(table: Table, options: SortOptions, told: Told) -> Ordered:
    """Faces whose frame holds no other; the rest is left out."""
    origin, count = _by_origin(table, options, told), table.columns["faces_in_frame"]
    alone = count[origin.places] == 1
    return Ordered(origin.places[alone], origin.values[alone], origin.places[~alone])


def _final(table: Table, options: SortOptions, told: Told) -> Ordered:
    known = ~np.isnan(np.asarray(table.columns["blur_px"], float))
    histograms, places = table.vectors("histogram")
    landmarks, _ = table.vectors("landmarks")
    looks = np.zeros((len(table.faces), 768), np.float32)
    looks[places] = histograms
    looks = np.hstack([_level(looks), _level(landmarks)])
    return _chosen(table, -table.columns["blur_px"], looks, known, options, told)


def _final_fast(table: Table, options: SortOptions, told: Told) -> Ordered:
    landmarks, _ = table.vectors("landmarks")
    everyone = np.ones(len(table.faces), bool)
    return _chosen(table, table.columns["source_size_px"], landmarks, everyone, options, told)


def _level(vectors: Float32) -> Float32:
    """Scaled so that two kinds of unlikeness weigh the same: a spread of 1."""
    spread = float(np.sqrt(vectors.var(0).sum())) if len(vectors) else 0.0
    return vectors / max(spread, 1e-6)


def _chosen(
    table: Table,
    quality: Array,
    looks: Float32,
    known: npt.NDArray[np.bool_],
    options: SortOptions,
    told: Told,
) -> Ordered:
    yaw, pitch = (np.asarray(table.columns[name], float) for name in ("yaw_deg", "pitch_deg"))
    some = np.flatnonzero(known)
    chosen = choose(yaw[some], pitch[some], quality[some], looks[some], target=options.target, told=told)
    places = some[chosen]
    left_out = np.setdiff1d(np.arange(len(table.faces)), places)
    return Ordered(places, yaw[places], left_out)


SORTS: dict[str, Sort] = {
    "blur": Sort("The sharpest faces come first, blurred ones last.", "pixels", _by("blur_px")),
    "motion-blur": Sort(
        "Faces with the most coarse detail come first, those smeared by motion last.",
        "pixels",
        _by("motion_sharpness", largest_first=True),
    ),
    "face-yaw": Sort("Faces turned furthest to the image's left come first.", "record", _by("yaw_deg")),
    "face-pitch": Sort("Faces that look down come first, those that look up last.", "record", _by("pitch_deg")),
    "face-roll": Sort("Heads tilted furthest anticlockwise come first.", "record", _by("roll_deg")),
    "eyes-open": Sort(
        "Faces whose eyes are open furthest come first, those whose eyes are closed last.",
        "record",
        _by("eyes_open", largest_first=True),
    ),
    "mouth-open": Sort(
        "Faces whose mouth is open furthest come first, those whose lips touch last.",
        "record",
        _by("mouth_open", largest_first=True),
    ),
    "source-size": Sort(
        "Faces that were largest in their frame come first.",
        "record",
        _by("source_size_px", largest_first=True),
    ),
    "hist": Sort(
        "The first face comes first, then always the one with the most alike colours.",
        "pixels",
        _alike("histogram"),
    ),
    "hist-dissim": Sort(
        "Faces whose shades are least like all others' come first, those with most look-alikes last.",
        "pixels",
        _unlike("grey_histogram"),
    ),
    "hist-blur": Sort(
        "Faces stand in groups of alike colours; in each the sharpest come first.",
        "pixels",
        _groups_sharpest_first,
    ),
    "brightness": Sort("The brightest faces come first.", "pixels", _by("brightness", largest_first=True)),
    "hue": Sort(
        "Yellowish faces come before reddish ones; the circle of hues is cut opposite of the usual hue.",
        "pixels",
        _by_hue,
    ),
    "black": Sort(
        "Whole crops come first, those cut by the frame's edge or full of black last.",
        "pixels",
        _by("black_share"),
    ),
    "original-name": Sort("The first frame of the first clip comes first.", "record", _by_origin),
    "one-face-in-image": Sort(
        "Only faces alone in their frame are chosen; the first frame comes first.",
        "record",
        _alone_in_frame,
        chooses=True,
    ),
    "absdiff": Sort(
        "The first face comes first, then always the one whose pixels differ least.",
        "pixels",
        _alike("thumbnail"),
    ),
    "absdiff-dissim": Sort(
        "Faces whose pixels differ most from all others' come first.", "pixels", _unlike("thumbnail")
    ),
    "face": Sort(
        "The first face comes first, then always the one with the most alike landmarks.",
        "record",
        _alike("landmarks"),
    ),
    "face-dissim": Sort(
        "Faces whose landmarks are least like all others' come first.", "record", _unlike("landmarks")
    ),
    "identity": Sort(
        "The first face comes first, then always the one most like the same person.",
        "identity",
        _alike("identity"),
    ),
    "distance": Sort(
        "Faces nearest to the mean face come first, badly aligned or far turned ones last.",
        "record",
        _by("distance"),
    ),
    "final": Sort(
        "The best faces for training are chosen: all directions, sharp and varied; left comes first.",
        "pixels",
        _final,
        chooses=True,
    ),
    "final-fast": Sort(
        "The best faces are chosen by direction, size in the frame and landmarks alone; left comes first.",
        "record",
        _final_fast,
        chooses=True,
    ),
}
