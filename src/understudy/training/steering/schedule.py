"""The share of the learning rate to use at a moment: warm-up, then constant, falling, in cycles or in drops.

Pure functions of how far a training is. Not here: how far that is (`plan.py`), what a plateau is
(`plateau.py`).
"""

from __future__ import annotations

import math

from understudy.training.steering.options import SteerOptions

_WARM_SHARE = 0.1  # of a plan at most: a short one would be over before it learns at its full rate
_FULL_SPEED_SHARE = 0.3  # of a plan that settles; then the steps shrink
_DROP = 0.5  # at each plateau


def speed_at(options: SteerOptions, *, share: float | None, iterations: int, drops: int = 0) -> float:
    """Share of the learning rate, 0..1.

    `share` is how much of a plan is done, None without an end; `iterations` are done in it; `drops` counts the
    plateaus so far.
    """
    warm = _warmth(options, share=share, iterations=iterations)
    last = options.last_rate_share
    match options.schedule:
        case "settle":
            way = 0.0 if share is None else max(0.0, (share - _FULL_SPEED_SHARE) / (1 - _FULL_SPEED_SHARE))
            return warm * _falling(way, last)
        case "cosine":
            return warm * _falling(share or 0.0, last)
        case "cycles":
            return warm * (math.cos(2 * math.pi * iterations / options.cycle_iterations) + 1) / 2
        case "plateau":
            return warm * max(last, _DROP**drops)
        case "constant":
            return warm


def _warmth(options: SteerOptions, *, share: float | None, iterations: int) -> float:
    if not options.warm_up:
        return 1.0
    return min(1.0, max((iterations + 1) / options.warm_up, (share or 0.0) / _WARM_SHARE))


def settling_speed(options: SteerOptions, *, share: float | None, drops: int = 0) -> float:
    """Share of the learning rate, 0..1, from which a model settles that is asked to finish now: the schedule's,
    but neither one that still warms up nor the trough of a cycle, from which nothing would be learnt any more.
    """
    if options.schedule == "cycles":
        return 1.0
    return speed_at(options, share=share, iterations=options.warm_up, drops=drops)


def _falling(way: float, last: float) -> float:
    """Half a cosine from 1 down to `last`.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without the
    restarts.
    """
    return last + (1 - last) * (1 + math.cos(math.pi * way)) / 2


def cooling(way: float, *, last: float) -> float:
    """Share of the speed at which a cool-down of which `way` (0..1) is done began: falls as 1 - √way to `last`.

    Hägele et al., "Scaling laws and compute-optimal training beyond fixed training durations", NeurIPS 2024.
    """
    return last + (1 - last) * (1 - math.sqrt(min(1.0, way)))
