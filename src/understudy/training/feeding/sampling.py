"""In which order faces come: by chance, each once before any comes again, or every direction as often.

An order is a function of a seed and of how many faces were shown before, so that it goes on exactly anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from understudy.training.machine.randomness import reseeded

_UNIFORM_BINS, _UNIFORM_REACH_DEG = 128, math.degrees(1.2)
_OPENING_BINS = 12
_MISREAD, _LEAST_SPREAD = 0.5, 0.5  # percent of the faces; of what is usual
_MATCH_BINS, _MATCH_REACH_DEG = 64, math.degrees(1.0)
Numbers = npt.NDArray[np.int64]


def without_repeats(total: int, count: int, *, position: int, seed: int, who: str) -> Tensor:
    """`count` numbers below `total` behind the first `position` of them; none repeats within a round of all."""
    places = position + np.arange(count)
    rounds, slots = np.divmod(places, total)
    numbers = [_long_order(total, seed, who, int(r))[s] for r, s in zip(rounds, slots, strict=True)]
    return torch.tensor(np.array(numbers, np.int64))


@lru_cache(maxsize=4)
def _long_order(total: int, seed: int, who: str, number: int) -> Numbers:
    """Orders of whole facesets, of which only those of the present round are worth their memory."""
    return _shuffled.__wrapped__(total, seed, who, number)


@lru_cache(maxsize=512)
def _shuffled(total: int, seed: int, who: str, number: int) -> Numbers:
    draws = reseeded(Generator(), seed, who, number, total, "order")
    return torch.randperm(total, generator=draws).numpy()


class Bins:
    """Faces by a value of each, such as yaw, from `low` to `high`; those beyond lie in the outermost bins."""

    def __init__(self, values: npt.NDArray[np.floating], *, count: int, low: float, high: float) -> None:
        self.count, self.low, self.high = count, low, high
        places = self.place(values)
        self.order = np.argsort(places, kind="stable")
        self.sizes = np.bincount(places, minlength=count)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])
        self.filled = np.flatnonzero(self.sizes)

    def place(self, values: npt.NDArray[np.floating]) -> Numbers:
        """The bin of each value."""
        share = (np.asarray(values, float) - self.low) / (self.high - self.low)
        return np.clip(np.floor(share * self.count), 0, self.count - 1).astype(np.int64)

    def nearest_filled(self, places: Numbers) -> Numbers:
        """For each bin itself, or the bin with faces that is nearest to it."""
        away = np.abs(self.filled[None] - np.arange(self.count)[:, None])
        return self.filled[away.argmin(1)][places]

    def any_of(self, places: Numbers, generator: Generator) -> Tensor:
        """One face of each of these filled bins, by chance."""
        share = torch.rand(len(places), generator=generator).double().numpy()
        within = np.minimum((share * self.sizes[places]).astype(np.int64), self.sizes[places] - 1)
        return torch.from_numpy(self.order[self.starts[places] + within])


def uniform_bins(yaws_deg: npt.NDArray[np.floating]) -> Bins:
    """Bins for `evenly_turned`."""
    return Bins(yaws_deg, count=_UNIFORM_BINS, low=-_UNIFORM_REACH_DEG, high=_UNIFORM_REACH_DEG)


def matching_bins(yaws_deg: npt.NDArray[np.floating]) -> Bins:
    """Bins for `turned_like`."""
    return Bins(yaws_deg, count=_MATCH_BINS, low=-_MATCH_REACH_DEG, high=_MATCH_REACH_DEG)


def opening_bins(openings: npt.NDArray[np.floating]) -> Bins | None:
    """Bins for `evenly_open`, over the openings that there are but for a few that may be misread; None where
    all are about the same, as landmarks of five points say of any face."""
    low, usual, high = (float(value) for value in np.percentile(openings, [_MISREAD, 50, 100 - _MISREAD]))
    if high - low <= _LEAST_SPREAD * usual:
        return None
    return Bins(openings, count=_OPENING_BINS, low=low, high=high)


def evenly_open(bins: Sequence[Bins], count: int, generator: Generator) -> Tensor:
    """Faces whose eyes or whose mouth, by turns of chance, are open as far as any of them, all as often."""
    what = torch.randint(0, len(bins), (count,), generator=generator).numpy()
    share = torch.rand(count, generator=generator).numpy()
    numbers = torch.zeros(count, dtype=torch.int64)
    for k, each in enumerate(bins):
        here = np.flatnonzero(what == k)
        places = each.filled[np.minimum((share[here] * len(each.filled)).astype(int), len(each.filled) - 1)]
        numbers[torch.from_numpy(here)] = each.any_of(places, generator)
    return numbers


def evenly_turned(bins: Bins, count: int, *, position: int, seed: int, who: str) -> Tensor:
    """Every filled bin once before any comes again, and so every face of a bin."""
    numbers = []
    for place in range(position, position + count):
        turn, slot = divmod(place, len(bins.filled))
        chosen = int(bins.filled[_shuffled(len(bins.filled), seed, who, turn)[slot]])
        size = int(bins.sizes[chosen])
        within = _shuffled(size, seed, f"{who} {chosen}", turn // size)[turn % size]
        numbers.append(bins.order[bins.starts[chosen] + within])
    return torch.tensor(np.array(numbers, np.int64))


def turned_like(bins: Bins, yaws_deg_B: npt.NDArray[np.floating], generator: Generator) -> Tensor:
    """For each yaw a face that looks the same way, or as near to it as there are faces."""
    return bins.any_of(bins.nearest_filled(bins.place(yaws_deg_B)), generator)
