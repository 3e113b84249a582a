"""A shot's figures from its frames': four ratios of swap to plate, and the second in which each is worst.

1 is as steady, as even and as sharp as the camera's own picture. Over-smoothing costs as much as flicker: a
frozen face is as far below 1 as a trembling one is above, and blur shows in `sharpness`. Pure arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from understudy.measure.stillness import REGIONS, FacePair

Array = npt.NDArray[np.float64]

# What nobody sees is added to both sides, or the ratio of two invisible noises would be told.
_UNSEEN_MOVED = 0.0005  # of the face's width
_UNSEEN_FLICKER = 0.25  # levels squared
_UNSEEN_DELTA_E = 0.2
_HALF_WINDOW_S = 0.5  # slower changes of colour than this window shows are no pumping
_FEWEST_IN_A_SECOND = 3  # frames

# The range in which a compositor finds nothing to say.
GOALS: dict[str, tuple[float, float]] = {
    "jitter": (0.85, 1.15),
    "colour_drift": (0.85, 1.15),
    "edge_noise": (0.85, 1.15),
    "sharpness": (0.7, math.inf),
}


# What to try first, above the range and below it.
_REMEDIES: dict[str, tuple[str, str]] = {
    "jitter": (
        "train longer; --steady-face 4 helps too",
        "the face is frozen: train longer, and take less --steady-face, --steady-mask and --steady-frames",
    ),
    "colour_drift": ("--color mkl with --steady-frames 4", "less --steady-frames, and no --color none"),
    "edge_noise": ("more --blur, or --steady-mask 5", "less --blur, or --grain 1"),
    "sharpness": ("less --sharpen", "train longer; then a larger model, or --sharpen unsharp"),
}


# Landmarks of our networks can't be steadied by looking again; whose they are is not always known.
_STEADIER_LANDMARKS = {
    "dense": "",
    "fan": "",
    "five-point": "; so do steadier landmarks: `understudy extract` with --landmarker dense",
}
_STEADIER_WHERE_UNKNOWN = (
    "; where the faces' landmarks are not from a landmark network, so does `understudy extract` with "
    "--landmarker dense"
)


@dataclass(frozen=True, eq=False)
class Row:
    """One face in one frame."""

    frame: int
    time_s: float
    chain: tuple[int, int]  # which shot, and which face of it
    figures: FacePair


def shot_figures(rows: Sequence[Row]) -> dict[str, Any]:
    """The four ratios of a shot as JSON-able values, with regions, colours, and the worst second of each.

    A ratio that can't be told, in a shot of one or two frames, is None.
    """
    pumped = [drift for chain in _by_chain(rows) for drift in _drifts(chain)]
    figures: dict[str, Any] = {name: ratio(rows, pumped) for name, ratio in _RATIOS.items()}
    figures["jitter_of"] = {region: _jitter(rows, place) for place, region in enumerate(REGIONS)}
    figures["changed"] = float(np.mean([row.figures.changed for row in rows])) if rows else None
    figures["mean_delta_e"] = _mean_delta_e(rows)
    figures["pumping_delta_e"] = _rms([drift.apart for drift in pumped])
    seams = [(row.figures.seam, row.frame) for row in rows if row.figures.seam is not None]
    figures["seam_delta_e"] = float(np.mean([seam for seam, _ in seams])) if seams else None
    figures["widest_seam"] = dict(zip(("delta_e", "frame"), max(seams), strict=True)) if seams else None
    figures["worst"] = _worst_seconds(rows, pumped)
    return {name: _rounded(value) for name, value in figures.items()}


def figures_by_frame(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Columns over the frames with a face, in order: `frame`, and of plate and result what the ratios are made
    of, each the mean of the frame's faces; None where a frame can't tell.

    `jitter` is in thousandths of the face's width, `edge_noise` in 8-bit levels, `colour_drift` in delta E,
    `sharpness` the width of the face's edges in pixels. `seam` is one column, in delta E: what the result adds
    to the plate's own step across the mask's edge.
    """
    drifts: dict[int, list[_Drift]] = {}
    for drift in (drift for chain in _by_chain(rows) for drift in _drifts(chain)):
        drifts.setdefault(drift.frame, []).append(drift)
    by_frame: dict[int, list[Row]] = {}
    for row in rows:
        by_frame.setdefault(row.frame, []).append(row)
    columns: dict[str, list[Any]] = {"frame": sorted(by_frame)}
    for side in ("plate", "result"):
        columns |= {f"{name}_{side}": [] for name in _RATIOS}
        for frame in columns["frame"]:
            figures = [row.figures for row in by_frame[frame]]
            moved = [
                1000 * float(np.nanmean(m))
                for m in (getattr(one, f"moved_{side}") for one in figures)
                if m is not None and not np.isnan(m).all()
            ]
            flicker = [
                math.sqrt(f) for f in (getattr(one, f"flicker_{side}") for one in figures) if f is not None
            ]
            columns[f"jitter_{side}"].append(_mean(moved))
            columns[f"edge_noise_{side}"].append(_mean(flicker))
            columns[f"colour_drift_{side}"].append(
                _mean([getattr(drift, side) for drift in drifts.get(frame, ())])
            )
            columns[f"sharpness_{side}"].append(_mean([getattr(one, f"edge_px_{side}") for one in figures]))
    seams = [[row.figures.seam for row in by_frame[frame]] for frame in columns["frame"]]
    columns["seam"] = [_mean([seam for seam in each if seam is not None]) for each in seams]
    return columns


