"""How long to train: what one call asked for, how much of it is done, and whether it is to settle now.

A plan is kept in the checkpoint: an interrupted plan is finished by the next call that asks for the same, a
finished one is followed by a new one. Not here: the rate (`schedule.py`), the stages on the way (`recipe`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from understudy.counts import counted
from understudy.training.steering.options import SteerOptions

_SHORTEST_FINISH = 100
_HARDLY_TRAINED = 100  # iterations; the quickest preset shows a likeness after a few hundred
_AGAIN_SPEED = 0.6  # a model that has settled once is not shaken as hard again


@dataclass(frozen=True)
class Plan:
    """What was asked and how much of it is done. `minutes` and `iterations` are None where not asked."""

    minutes: float | None
    iterations: int | None
    done_seconds: float = 0.0
    done_iterations: int = 0
    again: bool = False  # the model had finished a plan before
    settles_from: int | None = None  # done iterations when it was asked to finish
    settles_for: int = 0  # iterations
    settles_speed: float = 1.0  # share of the learning rate at that moment
    ended: bool = False  # the recipe came to its end

    @property
    def share(self) -> float | None:
        """How much of what was asked is done, 0..1; None for training without an end."""
        shares = []
        if self.minutes is not None:
            shares.append(self.done_seconds / (60 * self.minutes))
        if self.iterations is not None:
            shares.append(self.done_iterations / self.iterations)
        return min(1.0, max(shares)) if shares else None

    @property
    def settled(self) -> float | None:
        """How much of the settling is done, 0..1; None where nobody asked to finish."""
        if self.settles_from is None:
            return None
        # A training that goes back to an older state may stand before its settling.
        return min(1.0, max(0, self.done_iterations - self.settles_from) / self.settles_for)

    @property
    def finished(self) -> bool:
        """Whether the end is reached. Settling that has begun is never cut short by the clock."""
        done = self.share if self.settled is None else self.settled
        return self.ended or (done or 0.0) >= 1

    @property
    def last_iteration(self) -> int | None:
        """Iterations done when it ends, where that is known."""
        if self.settles_from is not None:
            return self.settles_from + self.settles_for
        return self.iterations

    @property
    def seconds_left(self) -> float | None:
        """Seconds to go where the end is a time; None otherwise."""
        if self.minutes is None or self.settles_from is not None:
            return None
        return max(0.0, 60 * self.minutes - self.done_seconds)

    @property
    def top_speed(self) -> float:
        """The most of the learning rate that this plan uses."""
        return _AGAIN_SPEED if self.again else 1.0

    def after(self, *, seconds: float, iterations: int) -> Plan:
        """The plan when so much of it is done in all."""
        return replace(self, done_seconds=seconds, done_iterations=iterations)

    def finishing(self, iterations: int, *, speed: float) -> Plan:
        """The plan that ends after so many iterations more, or about when it would have ended, if that is
        sooner."""
        if self.iterations is not None:
            iterations = min(iterations, self.iterations - self.done_iterations)
        if (left := self.seconds_left) is not None and self.done_seconds:
            iterations = min(iterations, round(left * self.done_iterations / self.done_seconds))
        return replace(
            self,
            settles_from=self.done_iterations,
            settles_for=max(1, iterations),
            settles_speed=speed,
        )

    def ended_now(self) -> Plan:
        """The plan, done before its time."""
        return replace(self, ended=True)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the checkpoint."""
        return {**vars(self), "finished": self.finished}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `as_json`. What this version doesn't know is passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value[name] for name in value if name in known})


def planned(options: SteerOptions, before: Plan | None) -> Plan:
    """The plan to follow now: the one before where it was interrupted and the same is asked, else a new one."""
    asked = (options.minutes, options.iterations)
    if before is not None and not before.finished and (before.minutes, before.iterations) == asked:
        return before
    # An endless plan only finishes when asked to, so a changed wish after it is no second start.
    again = before is not None and (before.again or before.finished)
    return Plan(*asked, again=again)


def finish_length(options: SteerOptions, *, learnt: int, details: Mapping[str, Any] | None = None) -> int:
    """Iterations of settling for a model that has learnt for `learnt` iterations.

    `details` are those of the request, `iterations` or `share`; what it doesn't say comes from the options.
    """
    said = details or {}
    count = said.get("iterations", None if "share" in said else options.finish_iterations)
    if count is not None:
        return max(1, int(count))
    return max(_SHORTEST_FINISH, round(learnt * float(said.get("share", options.finish_share))))


def minutes_told(minutes: float) -> str:
    """`1 minute`, `0.5 minutes`."""
    return f"{minutes:g} minute{'' if minutes == 1 else 's'}"


def hardly_trained(model: str, iterations: int, *, foreseen: bool = False) -> str:
    """What to say of a model that has learnt too little to show anybody, or is `foreseen` to have learnt too
    little by the end of its training; empty of any other."""
    if iterations >= _HARDLY_TRAINED:
        return ""
    has, about = ("will have", "about ") if foreseen else ("has", "")
    return (
        f"The model {model!r} {has} learned for {about}{counted(iterations, 'iteration')} only: it paints "
        "little more than an average face. Train it longer."
    )
