"""How long to train, and how fast to learn on the way: a planned end is approached in small steps.

A plan is what one call of `train` asked for. It is kept in the checkpoint: an interrupted plan is finished by
the next call that asks for the same, a finished one is followed by a new one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from understudy.training.options import TrainOptions

_WARM_UP_ITERATIONS = 50
_FULL_SPEED_SHARE = 0.3  # of a plan; then the steps shrink
_LAST_SPEED = 0.02
_AGAIN_SPEED = 0.6  # a model that has settled once is not shaken as hard again
_WARP_FADES_FROM = 0.5  # share of a plan after which bending fades
_LAST_WARP = 0.3


@dataclass(frozen=True)
class Plan:
    """What was asked and how much of it is done. `minutes` and `iterations` are None where not asked."""

    minutes: float | None
    iterations: int | None
    done_seconds: float = 0.0
    done_iterations: int = 0
    again: bool = False  # the model had finished a plan before

    @property
    def share(self) -> float | None:
        """How much of the plan is done, 0..1; None for training without an end."""
        shares = []
        if self.minutes is not None:
            shares.append(self.done_seconds / (60 * self.minutes))
        if self.iterations is not None:
            shares.append(self.done_iterations / self.iterations)
        return min(1.0, max(shares)) if shares else None

    @property
    def finished(self) -> bool:
        """Whether the planned end is reached."""
        return self.share is not None and self.share >= 1

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go where the end is a time; None otherwise."""
        return None if self.minutes is None else max(0.0, 60 * self.minutes - self.done_seconds)

    @property
    def speed(self) -> float:
        """Share of the learning rate to use now: a short warm-up, full speed, then half a cosine down.

        Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without the
        restarts.
        """
        warm = min(1.0, (self.done_iterations + 1) / _WARM_UP_ITERATIONS)
        top = _AGAIN_SPEED if self.again else 1.0
        if self.share is None:
            return warm * top
        way = max(0.0, (self.share - _FULL_SPEED_SHARE) / (1 - _FULL_SPEED_SHARE))
        return warm * top * (_LAST_SPEED + (1 - _LAST_SPEED) * (1 + math.cos(math.pi * way)) / 2)

    @property
    def warp(self) -> float:
        """Share of the usual bending to use now; a model that sees straight faces last paints them sharper."""
        if self.share is None:
            return 1.0
        left = (1 - self.share) / (1 - _WARP_FADES_FROM)
        return max(_LAST_WARP, min(1.0, left))

    def after(self, *, seconds: float, iterations: int) -> Plan:
        """The plan when so much of it is done in all."""
        return replace(self, done_seconds=seconds, done_iterations=iterations)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return {**vars(self), "finished": self.finished}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `as_json`. What this version doesn't know is passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value[name] for name in value if name in known})


def planned(options: TrainOptions, before: Plan | None) -> Plan:
    """The plan to follow now: the one before where it was interrupted and the same is asked, else a new one."""
    asked = (options.minutes, options.iterations)
    if before is not None and not before.finished and (before.minutes, before.iterations) == asked:
        return before
    # An endless plan never finishes, so a changed wish after it is no second start.
    again = before is not None and (before.again or before.finished)
    return Plan(*asked, again=again)