def _mean(values: Sequence[float]) -> float | None:
    """Rounded for a graph; None of no numbers."""
    mean = float(np.mean(values)) if values else math.nan
    return round(mean, 4) if math.isfinite(mean) else None


def is_within(figures: dict[str, Any]) -> bool:
    """Whether every ratio that could be told is in the range of `GOALS`."""
    told = ((figures[name], GOALS[name]) for name in GOALS if figures.get(name) is not None)
    return all(low <= value <= high for value, (low, high) in told)


def outside(figures: dict[str, Any], *, landmarker: str = "") -> list[dict[str, Any]]:
    """Every ratio out of its range: the bound it misses, by how much, and what to try. `landmarker` placed the
    landmarks of the faces that were painted, where that is known."""
    found = []
    for name, (low, high) in GOALS.items():
        value = figures.get(name)
        if value is None or low <= value <= high:
            continue
        above = value > high
        bound = high if above else low
        remedy = _REMEDIES[name][0 if above else 1]
        if name == "jitter" and above:
            remedy += _STEADIER_LANDMARKS.get(landmarker, _STEADIER_WHERE_UNKNOWN)
        found.append(
            {"measure": name, "ratio": value, "goal": bound, "off": round(abs(value - bound), 4), "try": remedy}
        )
    return found


