"""Look for a learning rate: steps grow from tiny to far too large, and the loss tells where they were best.

Smith, "Cyclical learning rates for training neural networks", WACV 2017, with the smoothing and the end of the
sweep that faceswap has. Pure arithmetic. Not here: the steps themselves (`find_rate.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from understudy.options import describe
from understudy.training.steering.options import RateSearchOptions, SteerOptions

_SMOOTHING = 0.98  # per step, in a sweep of a thousand
_GIVES_UP = 4.0  # times the best loss
_DIVIDED_BY = {"default": 10.0, "aggressive": 5.0, "extreme": 2.5}


@dataclass
class RateSearch:
    """One sweep. `losses` are smoothed; both lists are of the rates tried so far."""

    options: RateSearchOptions
    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    _mean: float = 0.0

    def to_try(self) -> Iterator[float]:
        """The rates of the sweep, evenly spaced in their logarithm."""
        options = self.options
        last = max(1, options.rate_iterations - 1)
        for number in range(options.rate_iterations):
            yield options.rate_from * (options.rate_to / options.rate_from) ** (number / last)

    def add(self, rate: float, loss: float) -> bool:
        """Take note of a step's loss; False where the sweep has seen enough: the loss left all proportion."""
        if not math.isfinite(loss):
            return False
        # Sweeps of any length are smoothed over the same share of them.
        keep = _SMOOTHING ** (1000 / self.options.rate_iterations)
        self._mean = keep * self._mean + (1 - keep) * loss
        smoothed = self._mean / (1 - keep ** (len(self.rates) + 1))
        self.rates.append(rate)
        self.losses.append(smoothed)
        return smoothed <= _GIVES_UP * min(self.losses)

    @property
    def best(self) -> float:
        """The rate at which the loss was lowest. Raises ValueError before anything was tried."""
        return self.rates[self.losses.index(min(self.losses))]

    @property
    def advice(self) -> float:
        """The rate to train with: well before the loss turns, by how bold one wants to be, within what
        training takes."""
        low, high = _limits()
        return min(high, max(low, float(f"{self.best / _DIVIDED_BY[self.options.rate_strength]:.2g}")))

    @property
    def limited(self) -> bool:
        """Whether the advice is the smallest or the largest rate that training takes."""
        return self.advice in _limits()


def _limits() -> tuple[float, float]:
    """The smallest and the largest learning rate that training takes."""
    (rate,) = [info for info in describe(SteerOptions) if info.name == "learning_rate"]
    return float(rate.low or 0.0), float(rate.high or math.inf)
