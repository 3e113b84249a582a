"""Whether a loss still falls: a robust test of its slope over a window of its history.

Pure arithmetic on what it is told, so that the same losses always give the same answer; its state goes through
the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

_POINTS = 32  # that a window is divided into
_SURE = 1.64  # standard deviations: one-sided 5 %


@dataclass
class Plateau:
    """Takes losses with their iteration, and says when they have stopped falling.

    A window of `window` iterations is kept as the means of 32 stretches. The loss counts as flat when the
    median of the slopes between all pairs of them (Theil, 1950; Sen, 1968) is a fall of less than `least_fall`
    over the window, or when no fall can be told from chance (Mann, 1945; Kendall, 1948). Single spikes move
    neither.
    """

    window: int
    least_fall: float
    means: list[float] = field(default_factory=list)
    total: float = 0.0  # of the stretch that is being filled
    count: int = 0
    began: float | None = None  # the iteration at which it began

    def add(self, iteration: int, loss: float) -> None:
        """Take note of the loss at an iteration. Loss > 0."""
        if self.began is None:
            self.began = iteration
        self.total, self.count = self.total + loss, self.count + 1
        stretch = self.window / _POINTS
        if iteration - self.began >= stretch:
            self.means = [*self.means[1 - _POINTS :], self.total / self.count]
            # What a loss came late is not added to the next stretch: 32 of them are one window, not more.
            self.total, self.count, self.began = 0.0, 0, max(self.began + stretch, iteration - stretch)

    @property
    def wants_every(self) -> int:
        """How many iterations may lie between losses, so that no stretch waits for one."""
        return max(1, self.window // _POINTS)

    @property
    def reached(self) -> bool:
        """Whether a whole window is flat."""
        if len(self.means) < _POINTS:
            return False
        return -relative_slope(self.means) < self.least_fall or trend(self.means) > -_SURE

    def again(self) -> Self:
        """The same test from the beginning."""
        return type(self)(self.window, self.least_fall)

    def asking(self, window: int, least_fall: float) -> Self:
        """The same losses asked otherwise; another window begins anew, since its stretches are others."""
        return replace(self, least_fall=least_fall) if window == self.window else type(self)(window, least_fall)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return vars(self) | {"means": list(self.means)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `as_json`."""
        return cls(**value)


def relative_slope(values: list[float]) -> float:
    """How much of itself the series changes from its first to its last value, by the median slope of its pairs;
    -0.1 is a fall by a tenth."""
    logs = np.log(np.maximum(values, 1e-12))
    first, second = np.triu_indices(len(logs), k=1)
    slope = np.median((logs[second] - logs[first]) / (second - first))
    return math.expm1(float(slope) * (len(logs) - 1))


def trend(values: list[float]) -> float:
    """Standard deviations by which rising pairs outnumber falling ones; negative for a falling series."""
    series = np.asarray(values)
    first, second = np.triu_indices(len(series), k=1)
    score = float(np.sign(series[second] - series[first]).sum())
    n = len(series)
    return (score - math.copysign(min(1.0, abs(score)), score)) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
