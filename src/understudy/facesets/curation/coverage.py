"""Which directions of the head two facesets hold, how sharp and how light, and in words what src lacks for dst.

Directions are as the viewer sees them: left is the picture's left. Not here: the picture (`coverage_map.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.facesets.sorting.table import Table

Array = npt.NDArray[np.float64]
STEP_DEG = 15
YAWS_DEG = tuple(range(-90, 91, STEP_DEG))
PITCHES_DEG = tuple(range(60, -61, -STEP_DEG))  # up is above, as in the picture
_NEAR_DEG = 10.0  # a src face serves a direction that is so near
ENOUGH = 40  # src faces of one direction; more of the same teach little
_LEAST_SHARE = 0.005  # of dst's frames: what is rarer is not worth a word
_LEAST_FRAMES = 3
_BLURRED = 0.6  # of src's usual sharpness
_LIGHT_GAP = 0.12  # of full brightness, beyond the range that src has
_MOST_WORDS = 8
_Kind = Literal["few", "blurred", "darker", "brighter"]


@dataclass(frozen=True, eq=False)
class Side:
    """One side's faces by direction: arrays (pitch, yaw) over PITCHES_DEG and YAWS_DEG; NaN where none is."""

    faces: int
    counts: npt.NDArray[np.int64]
    sharpness: Array
    brightness: Array


@dataclass(frozen=True)
class Lack:
    """One thing that src lacks. `yaw_deg` or `pitch_deg` is None where any will do."""

    kind: _Kind
    yaw_deg: float | None
    pitch_deg: float | None
    dst_frames: int
    src_faces: int
    weight: float
    words: str


@dataclass(frozen=True, eq=False)
class Coverage:
    """What both sides hold, and what src lacks, most important first.

    `served` counts, for each field that dst looks to, the src faces near there; fields have hard borders, so
    that is not src's own count in the field. `gaps` marks, for each kind of lack, the fields that `lacks` speak
    of; what is not told is no gap.
    """

    src: Side
    dst: Side
    served: npt.NDArray[np.int64]
    lacks: tuple[Lack, ...]
    gaps: Mapping[_Kind, npt.NDArray[np.bool_]]

    @property
    def words(self) -> list[str]:
        """What a person should know, one sentence each, most important first, or that all is well."""
        if not self.dst.faces or not self.src.faces:
            empty = " and ".join(n for n, side in (("src", self.src), ("dst", self.dst)) if not side.faces)
            return [f"There are no faces of {empty} yet, so nothing can be compared."]
        if not self.lacks:
            seen = int((self.dst.counts > 0).sum())
            return [f"All is well: src has enough sharp faces in all {seen} directions that dst looks in."]
        told = [lack.words for lack in self.lacks[:_MOST_WORDS]]
        rest = len(self.lacks) - len(told)
        return [*told, f"{rest} smaller gaps are in the map."] if rest else told

    def as_json(self) -> dict[str, Any]:
        """Plain values; None where there is no face."""
        return {
            "yaw_deg": list(YAWS_DEG),
            "pitch_deg": list(PITCHES_DEG),
            "src": _plain_side(self.src),
            "dst": _plain_side(self.dst),
            "src_near_dst": self.served.tolist(),
            "lacks": [asdict(lack) for lack in self.lacks],
            "words": self.words,
        }


def coverage(src: Sequence[Table], dst: Sequence[Table]) -> Coverage:
    """Compare the faces of both sides, each the union of some facesets."""
    from_src, from_dst = _joined(src), _joined(dst)
    served = _served(from_src, from_dst)
    of_dst, lacks = _side(from_dst), tuple(_lacks(from_src, from_dst))
    return Coverage(_side(from_src), of_dst, served, lacks, _gaps(lacks, of_dst.counts, served))


def wanted(dst_frames: Any) -> Any:
    """How many src faces serve so many frames of dst, one number or an array: one each, at most enough."""
    return np.minimum(dst_frames, ENOUGH)


def _is_gap(src_faces: Any, dst_frames: Any) -> Any:
    """Whether src has too few: less than half of what is wanted."""
    return src_faces < wanted(dst_frames) / 2