def worst_of(figures: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The one second of several shots that is furthest out of its range, with the measure's name."""
    found = [
        {"measure": name, **second}
        for shot in figures
        for name, second in shot["worst"].items()
        if second is not None
    ]
    return max(found, key=lambda second: _badness(second["measure"], second["ratio"]), default=None)


@dataclass(frozen=True, eq=False)
class _Drift:
    """How far a face's colour is from its running mean, in Lab: plate, result, and these of each other."""

    frame: int
    time_s: float
    plate: float
    result: float
    apart: float


_Timed = TypeVar("_Timed", Row, _Drift)
_Ratio = Callable[[Sequence[Row], Sequence[_Drift]], float | None]


def _by_chain(rows: Sequence[Row]) -> list[list[Row]]:
    chains: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        chains.setdefault(row.chain, []).append(row)
    return list(chains.values())


def _drifts(chain: Sequence[Row]) -> list[_Drift]:
    """High-passed colours of one face: skin against what is around it in the plate."""
    times = np.array([row.time_s for row in chain])
    around = np.stack([row.figures.around for row in chain])
    plate = _high_passed(times, np.stack([row.figures.skin_plate for row in chain]) - around)
    result = _high_passed(times, np.stack([row.figures.skin_result for row in chain]) - around)
    lengths = [np.linalg.norm(values, axis=1) for values in (plate, result, result - plate)]
    return [
        _Drift(row.frame, row.time_s, *(float(length[place]) for length in lengths))
        for place, row in enumerate(chain)
    ]


def _high_passed(times_s: Array, values: Array) -> Array:
    """What is left of (n, 3) when the mean of the second around each moment is taken off.

    The windows' sums are differences of running ones, so that a long clip costs as much as its frames.
    """
    order = np.argsort(times_s, kind="stable")
    times, centred = times_s[order], (values - values.mean(0))[order]  # small sums round off less
    first, end = _windows(times)
    sums = np.concatenate([np.zeros_like(centred[:1]), np.cumsum(centred, axis=0)])
    left = np.empty_like(centred)
    left[order] = centred - (sums[end] - sums[first]) / (end - first)[:, None]
    return left


def _windows(times_s: Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where the second around each of these ascending moments begins, and behind what it ends.

    Two moments are near by their difference: a border that is rounded by itself would leave out a frame that is
    just half a second away.
    """
    count = len(times_s)
    first = np.searchsorted(times_s, times_s - _HALF_WINDOW_S)
    end = np.searchsorted(times_s, times_s + _HALF_WINDOW_S, side="right")
    while (more := (first > 0) & (times_s - times_s[first - 1] <= _HALF_WINDOW_S)).any():
        first -= more
    while (less := times_s - times_s[first] > _HALF_WINDOW_S).any():
        first += less
    while (more := (end < count) & (times_s[end % count] - times_s <= _HALF_WINDOW_S)).any():
        end += more
    while (less := times_s[end - 1] - times_s > _HALF_WINDOW_S).any():
        end -= less
    return first, end


def _jitter(rows: Sequence[Row], region: int | None = None) -> float | None:
    pairs = [(row.figures.moved_result, row.figures.moved_plate) for row in rows]
    known = [(r, p) for r, p in pairs if r is not None and p is not None]
    if not known:
        return None
    result, plate = np.array([r for r, _ in known]), np.array([p for _, p in known])
    if region is not None:
        result, plate = result[:, [region]], plate[:, [region]]
    if np.isnan(plate).all():
        return None
    return math.hypot(float(np.nanmean(result)), _UNSEEN_MOVED) / math.hypot(
        float(np.nanmean(plate)), _UNSEEN_MOVED
    )


def _edge_noise(rows: Sequence[Row]) -> float | None:
    pairs = [(row.figures.flicker_result, row.figures.flicker_plate) for row in rows]
    known = np.array([(r, p) for r, p in pairs if r is not None and p is not None])
    if not known.size:
        return None
    result, plate = known.mean(0) + _UNSEEN_FLICKER
    return float(result / plate)


def _colour_drift(drifts: Sequence[_Drift]) -> float | None:
    if len(drifts) < _FEWEST_IN_A_SECOND:
        return None
    result, plate = (_rms([getattr(drift, side) for drift in drifts]) for side in ("result", "plate"))
    return math.hypot(result or 0, _UNSEEN_DELTA_E) / math.hypot(plate or 0, _UNSEEN_DELTA_E)


def _sharpness(rows: Sequence[Row]) -> float | None:
    pairs = np.array([(row.figures.edge_px_plate, row.figures.edge_px_result) for row in rows])
    known = pairs[~np.isnan(pairs).any(1)] if len(pairs) else pairs
    if not len(known):
        return None
    plate, result = known.mean(0)
    return float(plate / result)


_RATIOS: dict[str, _Ratio] = {
    "jitter": lambda rows, drifts: _jitter(rows),
    "colour_drift": lambda rows, drifts: _colour_drift(drifts),
    "edge_noise": lambda rows, drifts: _edge_noise(rows),
    "sharpness": lambda rows, drifts: _sharpness(rows),
}


def _mean_delta_e(rows: Sequence[Row]) -> float | None:
    if not rows:
        return None
    apart = [row.figures.skin_result - row.figures.skin_plate for row in rows]
    return float(np.linalg.norm(np.mean(apart, axis=0)))


def _worst_seconds(rows: Sequence[Row], drifts: Sequence[_Drift]) -> dict[str, Any]:
    """By measure: the second of the shot whose ratio is furthest from good, its frames and the ratio."""
    by_second, drifts_by_second = _by_second(rows), _by_second(drifts)
    worst: dict[str, Any] = {}
    for name, ratio in _RATIOS.items():
        told = []
        for second, inside in by_second.items():
            if len({row.frame for row in inside}) < _FEWEST_IN_A_SECOND:
                continue
            value = ratio(inside, drifts_by_second.get(second, []))
            if value is not None:
                frames = [row.frame for row in inside]
                told.append({"second": second, "frames": [min(frames), max(frames)], "ratio": round(value, 3)})
        worst[name] = max(told, key=lambda one: _badness(name, one["ratio"]), default=None)
    return worst


def _by_second(timed: Sequence[_Timed]) -> dict[int, list[_Timed]]:
    """In the order of time."""
    found: dict[int, list[_Timed]] = {}
    for one in timed:
        found.setdefault(int(one.time_s), []).append(one)
    return dict(sorted(found.items()))


def _badness(measure: str, ratio: float) -> float:
    """How far a ratio is from 1, on a scale on which its goal's border is 1. Sharper than the plate is good."""
    low, high = GOALS[measure]
    away = math.log(max(ratio, 1e-6))
    if away < 0:
        return away / math.log(low)
    return 0.0 if math.isinf(high) else away / math.log(high)


def _rms(values: Sequence[float]) -> float | None:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else None


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value
