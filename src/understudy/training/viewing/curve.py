"""Every figure of a metrics file over the iterations, thinned to what a screen can show, and smoothed.

Reads the file as it grows, each line once, so many lines at a time as are asked for. Not here: drawing
(`loss_plot.py` for pictures, the studio for windows).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

RATE = "rate"  # iterations per second, worked out from the seconds between two lines
_SECONDS = "seconds"
_FIRST_ROOM = 1024  # lines
_DIGITS = 6
Floats = npt.NDArray[np.floating[Any]]


class Curve:
    """The figures of one metrics file. `names` are those there are, in the order in which they came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()

    def _begin(self) -> None:
        self.count, self._read_bytes, self._last_line = 0, 0, b""
        self._iterations = np.zeros(_FIRST_ROOM, np.int64)
        self._columns: dict[str, Floats] = {}

    @property
    def names(self) -> list[str]:
        """What can be asked of `thinned`."""
        return [*self._columns, *([RATE] if _SECONDS in self._columns else [])]

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last iteration, both 0 where there is nothing yet."""
        return (int(self._iterations[0]), int(self._iterations[self.count - 1])) if self.count else (0, 0)

    def follow(self, *, most_lines: int = 100_000) -> bool:
        """Read what was added since, at most so many lines; whether there is more. From its start where the
        file is another one by now; what training took back is forgotten."""
        if not self.path.exists():
            self._begin()
            return False
        with self.path.open("rb") as file:
            file.seek(self._read_bytes - len(self._last_line))
            if file.read(len(self._last_line)) != self._last_line:
                self._begin()
                file.seek(0)
            for _ in range(most_lines):
                line = file.readline()
                if not line.endswith(b"\n"):
                    return False
                self._read_bytes, self._last_line = self._read_bytes + len(line), line
                self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        try:
            said: dict[str, Any] = json.loads(line)
            iteration = int(said.pop("iteration"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if self.count and iteration <= self._iterations[self.count - 1]:
            self.count = int(np.searchsorted(self._iterations[: self.count], iteration))
        if self.count == len(self._iterations):
            self._make_room()
        self._iterations[self.count] = iteration
        for column in self._columns.values():
            column[self.count] = math.nan
        for name, value in said.items():
            if isinstance(value, int | float):
                self._column(name)[self.count] = value
        self.count += 1

    def _column(self, name: str) -> Floats:
        if name not in self._columns:
            # After days single precision tells seconds by sixteenths, and a rate is made of their differences.
            kind = np.float64 if name == _SECONDS else np.float32
            self._columns[name] = np.full(len(self._iterations), math.nan, kind)
        return self._columns[name]

    def _make_room(self) -> None:
        self._iterations = np.concatenate([self._iterations, np.zeros_like(self._iterations)])
        empty = np.full(len(self._iterations) // 2, math.nan, np.float32)
        self._columns = {name: np.concatenate([column, empty]) for name, column in self._columns.items()}

    def thinned(
        self,
        names: Sequence[str],
        *,
        first: int | None = None,
        last: int | None = None,
        places: int = 1000,
        smooth: int = 1,
    ) -> dict[str, Any]:
        """What `places` columns of pixels show of the iterations `first` to `last`, JSON-able.

        "iteration" has the middle of each place that has lines; every name its "low", "high" and "mean" there,
        None where it says nothing. The means are of values smoothed over `smooth` lines.
        """
        iterations = self._iterations[: self.count]
        begin = 0 if first is None else int(np.searchsorted(iterations, first))
        end = self.count if last is None else int(np.searchsorted(iterations, last, side="right"))
        inside = iterations[begin:end]
        if not len(inside):
            return {"iteration": [], **{name: {"low": [], "high": [], "mean": []} for name in names}}
        starts = _starts(inside, places)
        counts = np.diff(np.append(starts, len(inside)))
        told: dict[str, Any] = {"iteration": (np.add.reduceat(inside, starts) / counts).round(1).tolist()}
        for name in names:
            values = self._values(name)
            soft = smoothed(values, smooth)[begin:end]
            raw = values[begin:end]
            told[name] = {
                "low": _said(np.fmin.reduceat(raw, starts)),
                "high": _said(np.fmax.reduceat(raw, starts)),
                "mean": _said(_means(soft, starts)),
            }
        return told

    def _values(self, name: str) -> Floats:
        if name == RATE:
            return self._rates()
        column = self._columns.get(name)
        return np.full(self.count, math.nan, np.float32) if column is None else column[: self.count]

    def _rates(self) -> npt.NDArray[np.float32]:
        rates = np.full(self.count, math.nan, np.float32)
        if self.count > 1:
            seconds = np.diff(self._values(_SECONDS))
            with np.errstate(divide="ignore", invalid="ignore"):
                each = np.diff(self._iterations[: self.count]) / seconds
            rates[1:] = np.where(seconds > 0, each, math.nan)  # a new plan counts its seconds from 0
        return rates


def _starts(iterations: npt.NDArray[np.int64], places: int) -> npt.NDArray[np.intp]:
    """Where each place that has lines begins."""
    if len(iterations) <= places:
        return np.arange(len(iterations))
    width = max(1.0, (iterations[-1] - iterations[0] + 1) / places)
    number = ((iterations - iterations[0]) / width).astype(np.int64)
    return np.flatnonzero(np.diff(number, prepend=-1))


def _means(values: npt.NDArray[np.float64], starts: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    known = np.isfinite(values)
    counts = np.add.reduceat(known.astype(np.int64), starts)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts)
    return np.where(counts > 0, sums / np.maximum(counts, 1), math.nan)


def smoothed(values: Floats, over: int) -> npt.NDArray[np.float64]:
    """The mean of `over` values around each, of those that are known; nan stays where it was.

    Windows are cut at the ends, so that a curve begins and ends where its figures do.
    """
    wide = values.astype(np.float64)
    if over <= 1:
        return wide
    known = np.isfinite(wide)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, wide, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    places = np.arange(len(wide))
    half = np.minimum(over // 2, np.minimum(places, len(wide) - 1 - places))  # even on both sides: no shift
    low, high = places - half, places + half + 1
    total = np.maximum(counts[high] - counts[low], 1)
    return np.where(known, (sums[high] - sums[low]) / total, math.nan)


def _said(values: npt.NDArray[Any]) -> list[float | None]:
    return [float(f"{v:.{_DIGITS}g}") if math.isfinite(v) else None for v in values.tolist()]