def _gaps(
    lacks: Sequence[Lack], dst: npt.NDArray[np.int64], served: npt.NDArray[np.int64]
) -> dict[_Kind, npt.NDArray[np.bool_]]:
    """The fields that each lack is about, so that the map and the words can't contradict each other."""
    kinds: tuple[_Kind, ...] = ("few", "blurred", "darker", "brighter")
    gaps: dict[_Kind, npt.NDArray[np.bool_]] = {kind: np.zeros(dst.shape, bool) for kind in kinds}
    for lack in lacks:
        row, column = _cells(
            {
                "yaw_deg": np.array([lack.yaw_deg or 0.0]),
                "pitch_deg": np.array([lack.pitch_deg or 0.0]),
            }
        )
        about = dst > 0
        about &= (np.arange(dst.shape[0]) == row)[:, None] | (lack.pitch_deg is None)
        about &= (np.arange(dst.shape[1]) == column) | (lack.yaw_deg is None)
        short = about & _is_gap(served, dst)
        # Fields of a turn may each do by themselves where all of them together don't.
        gaps[lack.kind] |= short if lack.kind == "few" and short.any() else about
    return gaps


_Faces = Mapping[str, Array]


def _joined(tables: Sequence[Table]) -> _Faces:
    """Numbers of all faces; `frame` is one number for every frame of every clip."""
    names = ("yaw_deg", "pitch_deg", "sharpness", "brightness")
    joined = {
        name: np.concatenate([np.empty(0), *(np.asarray(t.columns[name], float) for t in tables)])
        for name in names
    }
    places = [(t.columns["clip"][n], int(t.columns["frame"][n])) for t in tables for n in range(len(t.faces))]
    number_of = {place: number for number, place in enumerate(dict.fromkeys(places))}
    return joined | {"frame": np.array([number_of[place] for place in places], float)}


