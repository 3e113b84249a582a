"""Look for a learning rate: steps grow from tiny to far too large, and the loss tells where they were best.

Smith, "Cyclical learning rates for training neural networks", WACV 2017, with the smoothing and the end of the
sweep that faceswap has. A model that has learned already gains nothing in so few steps: the loss is flat but
for chance until steps are too large, and where it was lowest is chance too. There, what counts is the largest
rate that did no harm. Pure arithmetic. Not here: the steps themselves (`find_rate.py`).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from understudy.options import describe
from understudy.training.steering.options import RateSearchOptions, SteerOptions

_SMOOTHING = 0.98  # per step, in a sweep of a thousand
_GIVES_UP = 4.0  # times the best loss
_TINY = 0.3  # share of the sweep whose steps are too small to matter: what the loss does there is chance
_FEWEST = 20  # steps that say something in a long sweep
_CHANCE = 3.0  # standard deviations of the smoothed loss
_FALLS = 0.15  # of the loss, at least: by less, a model may go on anywhere
_DIVIDED_BY = {"default": 10.0, "aggressive": 5.0, "extreme": 2.5}


@dataclass
class RateSearch:
    """One sweep. `losses` are smoothed; both lists are of the rates tried so far. `now` is the rate that the
    model trains with."""

    options: RateSearchOptions
    now: float = 0.0
    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    gave_up: bool = False
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
            self.gave_up = True
            return False
        keep = self._keep
        self._mean = keep * self._mean + (1 - keep) * loss
        smoothed = self._mean / (1 - keep ** (len(self.rates) + 1))
        self.rates.append(rate)
        self.losses.append(smoothed)
        self.raw.append(loss)
        self.gave_up = smoothed > _GIVES_UP * min(self.losses)
        return not self.gave_up

    @property
    def _keep(self) -> float:
        """Sweeps of any length are smoothed over the same share of them."""
        return _SMOOTHING ** (1000 / self.options.rate_iterations)

    @property
    def _tiny(self) -> int:
        """How many steps of the sweep are too small to matter."""
        return max(2, round(_TINY * self.options.rate_iterations))

    @property
    def is_too_bold(self) -> bool:
        """Whether it has ended while steps should still have been tiny, so that it says nothing."""
        return len(self.rates) < min(_FEWEST, self._tiny + 1)

    @property
    def chance(self) -> float:
        """How far smoothed losses of one rate lie apart by chance: by what neighbours differ while steps are
        tiny, and the variance that is left of independent values by an exponential average."""
        steps = [abs(after - before) for before, after in pairwise(self.raw[: self._tiny])]
        of_one = 1.4826 * statistics.median(steps) / math.sqrt(2) if steps else 0.0
        return of_one * math.sqrt((1 - self._keep) / (1 + self._keep))

    @property
    def before(self) -> float:
        """The loss before steps matter. Raises StatisticsError before anything was tried."""
        return statistics.fmean(self.raw[: self._tiny])

    @property
    def is_flat(self) -> bool:
        """Whether no rate lowered the loss by more than chance does, as where a model has learned already."""
        lowest = min(self.losses[self._tiny :], default=self.before)
        return self.before - lowest < max(_CHANCE * self.chance, _FALLS * self.before)

    @property
    def best(self) -> float:
        """The rate at which the loss was lowest; where it `is_flat`, the largest before it rises above chance.
        Raises ValueError before anything was tried."""
        if not self.is_flat:
            return self.rates[self.losses.index(min(self.losses))]
        most = self.before * (1 + 1e-9) + _CHANCE * self.chance
        harmless = [rate for rate, loss in zip(self.rates, self.losses, strict=True) if loss <= most]
        return harmless[-1] if harmless else self.rates[0]

    @property
    def is_open(self) -> bool:
        """Whether the loss had not risen even at the largest rate, so that a larger one may be better."""
        return not self.gave_up and self.best == self.rates[-1]

    @property
    def advice(self) -> float:
        """The rate to train with: well before the loss turns, by how bold one wants to be; where it `is_flat`
        the present one, if it is between that and the largest that did no harm. Within what training takes."""
        low, high = _limits()
        before_the_turn = float(f"{self.best / _DIVIDED_BY[self.options.rate_strength]:.2g}")
        if self.is_flat:
            before_the_turn = max(before_the_turn, min(self.now, float(f"{self.best:.2g}")))
        return min(high, max(low, before_the_turn))

    @property
    def limited(self) -> bool:
        """Whether the advice is the smallest or the largest rate that training takes."""
        return self.advice in _limits()


def _limits() -> tuple[float, float]:
    """The smallest and the largest learning rate that training takes."""
    (rate,) = [info for info in describe(SteerOptions) if info.name == "learning_rate"]
    return float(rate.low or 0.0), float(rate.high or math.inf)