def _cells(faces: _Faces) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row and column of each face in the map; what looks further belongs to the edge."""
    yaw = np.clip(np.rint((faces["yaw_deg"] - YAWS_DEG[0]) / STEP_DEG), 0, len(YAWS_DEG) - 1)
    pitch = np.clip(np.rint((PITCHES_DEG[0] - faces["pitch_deg"]) / STEP_DEG), 0, len(PITCHES_DEG) - 1)
    return pitch.astype(np.intp), yaw.astype(np.intp)


def _side(faces: _Faces) -> Side:
    shape, cells = (len(PITCHES_DEG), len(YAWS_DEG)), _cells(faces)
    counts = np.zeros(shape, np.int64)
    np.add.at(counts, cells, 1)
    means = {name: _mean_by_cell(faces[name], cells, shape) for name in ("sharpness", "brightness")}
    return Side(len(faces["yaw_deg"]), counts, means["sharpness"], means["brightness"])


def _mean_by_cell(values: Array, cells: tuple[npt.NDArray[np.intp], ...], shape: tuple[int, int]) -> Array:
    known = ~np.isnan(values)
    total, count = np.zeros(shape), np.zeros(shape)
    where = tuple(axis[known] for axis in cells)
    np.add.at(total, where, values[known])
    np.add.at(count, where, 1)
    return np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)


def _served(src: _Faces, dst: _Faces) -> npt.NDArray[np.int64]:
    served = np.zeros((len(PITCHES_DEG), len(YAWS_DEG)), np.int64)
    rows, columns = _cells(dst)
    for row, column in set(zip(rows.tolist(), columns.tolist(), strict=True)):
        group = _Group((rows == row) & (columns == column), ("yaw_deg", "pitch_deg"))
        served[row, column] = _near(src, dst, group)[0].sum()
    return served


def _lacks(src: _Faces, dst: _Faces) -> list[Lack]:
    """Gaps in the turn of the head first, then in its nod, then in both together where neither explains it."""
    if not len(src["yaw_deg"]) or not len(dst["yaw_deg"]):
        return []
    rows, columns = _cells(dst)
    told = np.zeros(len(rows), bool)  # dst's faces whose gap has its sentence
    found = _other_light(src, dst, _Group(np.ones(len(rows), bool), ()))
    in_all_light = bool(found)
    for column in np.unique(columns):
        group = _Group(columns == column, ("yaw_deg",))
        found += _too_few(src, dst, group, told) or [
            *_blurred(src, dst, group),
            *([] if in_all_light else _other_light(src, dst, group)),
        ]
    for row in np.unique(rows):
        found += _too_few(src, dst, _Group(rows == row, ("pitch_deg",)), told)
    for row, column in sorted(set(zip(rows.tolist(), columns.tolist(), strict=True))):
        group = _Group((rows == row) & (columns == column), ("yaw_deg", "pitch_deg"))
        found += _too_few(src, dst, group, told)
    return sorted(found, key=lambda lack: -lack.weight)


@dataclass(frozen=True, eq=False)
class _Group:
    """Faces of dst that look alike in some angles."""

    members: npt.NDArray[np.bool_]
    axes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Meeting:
    """Where a group of dst looks, in how many frames, and which src faces look about there."""

    near: npt.NDArray[np.bool_]
    yaw_deg: float | None
    pitch_deg: float | None
    frames: int

    @property
    def count(self) -> int:
        """How many src faces there are."""
        return int(self.near.sum())

    @property
    def looks(self) -> str:
        """The first half of a sentence."""
        return f"dst looks {direction(self.yaw_deg, self.pitch_deg)} in {counted(self.frames, 'frame')}"

    def lack(self, kind: _Kind, weight: float, words: str) -> Lack:
        """A lack at this place."""
        return Lack(kind, self.yaw_deg, self.pitch_deg, self.frames, self.count, weight, words)


def _meeting(src: _Faces, dst: _Faces, group: _Group) -> _Meeting | None:
    """None where dst looks so rarely that it is not worth a word."""
    frames = len(np.unique(dst["frame"][group.members]))
    if frames < _worth_a_word(dst):
        return None
    near, place = _near(src, dst, group)
    return _Meeting(near, place.get("yaw_deg"), place.get("pitch_deg"), frames)


def _near(src: _Faces, dst: _Faces, group: _Group) -> tuple[npt.NDArray[np.bool_], dict[str, float]]:
    """Which src faces look about where a group of dst looks, and where that is."""
    place = {axis: float(dst[axis][group.members].mean()) for axis in group.axes}
    near = np.ones(len(src["yaw_deg"]), bool)
    for axis, centre in place.items():
        near &= np.abs(src[axis] - centre) <= _NEAR_DEG
    return near, place


def _worth_a_word(dst: _Faces) -> float:
    return max(_LEAST_FRAMES, _LEAST_SHARE * len(np.unique(dst["frame"])))


def _too_few(src: _Faces, dst: _Faces, group: _Group, told: npt.NDArray[np.bool_]) -> list[Lack]:
    """One lack where src has less than half of what is enough, unless what was told already explains it."""
    met = _meeting(src, dst, group)
    if met is None or len(np.unique(dst["frame"][group.members & ~told])) < _worth_a_word(dst):
        return []
    if not _is_gap(met.count, met.frames):
        return []
    told |= group.members
    has = f"src has {counted(met.count, 'such face') if met.count else 'no such faces'}"
    return [met.lack("few", met.frames * (1 - met.count / float(wanted(met.frames))), f"{met.looks}; {has}.")]


def _blurred(src: _Faces, dst: _Faces, group: _Group) -> list[Lack]:
    met = _meeting(src, dst, group)
    if met is None:
        return []
    here, usual = _median(src["sharpness"][met.near]), _median(src["sharpness"])
    if not here < _BLURRED * usual:  # also where nothing is measured
        return []
    words = (
        f"{met.looks}; src's {met.count} such faces are blurred (sharpness {100 * here:.0f} %, "
        f"elsewhere {100 * usual:.0f} %)."
    )
    return [met.lack("blurred", 0.5 * met.frames * (1 - here / usual), words)]


def _other_light(src: _Faces, dst: _Faces, group: _Group) -> list[Lack]:
    met = _meeting(src, dst, group)
    if met is None:
        return []
    here, there = _median(dst["brightness"][group.members]), src["brightness"][met.near]
    there = there[~np.isnan(there)]
    if np.isnan(here) or not len(there):
        return []
    low, high = np.percentile(there, [5, 95])
    gap = float(max(low - here, here - high))
    if gap <= _LIGHT_GAP:
        return []
    kind: _Kind = "darker" if here < low else "brighter"
    who = f"{met.looks}, {kind} than src" if group.axes else f"dst is {kind} than src"
    words = f"{who} ever is (brightness {100 * here:.0f} %; src's {100 * low:.0f} to {100 * high:.0f} %)."
    return [met.lack(kind, met.frames * min(1.0, gap), words)]


def direction(yaw_deg: float | None, pitch_deg: float | None) -> str:
    """A direction as the viewer sees it, to 5 degrees: "30° left and 15° up"."""
    parts = []
    for angle, below, above in ((yaw_deg, "left", "right"), (pitch_deg, "down", "up")):
        rounded = 5 * round((angle or 0.0) / 5)
        if rounded:
            parts.append(f"{abs(rounded)}° {above if rounded > 0 else below}")
    if parts:
        return " and ".join(parts)
    return "level" if yaw_deg is None else "straight ahead"


def _median(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _plain_side(side: Side) -> dict[str, Any]:
    def plain(values: Array) -> list[list[float | None]]:
        return [[None if np.isnan(v) else round(float(v), 4) for v in row] for row in values]

    return {
        "faces": side.faces,
        "counts": side.counts.tolist(),
        "sharpness": plain(side.sharpness),
        "brightness": plain(side.brightness),
    }
